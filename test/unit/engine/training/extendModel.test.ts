/** A larger vocabulary: old weights stay, new rows are the mean of the known ones. */
import * as assert from 'node:assert';
import type { CellKind } from '../../../../src/common/trainingConfig';
import { createReferenceStepper } from '../../../../src/engine/backends/reference/referenceBackend';
import { parameterLayout, stateSize, type NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { extendParameters, extendSpec } from '../../../../src/engine/training/extendModel';
import { randomParameters } from '../../../support/numeric';

const inputs: NetworkSpec['input'][] = [
  { kind: 'one-hot', vocabulary: 5 },
  { kind: 'embedding', vocabulary: 5, dimensions: 3, trainable: true },
  { kind: 'scalar', scale: 0.2 },
];

describe('A model for a larger vocabulary', () => {
  for (const cell of ['lstm', 'gru', 'rnn'] as CellKind[]) {
    for (const input of inputs) {
      it(`${cell}, ${input.kind}: known characters keep their logits`, () => {
        const from: NetworkSpec = {
          cell,
          input,
          layers: [
            { units: 4, dropout: 0 },
            { units: 3, dropout: 0 },
          ],
          output: { kind: 'softmax', classes: 5 },
        };
        const to = extendSpec(from, 8);
        const parameters = randomParameters(new Random(11), from);
        const extended = extendParameters(from, to, parameters, 'mean');
        const [a, b] = [createReferenceStepper(from, parameters), createReferenceStepper(to, extended)];
        const [stateA, stateB] = [new Float32Array(stateSize(from)), new Float32Array(stateSize(to))];
        for (const token of [3, 0, 4, 4]) {
          const [known, all] = [new Float32Array(5), new Float32Array(8)];
          a.step(Uint16Array.of(token), stateA, known);
          b.step(Uint16Array.of(token), stateB, all);
          const mean = known.reduce((sum, logit) => sum + logit, 0) / 5;
          known.forEach((logit, i) => assert.ok(Math.abs(all[i] - logit) < 1e-6));
          for (const logit of all.subarray(5)) assert.ok(Math.abs(logit - mean) < 1e-5);
        }
      });
    }
  }

  it('gives an optimiser zeros for what is new', () => {
    const from: NetworkSpec = {
      cell: 'lstm',
      input: inputs[0],
      layers: [{ units: 2, dropout: 0 }],
      output: { kind: 'softmax', classes: 5 },
    };
    const to = extendSpec(from, 6);
    const ones = randomParameters(new Random(1), from).fill(1);
    const slots = extendParameters(from, to, ones, 'zero');
    assert.equal(
      slots.reduce((sum, value) => sum + value, 0),
      ones.length,
    );
    const output = parameterLayout(to).find((tensor) => tensor.name === 'output.bias')!;
    assert.deepEqual([...slots.subarray(output.offset)], [1, 1, 1, 1, 1, 0]);
  });
});
