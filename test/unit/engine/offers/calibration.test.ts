/** How sure offers have to be, found on text that the model was not trained on. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import type { CompletionRequest } from '../../../../src/common/engineProtocol';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { createPredictor } from '../../../../src/engine/generation/createPredictor';
import { readLanguageModel } from '../../../../src/engine/model/modelFile';
import { calibrateOffers } from '../../../../src/engine/offers/calibration';
import { askedPrecision, usualDistance } from '../../../../src/engine/offers/eagerness';
import { offer } from '../../../../src/engine/offers/offers';
import { openFileRun } from '../../../../src/engine/training/fileRun';
import { smallConfig } from '../../../support/trainingConfig';
import { learnedModel } from '../generation/toyModels';
import { madeText } from '../training/support';

const learned = 'the captain sailed over the ocean, the farmer walked over the meadow. ';
describe('calibrateOffers', () => {
  it('asks for less if the model is always right, for more if it is often wrong', async () => {
    // It knows one order of the words by heart, and is just as sure of it if they come in another order.
    const known = madeText(2500, 1);
    const model = learnedModel(known, { sureness: 8 });
    const measure = (text: string) => calibrateOffers(model, createPredictor(model), text);
    const right = await measure(known);
    const wrong = await measure(madeText(2500, 2));
    assert.ok(right && wrong);
    for (const eagerness of ['shy', 'balanced', 'bold'] as const) {
      assert.ok(right[eagerness] <= askedPrecision[eagerness] - usualDistance, `${eagerness}: ${right[eagerness]}`);
    }
    assert.ok(wrong.shy > askedPrecision.shy - usualDistance, `${wrong.shy}`);
    assert.ok(right.bold <= right.balanced && right.balanced <= right.shy);
    assert.deepEqual(await measure(madeText(2500, 2)), wrong);
  });

  it('gives nothing for a text that is too short, or if it is told to stop', async () => {
    const model = learnedModel(learned);
    assert.equal(await calibrateOffers(model, createPredictor(model), learned), undefined);
    let asked = 0;
    const isSkipped = (): boolean => ++asked > 3;
    assert.equal(await calibrateOffers(model, createPredictor(model), learned.repeat(40), isSkipped), undefined);
  });

  it('decides what is suggested', async () => {
    const model = learnedModel(learned, { sureness: 6 });
    const request: CompletionRequest = {
      modelPath: '',
      prefix: 'the captain ',
      suffix: '',
      extent: 'word',
      eagerness: 'balanced',
      alternatives: 1,
      maximumLength: 60,
      never: [],
    };
    const texts = async (balanced: number): Promise<string[]> => {
      const calibrated = { ...model, leastProbability: { shy: 1, balanced, bold: 0 } };
      return (await offer(calibrated, createPredictor(model), request)).items.map(({ text }) => text);
    };
    assert.deepEqual(await texts(0.5), ['sailed']);
    assert.deepEqual(await texts(0.99), []);
  });

  it('happens at the end of training and is kept in the model file', async () => {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-calibration-'));
    const modelPath = path.join(folder, 'model.safetensors');
    const heldOut = { kind: 'tail', fraction: 0.1 } as const;
    const config = smallConfig({ budget: { maxSteps: 2 } });
    const run = await openFileRun({
      texts: [{ name: 'made.txt', text: madeText(10_000) }],
      config: { ...config, text: { ...config.text, heldOut } },
      compute: createReferenceBackend(),
      modelPath,
      onEvent: () => undefined,
    });
    const { leastProbability } = await run.run();
    assert.ok(leastProbability);
    assert.deepEqual((await readLanguageModel(modelPath)).leastProbability, leastProbability);
    await fs.rm(folder, { recursive: true });
  });
});
