/**
 * The rungs of the correctness ladder on which every fast backend is compared with the reference: losses and gradients
 * over random networks (1 … 17 units, so that every tail occurs), evaluation, generation, ten training steps of every
 * optimiser, one batch overfitted, and a resume that changes nothing. A failure names its seed.
 */
import * as assert from 'node:assert';
import type { Backend, Batch, Network } from '../../src/engine/backends/backend';
import { createReferenceBackend } from '../../src/engine/backends/reference/referenceBackend';
import { stateSize, type NetworkSpec } from '../../src/engine/model/networkSpec';
import { Random } from '../../src/engine/random';
import {
  assertClose,
  between,
  describeSpec,
  pick,
  randomBatch,
  randomParameters,
  randomSpec,
  updateWith,
} from './numeric';

export const ladderLimits = { batch: 19, steps: 12 };
export const close = { absolute: 2e-5, relative: 2e-4 };
const reference = createReferenceBackend();

/** A bidirectional network carries no state. */
export const stateOf = (spec: NetworkSpec): Batch['state'] => (spec.layers[0].bidirectional ? 'zero' : 'carry');

/** Both networks with the same weights; disposed of after `use`. */
async function withNetworks(
  backend: Backend,
  spec: NetworkSpec,
  parameters: Float32Array,
  use: (fast: Network, truth: Network) => Promise<void>,
): Promise<void> {
  const fast = await backend.createNetwork(spec, parameters, ladderLimits);
  const truth = await reference.createNetwork(spec, parameters, ladderLimits);
  try {
    await use(fast, truth);
  } finally {
    fast.dispose();
    truth.dispose();
  }
}

/** `short`: fewer seeds, for backends that are slow where the tests run; INKLING_LADDER=full runs them all. */
export type LadderLength = 'full' | 'short';

