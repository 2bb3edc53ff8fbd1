/**
 * The reference backend's gradients against central finite differences, (J(x + ε) - J(x - ε)) / 2ε, in float64: every
 * parameter and every initial state of every cell × input × number of layers × dropout × direction × output.
 */
import * as assert from 'node:assert';
import type { Batch } from '../../../../src/engine/backends/backend';
import { runBatch, type Training } from '../../../../src/engine/backends/reference/network';
import {
  parameterCount,
  parameterLayout,
  stateSize,
  type InputSpec,
  type NetworkSpec,
} from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { assertClose, describeSpec, randomBatch } from '../../../support/numeric';

const seed = 20;
const vocabulary = 3;
const inputs: InputSpec[] = [
  { kind: 'one-hot', vocabulary },
  { kind: 'embedding', vocabulary, dimensions: 2, trainable: true },
  { kind: 'embedding', vocabulary, dimensions: 2, trainable: false },
  { kind: 'scalar', scale: 1 / 50 },
];
const outputs: NetworkSpec['output'][] = [{ kind: 'softmax', classes: 3 }, { kind: 'sigmoid' }];
/** Units of each layer; all different, so that mixed-up sizes are noticed. */
const stacks = [[3], [2, 3], [2, 1, 3], [2, 2, 1, 2]];

function specsOf(cell: NetworkSpec['cell']): NetworkSpec[] {
  const specs: NetworkSpec[] = [];
  for (const input of inputs) {
    for (const output of outputs) {
      for (const dropout of [0, 0.4]) {
        for (const units of stacks)
          specs.push({ cell, input, layers: units.map((n) => ({ units: n, dropout })), output });
        specs.push({ cell, input, layers: [{ units: 2, dropout, bidirectional: true }], output });
      }
    }
  }
  return specs;
}

/** The function that is differentiated. */
function objective(
  spec: NetworkSpec,
  parameters: Float64Array,
  batch: Batch,
  initialStates: Float64Array,
  training: Training,
): number {
  const { losses } = runBatch(spec, parameters, batch, initialStates, training);
  let sum = 0;
  losses.forEach((loss, i) => (sum += loss * (batch.rowWeights?.[i % batch.batch] ?? 1)));
  return sum * training.lossScale;
}

/** Central differences of `value` by each element of `x`, which is restored. */
function finiteDifferences(x: Float64Array, value: () => number): Float64Array {
  const epsilon = 1e-5;
  return x.map((original, i) => {
    x[i] = original + epsilon;
    const above = value();
    x[i] = original - epsilon;
    const below = value();
    x[i] = original;
    return (above - below) / (2 * epsilon);
  });
}

describe(`reference backend, gradients against finite differences (seed ${seed})`, () => {
  for (const cell of ['lstm', 'gru', 'rnn'] as const) {
    it(`${cell}: every parameter and initial state`, () => {
      const random = new Random(seed, cell.length);
      const specs = specsOf(cell);
      assert.strictEqual(specs.length, 80);
      for (const spec of specs) {
        const what = describeSpec(spec);
        const normal = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal() * 0.7);
        const parameters = normal(parameterCount(spec));
        const batch = randomBatch(random, spec, 2, 4);
        const initialStates = normal(2 * stateSize(spec));
        const training = { lossScale: 0.5, dropoutKey: random.uint32() };
        const { gradients, initialStateGradients } = runBatch(spec, parameters, batch, initialStates, training);
        const expected = finiteDifferences(parameters, () =>
          objective(spec, parameters, batch, initialStates, training),
        );
        for (const { name, offset, size, trainable } of parameterLayout(spec)) {
          const part = gradients.subarray(offset, offset + size);
          if (!trainable)
            assert.ok(
              part.every((g) => g === 0),
              `${what}: ${name} is frozen`,
            );
          else
            assertClose(
              part,
              expected.subarray(offset, offset + size),
              { absolute: 1e-8, relative: 1e-6 },
              `${what}: ${name}`,
            );
        }
        const byState = finiteDifferences(initialStates, () =>
          objective(spec, parameters, batch, initialStates, training),
        );
        assertClose(initialStateGradients, byState, { absolute: 1e-8, relative: 1e-6 }, `${what}: initial states`);
      }
    });
  }
});
