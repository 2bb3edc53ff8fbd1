/** Initial weights: limits, orthogonality, biases, seeds. */
import * as assert from 'node:assert';
import { initialiseParameters } from '../../../../src/engine/model/initialisation';
import { parameterLayout, type NetworkSpec, type TensorSpec } from '../../../../src/engine/model/networkSpec';
import { assertClose } from '../../../support/numeric';

const seed = 3;
const keras = { kind: 'keras' } as const;

const spec = (cell: NetworkSpec['cell']): NetworkSpec => ({
  cell,
  input: { kind: 'embedding', vocabulary: 40, dimensions: 10, trainable: true },
  layers: [
    { units: 30, dropout: 0 },
    { units: 21, dropout: 0 },
  ],
  output: { kind: 'softmax', classes: 40 },
});

function tensorsOf(
  cell: NetworkSpec['cell'],
  role: TensorSpec['role'],
  values: Float32Array,
): [TensorSpec, Float32Array][] {
  return parameterLayout(spec(cell))
    .filter((tensor) => tensor.role === role)
    .map((tensor) => [tensor, values.subarray(tensor.offset, tensor.offset + tensor.size)]);
}

describe(`initial weights (seed ${seed})`, () => {
  for (const cell of ['lstm', 'gru', 'rnn'] as const) {
    let parameters: Float32Array;
    before(async () => {
      parameters = await initialiseParameters(spec(cell), keras, seed);
    });

    it(`${cell}: kernels are Glorot-uniform over all gates, embeddings uniform in ±0.05`, () => {
      for (const role of ['inputWeights', 'outputWeights', 'embedding'] as const) {
        for (const [{ name, shape }, values] of tensorsOf(cell, role, parameters)) {
          const limit = role === 'embedding' ? 0.05 : Math.sqrt(6 / (shape[0] + shape[1]));
          const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
          assert.ok(largest <= limit && largest > 0.97 * limit, `${name}: largest ${largest}, limit ${limit}`);
          // A uniform distribution in ±limit has the variance limit² / 3.
          const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
          assert.ok(Math.abs(variance / (limit * limit) - 1 / 3) < 0.05, `${name}: variance ${variance}`);
        }
      }
    });

    it(`${cell}: recurrent kernels have orthonormal columns`, () => {
      for (const [{ name, shape }, W] of tensorsOf(cell, 'recurrentWeights', parameters)) {
        const [rows, columns] = shape;
        for (let i = 0; i < columns; i++) {
          const products = Array.from({ length: columns }, (_, j) => {
            let sum = 0;
            for (let r = 0; r < rows; r++) sum += W[r * columns + i] * W[r * columns + j];
            return sum;
          });
          const unit = products.map((_, j) => (i === j ? 1 : 0));
          assertClose(products, unit, { absolute: 1e-6, relative: 0 }, `${name}, column ${i}`);
        }
      }
    });

    it(`${cell}: biases are zero, except 1 for the LSTM's forget gate`, () => {
      for (const [{ name, layer }, values] of tensorsOf(cell, 'inputBias', parameters)) {
        const { units } = spec(cell).layers[layer];
        const expected = values.map((_, i) => (cell === 'lstm' && i >= units && i < 2 * units ? 1 : 0));
        assert.deepStrictEqual(values, expected, name);
      }
      for (const role of ['recurrentBias', 'outputBias'] as const) {
        for (const [{ name }, values] of tensorsOf(cell, role, parameters))
          assert.ok(
            values.every((b) => b === 0),
            name,
          );
      }
    });
  }

  it('an orthogonal kernel favours no sign: its first column and its diagonal are as often negative as positive', async () => {
    let inColumn = 0;
    let onDiagonal = 0;
    for (let s = 0; s < 20; s++) {
      const [[{ shape }, W]] = tensorsOf('rnn', 'recurrentWeights', await initialiseParameters(spec('rnn'), keras, s));
      for (let i = 0; i < shape[1]; i++) {
        if (W[i * shape[1]] < 0) inColumn += 1;
        if (W[i * shape[1] + i] < 0) onDiagonal += 1;
      }
    }
    // 600 coins: mean 300, standard deviation 12.
    assert.ok(Math.abs(inColumn - 300) < 50, `${inColumn} of 600 in the first columns are negative`);
    assert.ok(Math.abs(onDiagonal - 300) < 50, `${onDiagonal} of 600 on the diagonals are negative`);
  });

  it('normal: N(0, 1) · scale, biases zero', async () => {
    const parameters = await initialiseParameters(spec('lstm'), { kind: 'normal', scale: 0.01 }, seed);
    for (const role of ['embedding', 'inputWeights', 'recurrentWeights', 'outputWeights'] as const) {
      for (const [{ name }, values] of tensorsOf('lstm', role, parameters)) {
        const deviation = Math.sqrt(values.reduce((a, b) => a + b * b, 0) / values.length);
        assert.ok(Math.abs(deviation / 0.01 - 1) < 0.12, `${name}: deviation ${deviation}`);
        assert.ok(
          values.some((w) => Math.abs(w) > 0.02),
          `${name} has tails`,
        );
      }
    }
    for (const role of ['inputBias', 'outputBias'] as const) {
      for (const [{ name }, values] of tensorsOf('lstm', role, parameters))
        assert.ok(
          values.every((b) => b === 0),
          name,
        );
    }
  });

  it('lets the thread do other work in between', async () => {
    let turns = 0;
    const turning = setInterval(() => turns++, 0);
    const wide: NetworkSpec = { ...spec('lstm'), layers: [{ units: 400, dropout: 0 }] };
    await initialiseParameters(wide, keras, seed);
    clearInterval(turning);
    assert.ok(turns > 1, `${turns} turns`);
  });

  it('is determined by the seed', async () => {
    const of = (s: number): Promise<Float32Array> => initialiseParameters(spec('lstm'), keras, s);
    assert.deepStrictEqual(await of(seed), await of(seed));
    assert.notDeepStrictEqual(await of(seed), await of(seed + 1));
  });
});
