/** Estimates of what settings would train: the network, a time, or why they do not fit the text. */
import * as assert from 'node:assert/strict';
import { say } from '../../../../src/common/l10n';
import type { Estimate } from '../../../../src/common/engineProtocol';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { estimateRuns } from '../../../../src/engine/recipes/estimate';
import { everyStep, lstm, smallConfig } from '../../../support/trainingConfig';
import { madeText } from '../training/support';

describe('estimates', () => {
  it('give the network and the time of each, or the obstacle', async () => {
    const texts = [{ name: 'made.txt', text: madeText(3000) }];
    const windows: TrainingConfig['objective'] = { ...everyStep(8), kind: 'last-step', stride: 3, carryState: false };
    const configs = [
      smallConfig({ budget: { maxSeconds: 0.001, epochs: 1000 } }),
      smallConfig({
        text: { ...smallConfig().text, lowercase: true },
        budget: { epochs: 1 },
        objective: windows,
        network: { ...lstm(8), cell: 'gru' },
      }),
      smallConfig({ budget: { maxSteps: 3 }, evaluation: { every: 'epoch', maximumTargets: 100 } }),
      smallConfig({ objective: { ...windows, steps: 4000 } }),
    ];
    const estimates: Estimate[] = [];
    const order: number[] = [];
    await estimateRuns(texts, createReferenceBackend(), configs, (index, estimate) => {
      order.push(index);
      estimates[index] = estimate;
    });
    assert.deepEqual(order, [0, 2, 3, 1], 'the lowercased text by itself');
    const [bounded, gru, few, long] = estimates;
    assert.deepEqual(bounded, { network: 'LSTM 1 × 8', seconds: 0.001 });
    assert.ok('network' in gru && gru.network === 'GRU 1 × 8' && gru.seconds > 0 && Number.isFinite(gru.seconds));
    assert.ok('network' in few && few.seconds > 0 && Number.isFinite(few.seconds));
    assert.ok('problem' in long && /too few/.test(say(long.problem)), JSON.stringify(long));
  });

  it('say where a text is not of the kind that the settings are for', async () => {
    const names = Array.from({ length: 400 }, (_, i) => `${'AEIOU'[i % 5]}${'bdfgk'[(i >> 3) % 5]}osaurus`).join('\n');
    const notices: (string | undefined)[] = [];
    await estimateRuns([{ name: 'names.txt', text: names }], createReferenceBackend(), [smallConfig()], (_, estimate) =>
      notices.push('seconds' in estimate ? estimate.notice && say(estimate.notice) : say(estimate.problem)),
    );
    assert.match(notices[0] ?? '', /^names\.txt has lines of names/);
  });
});
