/**
 * What a run from a base keeps: the blend that predicts best, or the base if no blend is better by more than chance.
 */
import * as assert from 'node:assert/strict';
import { say } from '../../../../src/common/l10n';
import type { Network } from '../../../../src/engine/backends/backend';
import type { Reading } from '../../../../src/engine/memory/reading';
import { bestBlend, describeBlend, type Blend } from '../../../../src/engine/training/blend';

const base = new Float32Array([0, 1]);
const trained = new Float32Array([1, 1]);

/** The best blend if the loss depends on the first weight by `lossOf`, in stretches that differ by `noise`. */
async function chosen(lossOf: (weight: number) => number, noise = 0, stretches = 10): Promise<Blend | undefined> {
  let current: Float32Array = base;
  const network = {
    writeParameters: async (parameters: Float32Array) => void (current = parameters),
  } as unknown as Network;
  const read = async (): Promise<Reading> => {
    const each = Array.from(
      { length: stretches },
      (_, i) => 500 * lossOf(current[0]) + noise * (i % 2 ? 1 : -1) * current[0],
    );
    const nats = each.reduce((sum, part) => sum + part, 0);
    return { targets: 500 * stretches, static: nats, stretches: each } as Reading;
  };
  return bestBlend(network, base, trained, read);
}

describe('The blend of a base and what was trained from it', () => {
  it('is all of the training where that reads best', async () => {
    const blend = await chosen((weight) => 2 - weight);
    assert.equal(blend?.share, 1);
    assert.equal(blend.parameters, trained);
    assert.deepEqual(blend.losses, { base: 2, trained: 1, kept: 1 });
    assert.match(say(describeBlend(blend)), /^All of the training is kept/);
  });

  it('is part of the way where the training went too far', async () => {
    const blend = await chosen((weight) => 1 + (weight - 0.5) ** 2);
    assert.equal(blend?.share, 0.5);
    assert.deepEqual([...blend.parameters], [0.5, 1]);
    assert.deepEqual(blend.losses, { base: 1.25, trained: 1.25, kept: 1 });
    assert.match(say(describeBlend(blend)), / 50% of the way .* memory: 1\.443; .* base model: 1\.803; .* 1\.803\.$/);
  });

  it('is the base where training made it worse', async () => {
    const blend = await chosen((weight) => 1 + weight);
    assert.equal(blend?.share, 0);
    assert.equal(blend.parameters, base);
    assert.match(say(describeBlend(blend)), /^The weights of the base model are kept/);
  });

  it('is the base where an improvement could be chance, or is seen in one stretch only', async () => {
    const slightly = (weight: number): number => 2 - 0.01 * weight;
    assert.equal((await chosen(slightly))?.share, 1, 'without noise it counts');
    const noisy = await chosen(slightly, 30);
    assert.equal(noisy?.share, 0);
    assert.ok(noisy.error > 0.01, `error ${noisy.error}`);
    assert.equal((await chosen(slightly, 0, 1))?.share, 0);
  });

  it('is undefined once the reading is abandoned', async () => {
    const network = { writeParameters: async () => {} } as unknown as Network;
    assert.equal(await bestBlend(network, base, trained, async () => undefined), undefined);
  });
});
