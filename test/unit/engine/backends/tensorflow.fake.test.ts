/**
 * The TensorFlow backend over a stand-in for TensorFlow: the ladder in cuDNN's form and in the plain one, the number of
 * operations of a step, no leaked handles, and the messages if TensorFlow or CUDA is missing.
 */
import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Backend } from '../../../../src/engine/backends/backend';
import { loadTensorflow } from '../../../../src/engine/backends/tensorflow/binding';
import { createTensorflowBackend } from '../../../../src/engine/backends/tensorflow/tensorflowBackend';
import type { NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { FakeTensorflow } from '../../../support/fakeTensorflow';
import { climbLadder } from '../../../support/ladder';
import { randomBatch, randomParameters, updateWith } from '../../../support/numeric';

for (const form of ['cudnn', 'plain'] as const) {
  describe(`tensorflow backend, ${form} form, on a stand-in`, function () {
    let backend: Backend;
    before(async () => {
      backend = await createTensorflowBackend({ binding: new FakeTensorflow(), form });
    });
    after(() => backend.dispose());

    climbLadder(() => backend, 'short');
  });
}

describe('tensorflow backend', function () {
  const spec: NetworkSpec = {
    cell: 'lstm',
    input: { kind: 'one-hot', vocabulary: 9 },
    layers: [
      { units: 6, dropout: 0.2 },
      { units: 5, dropout: 0 },
    ],
    output: { kind: 'softmax', classes: 9 },
  };
  const limits = { batch: 4, steps: 60 };

  it('frees every handle, whatever was called', async () => {
    const fake = new FakeTensorflow();
    const backend = await createTensorflowBackend({ binding: fake });
    const random = new Random(3);
    const network = await backend.createNetwork(spec, randomParameters(random, spec), limits);
    const update = updateWith({ kind: 'adam', learningRate: 0.01, clipNorm: 1, clipValue: 1 });
    const everything = async (): Promise<void> => {
      await network.trainStep(randomBatch(random, spec, 4, 7, 'carry'), update);
      await network.evaluate(randomBatch(random, spec, 4, 7, 'carry'), { losses: true, logits: true });
      await network.gradients(randomBatch(random, spec, 4, 7), 1, 1);
      await network.writeParameters(await network.readParameters());
      await network.writeOptimiser(await network.readOptimiser());
      await network.writeState(await network.readState());
    };
    await everything();
    const held = fake.getNumOfTensors();
    for (let i = 0; i < 3; i++) await everything();
    assert.strictEqual(fake.getNumOfTensors(), held);
    network.dispose();
    await backend.dispose();
    assert.strictEqual(fake.getNumOfTensors(), 0);
  });

  it("needs one fused operation per layer and direction in cuDNN's form, however many steps", async () => {
    const fake = new FakeTensorflow();
    const backend = await createTensorflowBackend({ binding: fake });
    const random = new Random(4);
    const network = await backend.createNetwork(spec, randomParameters(random, spec), limits);
    const counts = new Set<number>();
    for (const steps of [3, 60]) {
      const from = fake.log.length;
      await network.trainStep(randomBatch(random, spec, 4, steps), updateWith({ kind: 'adam', clipNorm: 1 }));
      const step = fake.log.slice(from);
      counts.add(step.length);
      assert.strictEqual(step.filter((name) => name === 'CudnnRNN').length, 2);
      assert.strictEqual(step.filter((name) => name === 'CudnnRNNBackprop').length, 2);
    }
    assert.strictEqual(counts.size, 1, 'as many operations for 3 steps as for 60');
    assert.ok([...counts][0] <= 90, `${[...counts][0]} operations`);
    network.dispose();
  });

  it('says what is missing', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-tensorflow-'));
    const says = (message: RegExp): void =>
      assert.throws(() => loadTensorflow(folder), { code: 'backendUnavailable', message });
    try {
      says(/tfjs-node-gpu@4\.22\.0/);
      const own = path.join(folder, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
      fs.mkdirSync(own, { recursive: true });
      fs.writeFileSync(path.join(own, 'package.json'), '{}');
      says(/no native addon/);
      fs.mkdirSync(path.join(own, 'lib', 'napi-v8'), { recursive: true });
      fs.writeFileSync(path.join(own, 'lib', 'napi-v8', 'tfjs_binding.node'), 'no library');
      says(/did not load/);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
