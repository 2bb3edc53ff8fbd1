/**
 * The correctness ladder, rungs 3 to 7, for every backend and build that runs here: agreement with the reference over
 * random networks and batches, ten training steps, a batch overfitted, the same bytes by seed and on any number of
 * threads, and a run cut in two. Rungs 1 and 2 are the reference's own tests.
 */
import * as assert from 'node:assert';
import * as os from 'node:os';
import * as path from 'node:path';
import * as fs from 'node:fs/promises';
import { InklingError } from '../../../src/common/errors';
import type { Backend, Batch, Network, NetworkLimits, Update } from '../../../src/engine/backends/backend';
import { createReferenceBackend } from '../../../src/engine/backends/reference/referenceBackend';
import { createWasmBackend } from '../../../src/engine/backends/wasm/wasmBackend';
import { initialiseParameters } from '../../../src/engine/model/initialisation';
import { readModelFile, writeModelFile } from '../../../src/engine/model/modelFile';
import { outputSize, stateSize, type NetworkSpec } from '../../../src/engine/model/networkSpec';
import { Random } from '../../../src/engine/random';
import {
  assertClose,
  between,
  describeSpec,
  pick,
  randomArray,
  randomBatch,
  randomParameters,
  randomSpec,
  updateWith,
} from '../../support/numeric';

const seed = 42;
const keras = { kind: 'keras' } as const;

/** Float32 against float64: what sums of up to some hundred terms of size about 1 may differ by. */
const tolerance = { absolute: 2e-5, relative: 2e-4 };

interface Rung {
  name: string;
  create(): Promise<Backend>;
}

