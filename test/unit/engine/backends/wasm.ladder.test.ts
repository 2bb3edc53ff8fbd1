/**
 * The correctness ladder on every build of the kernels and on 1, 2, 3 and 8 threads, all of which give the same bytes.
 */
import * as assert from 'node:assert';
import type { Backend } from '../../../../src/engine/backends/backend';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { kernelModule, kernelNames, type KernelName } from '../../../../src/engine/backends/wasm/runtime';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { initialiseParameters } from '../../../../src/engine/model/initialisation';
import type { NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { climbLadder, close, ladderLimits, stateOf } from '../../../support/ladder';
import { assertClose, randomBatch, randomParameters, randomSpec, updateWith } from '../../../support/numeric';

for (const kernel of kernelNames) {
  for (const threads of kernel === 'scalar' ? [1, 3] : [1, 2, 3, 8]) {
    describe(`wasm backend, ${kernel} kernels, ${threads} threads`, function () {
      let wasm: Backend;
      before(async function () {
        if (!kernelModule(kernel)) this.skip();
        wasm = await createWasmBackend({ kernel, threads, threadedWork: 0 });
      });
      after(() => wasm?.dispose());

      climbLadder(() => wasm);

      it('gives the reference gradients for every kind of input in one direction and in two', async () => {
        const inputs: NetworkSpec['input'][] = [
          { kind: 'one-hot', vocabulary: 23 },
          { kind: 'scalar', scale: 1 / 50 },
          { kind: 'embedding', vocabulary: 23, dimensions: 18, trainable: true },
          { kind: 'embedding', vocabulary: 2000, dimensions: 5, trainable: false },
        ];
        const random = new Random(11);
        for (const [i, input] of inputs.entries()) {
          for (const bidirectional of [false, true]) {
            const cell = (['lstm', 'gru', 'rnn', 'gru'] as const)[i];
            const layers = [{ units: 19, dropout: 0.2, ...(bidirectional && { bidirectional }) }];
            const spec: NetworkSpec = { cell, input, layers, output: { kind: 'softmax', classes: 3 } };
            const parameters = await initialiseParameters(spec, { kind: 'keras' }, 2);
            const batch = randomBatch(random, spec, ladderLimits.batch, ladderLimits.steps);
            const truth = await createReferenceBackend().createNetwork(spec, parameters, ladderLimits);
            const fast = await wasm.createNetwork(spec, parameters, ladderLimits);
            const [expected, actual] = [await truth.gradients(batch, 1, 3), await fast.gradients(batch, 1, 3)];
            const what = `${input.kind}, ${bidirectional ? 'two directions' : 'one direction'}`;
            assertClose([actual.lossSum], [expected.lossSum], close, `${what}: loss`);
            assertClose(actual.gradients, expected.gradients, close, `${what}: gradients`);
            fast.dispose();
          }
        }
      });

      it('gives the reference gradients if a network is wider than one block of the kernels', async () => {
        for (const cell of ['lstm', 'gru', 'rnn'] as const) {
          const spec: NetworkSpec = {
            cell,
            input: { kind: 'one-hot', vocabulary: 700 },
            layers: [
              { units: 130, dropout: 0.1 },
              { units: 67, dropout: 0 },
            ],
            output: { kind: 'softmax', classes: 700 },
          };
          const parameters = await initialiseParameters(spec, { kind: 'keras' }, 1);
          const batch = randomBatch(new Random(1), spec, ladderLimits.batch, 5);
          const truth = await createReferenceBackend().createNetwork(spec, parameters, ladderLimits);
          const fast = await wasm.createNetwork(spec, parameters, ladderLimits);
          const [expected, actual] = [await truth.gradients(batch, 1, 1), await fast.gradients(batch, 1, 1)];
          assertClose([actual.lossSum], [expected.lossSum], close, `${cell}: loss`);
          assertClose(actual.gradients, expected.gradients, close, `${cell}: gradients`);
          fast.dispose();
        }
      });
    });
  }
}

describe('wasm backend', () => {
  it('gives the same bytes on any number of threads', async () => {
    for (const kernel of kernelNames.filter((name) => kernelModule(name))) {
      for (let seed = 401; seed <= 406; seed++) {
        const [first, ...others] = await Promise.all([1, 2, 3, 8].map((threads) => trained(kernel, threads, seed)));
        for (const { threads, bytes, losses } of others) {
          assert.deepStrictEqual(losses, first.losses, `${kernel}, seed ${seed}, losses on ${threads} threads`);
          assert.deepStrictEqual(bytes, first.bytes, `${kernel}, seed ${seed}, parameters on ${threads} threads`);
        }
      }
    }
  });

  it('gives the same bytes when a thread is yielded for some of the steps', async () => {
    const [alone, yielding] = await Promise.all([trained('scalar', 3, 402), trained('scalar', 3, 402, true)]);
    assert.deepStrictEqual(yielding.bytes, alone.bytes);
  });

  it('refuses an invalid number of threads', async () => {
    await assert.rejects(createWasmBackend({ threads: 0 }), { code: 'invalidInput' });
  });
});

/** Parameters and losses after five steps of Adam. */
async function trained(
  kernel: KernelName,
  threads: number,
  seed: number,
  yielding = false,
): Promise<{ threads: number; bytes: Float32Array; losses: number[] }> {
  const wasm = await createWasmBackend({ kernel, threads, threadedWork: 0 });
  const random = new Random(seed);
  const spec = randomSpec(random, 40);
  const network = await wasm.createNetwork(spec, randomParameters(random, spec), ladderLimits);
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) {
    if (yielding) network.yieldThread!(i % 2 === 0 ? 60_000 : 0);
    const batch = randomBatch(random, spec, ladderLimits.batch, 7, stateOf(spec));
    const update = updateWith({ kind: 'adam', learningRate: 0.01, clipNorm: 0.5, dropoutKey: i });
    losses.push((await network.trainStep(batch, update)).lossSum);
  }
  const bytes = await network.readParameters();
  network.dispose();
  await wasm.dispose();
  return { threads, bytes, losses };
}