/** Defines the tests; call it inside a `describe`. `backend` is called when they run. */
export function climbLadder(backend: () => Backend, length: LadderLength = 'full'): void {
  const short = length === 'short' && process.env.INKLING_LADDER !== 'full';
  const last = (first: number, full: number, less: number): number => first + (short ? less : full) - 1;

  it('gives the reference losses and gradients', async () => {
    for (let seed = 1; seed <= last(1, 40, 8); seed++) {
      const random = new Random(seed);
      const spec = randomSpec(random);
      const parameters = randomParameters(random, spec);
      const rows = between(random, 1, ladderLimits.batch);
      const batch = randomBatch(random, spec, rows, between(random, 1, ladderLimits.steps));
      const what = `seed ${seed}, ${describeSpec(spec)}, ${batch.batch} × ${batch.steps}`;
      await withNetworks(backend(), spec, parameters, async (fast, truth) => {
        const a = await fast.gradients(batch, 0.5, seed);
        const b = await truth.gradients(batch, 0.5, seed);
        assertClose(a.gradients, b.gradients, close, `gradients, ${what}`);
        assertClose([a.lossSum, a.gradientNorm], [b.lossSum, b.gradientNorm], close, `loss, ${what}`);
        assert.deepStrictEqual([a.targets, a.correct], [b.targets, b.correct], what);
      });
    }
  });

  it('evaluates as the reference does, states carried', async () => {
    for (let seed = 101; seed <= last(101, 15, 5); seed++) {
      const random = new Random(seed);
      const spec = randomSpec(random);
      const rows = between(random, 1, ladderLimits.batch);
      await withNetworks(backend(), spec, randomParameters(random, spec), async (fast, truth) => {
        for (let i = 0; i < 3; i++) {
          const batch = randomBatch(random, spec, rows, between(random, 1, ladderLimits.steps), stateOf(spec));
          const a = await fast.evaluate(batch, { losses: true, logits: true });
          const b = await truth.evaluate(batch, { losses: true, logits: true });
          const what = `seed ${seed}, batch ${i}, ${describeSpec(spec)}`;
          assertClose(a.losses!, b.losses!, close, `losses, ${what}`);
          assertClose([a.lossSum], [b.lossSum], close, `loss, ${what}`);
          assert.deepStrictEqual([a.targets, a.correct], [b.targets, b.correct], what);
          const classes = a.logits!.length / batch.targets.length;
          batch.targets.forEach((target, at) => {
            if (target < 0) return;
            const own = (logits: Float32Array): Float32Array => logits.subarray(at * classes, (at + 1) * classes);
            assertClose(own(a.logits!), own(b.logits!), close, `logits, ${what}`);
          });
        }
      });
    }
  });

  it('stays with the reference over ten training steps of every optimiser', async () => {
    for (let seed = 301; seed <= last(301, 9, 4); seed++) {
      const random = new Random(seed);
      const spec = randomSpec(random);
      const rows = between(random, 1, ladderLimits.batch);
      const update = updateWith({
        kind: pick(random, ['sgd', 'rmsprop', 'adam'] as const),
        learningRate: 0.005,
        clipValue: pick(random, [0, 0.05]),
        clipNorm: pick(random, [0, 0.1]),
        weightDecay: pick(random, [0, 0.5]),
        lossScale: 0.1,
        // Adam divides by √v; otherwise a gradient that is only rounding noise would decide the sign.
        epsilon: 1e-3,
      });
      await withNetworks(backend(), spec, randomParameters(random, spec), async (fast, truth) => {
        for (let i = 0; i < 10; i++) {
          const state = i % 3 ? stateOf(spec) : 'zero';
          const batch = randomBatch(random, spec, rows, between(random, 1, ladderLimits.steps), state);
          const a = await fast.trainStep(batch, { ...update, dropoutKey: i });
          const b = await truth.trainStep(batch, { ...update, dropoutKey: i });
          const what = `seed ${seed}, step ${i}, ${update.kind}, ${describeSpec(spec)}`;
          const tolerance = { absolute: 1e-4, relative: 1e-3 };
          assertClose([a.lossSum, a.gradientNorm], [b.lossSum, b.gradientNorm], tolerance, what);
          if (a.clippedNorm !== undefined)
            assertClose([a.clippedNorm], [b.clippedNorm!], tolerance, `clipped, ${what}`);
        }
        const [a, b] = [await fast.readOptimiser(), await truth.readOptimiser()];
        assert.deepStrictEqual([a.kind, a.updates, a.slots.length], [b.kind, b.updates, b.slots.length]);
        a.slots.forEach((slot, i) =>
          assertClose(slot, b.slots[i], { absolute: 1e-4, relative: 1e-2 }, `slot ${i}, seed ${seed}`),
        );
      });
    }
  });

  it('overfits one batch to a loss under 0.05', async () => {
    for (const cell of short ? (['lstm'] as const) : (['lstm', 'gru', 'rnn'] as const)) {
      const random = new Random(7);
      const spec: NetworkSpec = {
        cell,
        input: { kind: 'one-hot', vocabulary: 12 },
        layers: [{ units: short ? 16 : 40, dropout: 0 }],
        output: { kind: 'softmax', classes: 12 },
      };
      const network = await backend().createNetwork(spec, randomParameters(random, spec, 0.1), ladderLimits);
      const T = short ? 5 : 12;
      const batch: Batch = {
        batch: 6,
        steps: T,
        // Every row begins with a different id: otherwise no network could tell the first targets of two rows apart.
        inputs: Uint16Array.from({ length: 6 * T }, (_, i) => (i < 6 ? i : random.integer(12))),
        targets: Int32Array.from({ length: 6 * T }, () => random.integer(12)),
        state: 'zero',
      };
      let loss = Infinity;
      for (let i = 0; i < 400 && loss > 0.05; i++) {
        const update = updateWith({
          kind: 'adam',
          learningRate: short ? 0.04 : 0.01,
          lossScale: 1 / (6 * T),
          clipNorm: 5,
        });
        loss = (await network.trainStep(batch, update)).lossSum / (6 * T);
      }
      network.dispose();
      assert.ok(loss <= 0.05, `${cell}: ${loss}`);
    }
  });

  it('continues exactly after parameters, optimiser and state were read and written back', async () => {
    const random = new Random(11);
    for (let seed = 0; seed < 6; seed++) {
      const spec = randomSpec(random);
      const update = updateWith({ kind: pick(random, ['sgd', 'rmsprop', 'adam'] as const), learningRate: 0.01 });
      const batches = Array.from({ length: 6 }, () => randomBatch(random, spec, 5, 4, stateOf(spec)));
      const whole = await backend().createNetwork(spec, randomParameters(random, spec), ladderLimits);
      for (const [i, batch] of batches.entries()) {
        if (i < 3) await whole.trainStep(batch, { ...update, dropoutKey: i });
      }
      const second = await backend().createNetwork(spec, await whole.readParameters(), ladderLimits);
      await second.writeOptimiser(await whole.readOptimiser());
      await second.writeState(await whole.readState());
      for (const [i, batch] of batches.entries()) {
        if (i < 3) continue;
        const a = await whole.trainStep(batch, { ...update, dropoutKey: i });
        const b = await second.trainStep(batch, { ...update, dropoutKey: i });
        assert.deepStrictEqual(b, a, describeSpec(spec));
      }
      assert.deepStrictEqual(await second.readParameters(), await whole.readParameters());
      const rows = spec.layers[0].bidirectional ? 0 : 5;
      assert.strictEqual((await whole.readState()).length, rows * stateSize(spec));
      whole.dispose();
      second.dispose();
    }
  });

  it("continues from the reference's parameters, optimiser and state", async () => {
    for (let seed = 501; seed <= last(501, 6, 3); seed++) {
      const random = new Random(seed);
      const spec = randomSpec(random);
      const update = updateWith({ kind: 'adam', learningRate: 0.01, epsilon: 1e-3, lossScale: 0.1 });
      const batches = Array.from({ length: 5 }, () => randomBatch(random, spec, 5, 4, stateOf(spec)));
      await withNetworks(backend(), spec, randomParameters(random, spec), async (fast, truth) => {
        for (const batch of batches.slice(0, 3)) await truth.trainStep(batch, update);
        await fast.writeParameters(await truth.readParameters());
        await fast.writeOptimiser(await truth.readOptimiser());
        await fast.writeState(await truth.readState());
        for (const batch of batches.slice(3)) {
          const [a, b] = [await fast.trainStep(batch, update), await truth.trainStep(batch, update)];
          assertClose(
            [a.lossSum],
            [b.lossSum],
            { absolute: 1e-4, relative: 1e-3 },
            `seed ${seed}, ${describeSpec(spec)}`,
          );
        }
        const state = await truth.readState();
        assertClose(await fast.readState(), state, { absolute: 1e-4, relative: 1e-3 }, `state, seed ${seed}`);
      });
    }
  });

  it('refuses what does not fit, by name', async () => {
    const spec: NetworkSpec = {
      cell: 'rnn',
      input: { kind: 'one-hot', vocabulary: 3 },
      layers: [{ units: 2, dropout: 0 }],
      output: { kind: 'softmax', classes: 3 },
    };
    const invalid = { code: 'invalidInput' };
    await assert.rejects(backend().createNetwork(spec, new Float32Array(3), ladderLimits), invalid);
    const network = await backend().createNetwork(spec, randomParameters(new Random(1), spec), ladderLimits);
    const batch: Batch = { batch: 1, steps: 1, inputs: Uint16Array.of(3), targets: Int32Array.of(0), state: 'zero' };
    await assert.rejects(network.evaluate(batch), invalid);
    await assert.rejects(network.evaluate({ ...batch, inputs: Uint16Array.of(0), targets: Int32Array.of(3) }), invalid);
    await assert.rejects(network.evaluate({ ...batch, batch: 20 }), invalid);
    await assert.rejects(network.writeOptimiser({ kind: 'adam', updates: 1, slots: [] }), invalid);
    network.dispose();
    const both: NetworkSpec = { ...spec, layers: [{ units: 2, dropout: 0, bidirectional: true }] };
    const two = await backend().createNetwork(both, randomParameters(new Random(1), both), ladderLimits);
    const early = { steps: 2, inputs: Uint16Array.of(0, 0), targets: Int32Array.of(0, -1), lengths: Int32Array.of(2) };
    await assert.rejects(two.evaluate({ ...batch, ...early }), { code: 'invalidInput', message: /last step of a row/ });
    two.dispose();
  });
}