const reference: Rung = { name: 'reference', create: async () => createReferenceBackend() };
const wasm = (kernel: 'scalar' | 'simd' | 'relaxed', threads: number): Rung => ({
  name: `wasm ${kernel}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
  // Work of any size is shared out, so that small networks show what threads do.
  create: () => createWasmBackend({ kernel, threads, threadedWork: 0 }),
});
const builds = [wasm('scalar', 1), wasm('simd', 1), wasm('relaxed', 1), wasm('relaxed', 2), wasm('scalar', 3)];

/** Names sizes around the kernels' tiles, so that tails of every length occur. */
function anySpec(random: Random): NetworkSpec {
  return randomSpec(random, pick(random, [3, 9, 17, 40]));
}

/** Skips the running test where this build does not run (relaxed SIMD needs a newer Node). */
async function createOrSkip(test: Mocha.Context, rung: Rung): Promise<Backend> {
  try {
    return await rung.create();
  } catch (error) {
    if (error instanceof InklingError && error.code === 'backendUnavailable') test.skip();
    throw error;
  }
}

/** Trains with one batch after another, the first being step `from`; returns the mean loss of each step. */
async function train(network: Network, batches: Batch[], update: Partial<Update>, from = 0): Promise<number[]> {
  const losses: number[] = [];
  for (const [i, batch] of batches.entries()) {
    const targets = batch.targets.filter((target) => target >= 0).length;
    const lossScale = 1 / Math.max(1, targets);
    const result = await network.trainStep(batch, updateWith({ ...update, lossScale, dropoutKey: seed + from + i }));
    losses.push(result.lossSum * lossScale);
  }
  return losses;
}

const updates: Partial<Update>[] = [
  { kind: 'sgd', learningRate: 0.1, clipValue: 0.05 },
  { kind: 'rmsprop', learningRate: 0.005 },
  { kind: 'adam', learningRate: 0.01, clipNorm: 0.5 },
];

describe(`correctness ladder (seed ${seed})`, () => {
  for (const rung of builds) {
    describe(rung.name, () => {
      let backend: Backend;
      before(async function () {
        backend = await createOrSkip(this, rung);
      });
      after(() => backend?.dispose());

      it('rung 3: gradients, losses, logits, steps and states as the reference over random networks', async () => {
        const random = new Random(seed);
        for (let round = 0; round < 150; round++) {
          const spec = anySpec(random);
          const limits = {
            batch: between(random, 1, 17),
            steps: between(random, 1, 9),
            streams: between(random, 1, 5),
          };
          const parameters = randomParameters(random, spec);
          const what = `round ${round}: ${describeSpec(spec)}, batch ${limits.batch} × ${limits.steps}`;
          const [theirs, ours] = [
            await createReferenceBackend().createNetwork(spec, parameters, limits),
            await backend.createNetwork(spec, parameters, limits),
          ];
          assert.deepStrictEqual(await ours.readParameters(), parameters, `${what}: parameters`);
          const carries = !spec.layers[0].bidirectional;
          for (let call = 0; call < 2; call++) {
            const rows = between(random, 1, limits.batch);
            const state = carries && round % 2 === 0 ? 'carry' : 'zero';
            const batch = randomBatch(random, spec, rows, between(random, 1, limits.steps), state);
            const key = random.uint32();
            const expected = await theirs.gradients(batch, 0.1, key);
            const actual = await ours.gradients(batch, 0.1, key);
            assertClose([actual.lossSum], [expected.lossSum], tolerance, `${what}: loss`);
            assertClose([actual.gradientNorm], [expected.gradientNorm], tolerance, `${what}: norm`);
            assert.strictEqual(actual.targets, expected.targets, `${what}: targets`);
            assertClose(actual.gradients, expected.gradients, tolerance, `${what}: gradients`);
            assertClose(await ours.readState(), await theirs.readState(), tolerance, `${what}: carried state`);

            const want = { losses: true, logits: true };
            const [e, a] = [await theirs.evaluate(batch, want), await ours.evaluate(batch, want)];
            assertClose([a.lossSum], [e.lossSum], tolerance, `${what}: evaluated loss`);
            assertClose(a.losses!, e.losses!, tolerance, `${what}: losses`);
            assertClose(wanted(spec, batch, a.logits!), wanted(spec, batch, e.logits!), tolerance, `${what}: logits`);
          }
          if (carries) {
            const tokens = randomBatch(random, spec, limits.streams, 1).inputs;
            const states = randomArray(random, limits.streams * stateSize(spec), 0.5);
            const otherStates = states.slice();
            const expected = await theirs.step(tokens, states);
            assertClose(await ours.step(tokens, otherStates), expected, tolerance, `${what}: stepped logits`);
            assertClose(otherStates, states, tolerance, `${what}: stepped states`);
          }
          ours.dispose();
        }
      });

      it('rung 3: gradients as the reference where a network is wider than one block of the kernels', async () => {
        const random = new Random(seed);
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
          const limits = { batch: 19, steps: 5, streams: 1 };
          const parameters = initialiseParameters(spec, keras, seed);
          const batch = randomBatch(random, spec, 19, 5);
          const theirs = await createReferenceBackend().createNetwork(spec, parameters, limits);
          const ours = await backend.createNetwork(spec, parameters, limits);
          const [expected, actual] = [await theirs.gradients(batch, 1, seed), await ours.gradients(batch, 1, seed)];
          assertClose([actual.lossSum], [expected.lossSum], tolerance, `${cell}: loss`);
          assertClose(actual.gradients, expected.gradients, tolerance, `${cell}: gradients`);
          ours.dispose();
        }
      });

      for (const update of updates) {
        it(`rung 4: ten steps of ${update.kind} with the losses of the reference`, async () => {
          const random = new Random(seed);
          for (const cell of ['lstm', 'gru', 'rnn'] as const) {
            const spec: NetworkSpec = { ...anySpec(random), cell };
            const batches = Array.from({ length: 10 }, () =>
              randomBatch(random, spec, 5, 6, spec.layers[0].bidirectional ? 'zero' : 'carry'),
            );
            const parameters = initialiseParameters(spec, keras, seed);
            const limits = { batch: 5, steps: 6, streams: 1 };
            const theirs = await createReferenceBackend().createNetwork(spec, parameters, limits);
            const ours = await backend.createNetwork(spec, parameters, limits);
            const expected = await train(theirs, batches, update);
            assertClose(await train(ours, batches, update), expected, tolerance, describeSpec(spec));
            ours.dispose();
          }
        });
      }
    });
  }

  for (const rung of [reference, builds[2]]) {
    for (const cell of ['lstm', 'gru', 'rnn'] as const) {
      it(`rung 5: ${rung.name}: ${cell} learns one batch by heart, to a loss under 0.05`, async function () {
        const backend = await createOrSkip(this, rung);
        const spec: NetworkSpec = {
          cell,
          input: { kind: 'one-hot', vocabulary: 8 },
          layers: [{ units: 24, dropout: 0 }],
          output: { kind: 'softmax', classes: 8 },
        };
        const limits = { batch: 2, steps: 8, streams: 1 };
        const network = await backend.createNetwork(spec, initialiseParameters(spec, keras, seed), limits);
        const random = new Random(seed);
        const ids = (): number[] => Array.from({ length: 16 }, () => random.integer(8));
        // The two rows begin differently, so that no step has two answers.
        const inputs = Uint16Array.from([0, 1, ...ids().slice(2)]);
        const batch: Batch = {
          ...limits,
          inputs,
          targets: Int32Array.from(ids()),
          state: 'zero',
        };
        const losses = await train(network, new Array<Batch>(120).fill(batch), { kind: 'adam', learningRate: 0.02 });
        assert.ok(losses[0] > 1.5 && losses.at(-1)! < 0.05, `from ${losses[0]} to ${losses.at(-1)}`);
        await backend.dispose();
      });
    }
  }

  it('rung 6: the same seed gives the same bytes, on 1, 2, 3 and 8 threads', async function () {
    for (const kernel of ['scalar', 'simd', 'relaxed'] as const) {
      let first: Float32Array | undefined;
      for (const threads of [1, 1, 2, 3, 8]) {
        let backend: Backend;
        try {
          backend = await wasm(kernel, threads).create();
        } catch (error) {
          if (error instanceof InklingError && error.code === 'backendUnavailable') break;
          throw error;
        }
        const random = new Random(seed);
        const spec: NetworkSpec = {
          cell: 'lstm',
          input: { kind: 'embedding', vocabulary: 19, dimensions: 9, trainable: true },
          layers: [
            { units: 21, dropout: 0.2 },
            { units: 18, dropout: 0 },
          ],
          output: { kind: 'softmax', classes: 19 },
        };
        const limits = { batch: 37, steps: 5, streams: 1 };
        const network = await backend.createNetwork(spec, initialiseParameters(spec, keras, seed), limits);
        const batches = Array.from({ length: 6 }, () => randomBatch(random, spec, 37, 5, 'carry'));
        await train(network, batches, { kind: 'adam', learningRate: 0.01, clipNorm: 0.5 });
        const parameters = await network.readParameters();
        first ??= parameters;
        assert.deepStrictEqual(parameters, first, `${kernel}, ${threads} threads`);
        await backend.dispose();
      }
    }
  });

  for (const rung of [reference, builds[0], builds[3]]) {
    it(`rung 7: ${rung.name}: a run through a checkpoint file is the run that was never cut`, async function () {
      const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-ladder-'));
      const backend = await createOrSkip(this, rung);
      try {
        for (const update of updates) {
          const random = new Random(seed);
          const spec: NetworkSpec = { ...randomSpec(random), layers: [{ units: 11, dropout: 0.2 }] };
          const limits = { batch: 4, steps: 5, streams: 1 };
          const batches = Array.from({ length: 8 }, () => randomBatch(random, spec, 4, 5, 'carry'));
          const parameters = initialiseParameters(spec, keras, seed);
          const whole = await backend.createNetwork(spec, parameters, limits);
          await train(whole, batches, update);

          const cut = await backend.createNetwork(spec, parameters, limits);
          await train(cut, batches.slice(0, 4), update);
          const file = path.join(folder, `${update.kind}.safetensors`);
          await store(file, cut);
          cut.dispose();
          const resumed = await restore(file, backend, limits);
          await train(resumed, batches.slice(4), update, 4);
          assert.deepStrictEqual(await resumed.readParameters(), await whole.readParameters(), update.kind);
          assert.deepStrictEqual(await resumed.readOptimiser(), await whole.readOptimiser(), update.kind);
          assert.deepStrictEqual(await resumed.readState(), await whole.readState(), update.kind);
        }
      } finally {
        await backend.dispose();
        await fs.rm(folder, { recursive: true });
      }
    });
  }
});

/** The logits of the steps that have a target; the others are undefined. */
function wanted(spec: NetworkSpec, batch: Batch, logits: Float32Array): number[] {
  const V = outputSize(spec);
  return Array.from(logits).filter((_, i) => batch.targets[Math.floor(i / V)] >= 0);
}

/** Writes all that a run needs to go on. */
async function store(file: string, network: Network): Promise<void> {
  const { kind, updates: done, slots } = await network.readOptimiser();
  await writeModelFile(file, {
    kind: 'language-model',
    title: 'ladder',
    spec: network.spec,
    vocabulary: [],
    history: [],
    provenance: { engineVersion: '', created: '', seed, files: [], textHash: '' },
    results: { steps: 4, epochs: 0, seconds: 0, trainLoss: null, heldOutLoss: null, heldOutBitsPerCharacter: null },
    parameters: await network.readParameters(),
    extraTensors: {
      'state.train': await network.readState(),
      ...Object.fromEntries(slots.map((slot, i) => [`optimiser.${i}`, slot])),
    },
    checkpoint: { kind, updates: done, slots: slots.length },
  });
}

/** A new network that goes on from such a file. */
async function restore(file: string, backend: Backend, limits: NetworkLimits): Promise<Network> {
  const { spec, parameters, extraTensors = {}, checkpoint } = await readModelFile(file);
  const { kind, updates: done, slots } = checkpoint as { kind: Update['kind']; updates: number; slots: number };
  const network = await backend.createNetwork(spec, parameters, limits);
  const tensors = Array.from({ length: slots }, (_, i) => extraTensors[`optimiser.${i}`]);
  await network.writeOptimiser({ kind, updates: done, slots: tensors });
  await network.writeState(extraTensors['state.train']);
  return network;
}
