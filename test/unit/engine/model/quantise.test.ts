import * as assert from 'node:assert';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { readModelFile, writeModelFile } from '../../../../src/engine/model/modelFile';
import { parameterLayout, type NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { dequantiseRows, quantiseRows } from '../../../../src/engine/model/quantise';
import { Random } from '../../../../src/engine/random';
import { randomArray } from '../../../support/numeric';
import { networkFileOf } from '../../../support/storedModel';

const seed = 4;

describe(`weights in eight bits (seed ${seed})`, () => {
  it('differ from the originals by at most half a step of their row', () => {
    const random = new Random(seed);
    for (const [rows, columns] of [
      [1, 1],
      [3, 7],
      [64, 33],
    ]) {
      const matrix = randomArray(random, rows * columns);
      // Rows of very different size keep their own precision.
      for (let i = 0; i < columns; i++) matrix[i] *= 1000;
      const quantised = quantiseRows(matrix, rows);
      const back = dequantiseRows(quantised);
      for (let i = 0; i < matrix.length; i++) {
        const step = quantised.scales[Math.floor(i / columns)];
        assert.ok(Math.abs(back[i] - matrix[i]) <= step * 0.501, `${matrix[i]} came back as ${back[i]}`);
      }
    }
  });

  it('keep zeros and the largest of a row', () => {
    const matrix = Float32Array.of(0, 0, 0, -2, 0.5, 1);
    const back = dequantiseRows(quantiseRows(matrix, 2));
    assert.deepStrictEqual([...back.slice(0, 4)], [0, 0, 0, -2]);
  });

  it('are restored from a model file as the numbers that were written, in a quarter of the bytes', async () => {
    const spec: NetworkSpec = {
      cell: 'lstm',
      input: { kind: 'one-hot', vocabulary: 40 },
      layers: [{ units: 64, dropout: 0 }],
      output: { kind: 'softmax', classes: 40 },
    };
    const model = networkFileOf(spec);
    const { parameters } = model;
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-quantise-'));
    const file = path.join(folder, 'model.safetensors');
    try {
      await writeModelFile(file, model);
      const whole = (await fs.stat(file)).size;
      await writeModelFile(file, { ...model, precision: 'int8' });
      assert.ok((await fs.stat(file)).size < 0.4 * whole);
      const read = await readModelFile(file);
      assert.strictEqual(read.precision, 'int8');
      for (const { offset, size, shape } of parameterLayout(spec)) {
        const weights = parameters.subarray(offset, offset + size);
        const expected = shape.length === 2 ? dequantiseRows(quantiseRows(weights, shape[0])) : weights;
        assert.deepStrictEqual(read.parameters.slice(offset, offset + size), expected.slice());
      }
    } finally {
      await fs.rm(folder, { recursive: true });
    }
  });
});
