/** An interrupted training step must leave no trace: weights, optimiser and carried state are as before it. */
import * as assert from 'node:assert';
import type { Network, OptimiserState } from '../../../../src/engine/backends/backend';
import type { NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { Random } from '../../../../src/engine/random';
import {
  between,
  describeSpec,
  pick,
  randomBatch,
  randomParameters,
  randomSpec,
  updateWith,
} from '../../../support/numeric';

const seed = 20;

interface Everything {
  parameters: Float32Array;
  optimiser: OptimiserState;
  state: Float32Array;
}

async function everythingOf(network: Network): Promise<Everything> {
  return {
    parameters: await network.readParameters(),
    optimiser: await network.readOptimiser(),
    state: await network.readState(),
  };
}

describe(`an interrupted training step, seed ${seed}`, () => {
  for (const threads of [1, 3]) {
    it(`changes nothing and can be repeated, ${threads} threads`, async () => {
      const wasm = await createWasmBackend({ threads, threadedWork: 0 });
      const alone = await createWasmBackend({ threads: 1 });
      let brokenOff = 0;
      for (let network = 0; network < 40; network++) {
        const random = new Random(seed + network);
        const spec = randomSpec(random);
        const limits = { batch: 9, steps: 5 };
        const parameters = randomParameters(random, spec);
        const tried = await wasm.createNetwork(spec, parameters, limits);
        const undisturbed = await alone.createNetwork(spec, parameters, limits);
        const state = spec.layers[0].bidirectional ? 'zero' : 'carry';
        const kind = pick(random, ['sgd', 'rmsprop', 'adam'] as const);
        for (let step = 0; step < 6; step++) {
          const batch = randomBatch(random, spec, between(random, 1, 9), between(random, 1, 5), state);
          const update = updateWith({ kind, dropoutKey: step, clipNorm: 1 });
          // A first step or another number of rows rebuilds the state; after that, nothing may move.
          let before: Everything | undefined;
          for (let attempt = 0; attempt < 3; attempt++) {
            let questions = random.integer(20);
            try {
              await tried.trainStep(batch, update, () => questions-- === 0);
              break;
            } catch (error) {
              assert.strictEqual((error as { code?: string }).code, 'cancelled');
              brokenOff++;
              const now = await everythingOf(tried);
              assert.deepStrictEqual(now, before ?? now, describeSpec(spec));
              before = now;
            }
            if (attempt === 2) await tried.trainStep(batch, update);
          }
          await undisturbed.trainStep(batch, update);
          assert.deepStrictEqual(await everythingOf(tried), await everythingOf(undisturbed), describeSpec(spec));
        }
        tried.dispose();
        undisturbed.dispose();
      }
      assert.ok(brokenOff > 100, `${brokenOff} were broken off`);
      await wasm.dispose();
      await alone.dispose();
    });
  }

  for (const threads of [1, 2]) {
    it(`leaves this thread free and ends within it if it is long, ${threads} threads`, async () => {
      const spec: NetworkSpec = {
        cell: 'lstm',
        input: { kind: 'one-hot', vocabulary: 50 },
        layers: [{ units: 512, dropout: 0 }],
        output: { kind: 'softmax', classes: 50 },
      };
      const random = new Random(seed);
      const limits = { batch: 32, steps: 100 };
      const parameters = randomParameters(random, spec);
      const batch = randomBatch(random, spec, 32, 100, 'carry');
      const update = updateWith({ kind: 'adam', clipNorm: 1 });
      const wasm = await createWasmBackend({ threads, apartWork: 500_000_000 });
      const occupying = await createWasmBackend({ threads, apartWork: Infinity });
      const tried = await wasm.createNetwork(spec, parameters, limits);
      const undisturbed = await occupying.createNetwork(spec, parameters, limits);
      const before = await everythingOf(tried);

      let isInterrupted = false;
      const soon = (): void => void setTimeout(() => (isInterrupted = true), 30);
      soon();
      await assert.rejects(
        tried.trainStep(batch, update, () => isInterrupted),
        { code: 'cancelled' },
      );
      const { optimiser, ...rest } = await everythingOf(tried);
      assert.deepStrictEqual([rest, optimiser.updates], [{ parameters: before.parameters, state: rest.state }, 0]);
      isInterrupted = false;
      soon();
      await assert.rejects(tried.evaluate(batch, { isInterrupted: () => isInterrupted }), { code: 'cancelled' });

      isInterrupted = false;
      const [a, b] = [await tried.trainStep(batch, update, () => false), await undisturbed.trainStep(batch, update)];
      assert.deepStrictEqual(a, b);
      assert.deepStrictEqual(await tried.evaluate(batch), await undisturbed.evaluate(batch));
      assert.deepStrictEqual(await everythingOf(tried), await everythingOf(undisturbed));
      await wasm.dispose();
      await occupying.dispose();
    });
  }

  it('works thousands of times, with changing numbers of threads', async function () {
    // Waiting threads spin for a moment: if other programs use the processors, this takes minutes.
    this.timeout(300_000);
    const wasm = await createWasmBackend({ kernel: 'scalar', threads: 6, threadedWork: 0 });
    const random = new Random(seed);
    const spec = randomSpec(random, 4);
    const limits = { batch: 12, steps: 2 };
    const network = await wasm.createNetwork(spec, randomParameters(random, spec), limits);
    const batches = Array.from({ length: 12 }, (_, rows) => randomBatch(random, spec, rows + 1, 2));
    const still = updateWith({ learningRate: 0 });
    const expected: number[] = [];
    for (const batch of batches) expected.push((await network.trainStep(batch, still)).lossSum);
    for (let i = 0; i < 10_000; i++) {
      const which = random.integer(batches.length);
      let questions = random.integer(15);
      const result = await network.trainStep(batches[which], still, () => questions-- === 0).catch(() => undefined);
      if (result) assert.strictEqual(result.lossSum, expected[which]);
    }
    network.dispose();
    await wasm.dispose();
  });
});
