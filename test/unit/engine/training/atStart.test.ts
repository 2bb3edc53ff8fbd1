/** What a run reports before its first step and about its gradients, and what it does without the guard. */
import * as assert from 'node:assert';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import type { Backend, StepResult } from '../../../../src/engine/backends/backend';
import { smallConfig } from '../../../support/trainingConfig';
import { madeText, of, train } from './support';

const text = madeText(2000);

/** A backend whose step results are altered by `change`. */
function changed(change: (result: StepResult, step: number) => StepResult): Backend {
  const backend = createReferenceBackend();
  return {
    ...backend,
    createNetwork: async (...args) => {
      const network = await backend.createNetwork(...args);
      const trainStep = network.trainStep.bind(network);
      let step = 0;
      network.trainStep = async (...asked) => change(await trainStep(...asked), ++step);
      return network;
    },
  };
}

describe('A run at its start and without its guard', () => {
  it('evaluates and samples the untrained network if requested, and learns the same', async () => {
    const config = smallConfig();
    const asked = { ...config, evaluation: { ...config.evaluation, atStart: true } };
    const [plain, looked] = [await train(config, text), await train(asked, text)];
    const first = of(looked.events, 'epoch')[0];
    assert.deepEqual([first.step, first.epoch, first.complete], [0, 0, false]);
    // It knows nothing yet: all characters are equally likely.
    assert.ok(Math.abs(first.trainLoss! - Math.log(new Set(text).size)) < 0.3, String(first.trainLoss));
    assert.ok(first.heldOutLoss === undefined || Math.abs(first.heldOutLoss - first.trainLoss!) < 0.3);
    assert.equal(of(looked.events, 'sample')[0].step, 0);
    assert.notEqual(of(plain.events, 'epoch')[0].step, 0);
    assert.deepEqual(looked.parameters, plain.parameters);
  });

  it('reports the norm of the gradient before and after clipping', async () => {
    const config = smallConfig();
    for (const optimiser of [
      { kind: 'sgd', learningRate: 0.01, clipValue: 1e-3 },
      { kind: 'sgd', learningRate: 0.01, clipNorm: 1e-3 },
      { kind: 'sgd', learningRate: 0.01 },
    ] as const) {
      const backend = await createWasmBackend({ threads: 2 });
      try {
        const { events } = await train({ ...config, optimiser }, text, { backend });
        const { gradientNorm, clippedNorm } = of(events, 'progress').at(-1)!;
        if ('clipNorm' in optimiser) assert.ok(Math.abs(clippedNorm! - 1e-3) < 1e-9, String(clippedNorm));
        else if ('clipValue' in optimiser) assert.ok(clippedNorm! < gradientNorm && clippedNorm! > 0);
        else assert.equal(clippedNorm, gradientNorm);
      } finally {
        await backend.dispose();
      }
    }
  });

  it('without the guard lets the loss explode, and ends when it is no longer a number', async () => {
    const exploding = changed((result, step) => (step > 20 ? { ...result, lossSum: 50 * result.targets } : result));
    const config = smallConfig({ keep: 'last' });
    assert.ok(of((await train(config, text, { backend: exploding })).events, 'guard').length > 0);
    const off = { ...config, guard: { kind: 'none' as const } };
    const exploded = await train(off, text, { backend: exploding });
    assert.deepEqual(of(exploded.events, 'guard'), []);
    assert.equal(exploded.done.reason, 'budget');
    assert.ok(exploded.done.trainLoss! > 10);
    const broken = await train(off, text, {
      backend: changed((result, step) => (step > 20 ? { ...result, lossSum: NaN } : result)),
    });
    assert.deepEqual([broken.done.reason, broken.done.steps], ['early-stop', 21]);
    assert.match(of(broken.events, 'notice').at(-1)!.message, /no longer a number at step 21, and the guard is off/);
    assert.ok(Number.isFinite(broken.done.trainLoss));
  });
});
