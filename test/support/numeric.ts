/**
 * What the numeric tests share: seeded random networks and batches over all that a network can be, and comparisons that
 * say what differs. B batch, T steps.
 */
import * as assert from 'node:assert';
import type { CellKind } from '../../src/common/trainingConfig';
import { noTarget, noToken, updateDefaults, type Batch, type Update } from '../../src/engine/backends/backend';
import { parameterCount, stateSize, type NetworkSpec } from '../../src/engine/model/networkSpec';
import type { Random } from '../../src/engine/random';

/** Plain SGD without clipping, except for the test's `changes`. */
export function updateWith(changes: Partial<Update> = {}): Update {
  return {
    ...updateDefaults,
    kind: 'sgd',
    learningRate: 0.1,
    lossScale: 1,
    ...changes,
  };
}

/** Normal deviates times `scale`. */
export function randomArray(random: Random, length: number, scale = 1): Float32Array {
  return Float32Array.from({ length }, () => random.normal() * scale);
}

/** A whole parameter block of normal deviates times `scale`, biases too. */
export function randomParameters(random: Random, spec: NetworkSpec, scale = 0.3): Float32Array {
  return randomArray(random, parameterCount(spec), scale);
}

/** A whole number in [low, high]. */
export function between(random: Random, low: number, high: number): number {
  return low + random.integer(high - low + 1);
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.integer(items.length)];
}

/** Any network that `checkNetworkSpec` accepts, with at most `largest` units, dimensions and vocabulary. */
export function randomSpec(random: Random, largest = 17): NetworkSpec {
  const vocabulary = between(random, 1, largest);
  const layers = pick(random, [1, 1, 2, 3, 4]);
  const bidirectional = layers === 1 && random.integer(4) === 0;
  const input = pick<NetworkSpec['input']>(random, [
    { kind: 'one-hot', vocabulary },
    { kind: 'embedding', vocabulary, dimensions: between(random, 1, largest), trainable: random.integer(2) === 0 },
    { kind: 'scalar', scale: 1 / vocabulary },
  ]);
  return {
    cell: pick<CellKind>(random, ['lstm', 'gru', 'rnn']),
    input,
    layers: Array.from({ length: layers }, () => ({
      units: between(random, 1, largest),
      dropout: pick(random, [0, 0, 0.2, 0.5]),
      ...(bidirectional ? { bidirectional } : {}),
    })),
    output: random.integer(4) === 0 ? { kind: 'sigmoid' } : { kind: 'softmax', classes: between(random, 1, largest) },
  };
}

/**
 * A batch that fits the network, of exactly B × T: ids with some `noToken`, targets at every step with some `noTarget`,
 * or at the last step of rows of random lengths for a bidirectional network; sometimes row weights.
 */
export function randomBatch(
  random: Random,
  spec: NetworkSpec,
  batch: number,
  steps: number,
  state: Batch['state'] = 'zero',
): Batch {
  const ids = spec.input.kind === 'scalar' ? 50 : spec.input.vocabulary;
  const classes = spec.output.kind === 'softmax' ? spec.output.classes : 2;
  const inputs = Uint16Array.from({ length: steps * batch }, () =>
    random.integer(8) === 0 ? noToken : random.integer(ids),
  );
  const result: Batch = { batch, steps, inputs, targets: new Int32Array(steps * batch).fill(noTarget), state };
  if (spec.layers[0].bidirectional) {
    result.lengths = Int32Array.from({ length: batch }, () => between(random, 1, steps));
    result.lengths.forEach((length, b) => (result.targets[(length - 1) * batch + b] = random.integer(classes)));
  } else {
    for (let i = 0; i < result.targets.length; i++) {
      if (random.integer(5) > 0) result.targets[i] = random.integer(classes);
    }
  }
  if (random.integer(2) === 0) result.rowWeights = Float32Array.from({ length: batch }, () => 0.25 + random.uniform());
  if (state === 'carry' && random.integer(2) === 0) {
    result.resetRows = Uint8Array.from({ length: batch }, () => random.integer(2));
  }
  return result;
}

/** Zero states of `streams` rows, for `Network.step`. */
export function zeroStates(spec: NetworkSpec, streams: number): Float32Array {
  return new Float32Array(streams * stateSize(spec));
}

/** The whole spec on one line, for the name of a test or its failure. */
export function describeSpec({ cell, input, layers, output }: NetworkSpec): string {
  const from = {
    'one-hot': 'one-hot',
    embedding: input.kind === 'embedding' && input.trainable ? 'embedding' : 'frozen embedding',
    scalar: 'scalar',
  }[input.kind];
  const sizes = layers.map(({ units, dropout }) => `${units}${dropout > 0 ? ` (dropout ${dropout})` : ''}`).join(' + ');
  return `${layers[0].bidirectional ? 'bidirectional ' : ''}${cell} ${sizes}, ${from} → ${output.kind}`;
}

/** Fails unless |actual - expected| ≤ absolute + relative · |expected| everywhere; names the worst place. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: { absolute: number; relative: number },
  what: string,
): void {
  assert.strictEqual(actual.length, expected.length, `${what}: length`);
  let worst = -1;
  let worstRatio = 1;
  for (let i = 0; i < actual.length; i++) {
    const allowed = tolerance.absolute + tolerance.relative * Math.abs(expected[i]);
    const difference = Math.abs(actual[i] - expected[i]);
    const ratio = difference === 0 ? 0 : difference / allowed;
    // NaN compares false with everything, so it must be named.
    if (!(ratio <= worstRatio)) {
      worst = i;
      worstRatio = Number.isNaN(ratio) ? Infinity : ratio;
    }
  }
  if (worst >= 0) {
    const { absolute, relative } = tolerance;
    assert.fail(
      `${what}: element ${worst} of ${actual.length} is ${actual[worst]}, expected ${expected[worst]} ` +
        `(tolerance ${absolute} + ${relative} · |expected|)`,
    );
  }
}
