/** `auto`: the fastest backend is chosen, a failing one is not, and the CPU takes over from a GPU that fails later. */
import * as assert from 'node:assert';
import { say } from '../../../../src/common/l10n';
import { chooseBackend } from '../../../../src/engine/backends/choose';
import { FallbackNetwork } from '../../../../src/engine/backends/fallback';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import type { NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { randomBatch, randomParameters, updateWith } from '../../../support/numeric';
import { Clock, lost, standIn } from '../../../support/standIn';

const spec: NetworkSpec = {
  cell: 'gru',
  input: { kind: 'one-hot', vocabulary: 5 },
  layers: [{ units: 4, dropout: 0.2 }],
  output: { kind: 'softmax', classes: 5 },
};
const limits = { batch: 3, steps: 4 };
const parameters = randomParameters(new Random(1), spec);

describe('choosing a backend', () => {
  it('chooses the fastest, or the preferred one if others are hardly faster', async () => {
    for (const [gpuMs, expected] of [
      [2, 'webgpu'],
      [9.5, 'wasm'],
      [40, 'wasm'],
    ] as const) {
      const clock = new Clock();
      const candidates = [standIn('wasm', clock, 10), standIn('webgpu', clock, gpuMs)];
      const { backend, measurements, ...chosen } = await chooseBackend(candidates, spec, parameters, limits, clock.now);
      const reason = say(chosen.reason);
      assert.strictEqual(backend.name, expected, reason);
      assert.match(reason, gpuMs === 9.5 ? /^wasm is used, since/ : new RegExp(`^${expected} is the fastest`));
      assert.deepStrictEqual(
        measurements.map(({ stepsPerSecond }) => Math.round(stepsPerSecond)),
        [1200, Math.round(12000 / gpuMs)],
      );
    }
  });

  it('does not choose a backend that fails, and says so', async () => {
    const clock = new Clock();
    const candidates = [standIn('wasm', clock, 10), standIn('webgpu', clock, 1, lost)];
    const { backend, reason } = await chooseBackend(candidates, spec, parameters, limits, clock.now);
    assert.strictEqual(backend.name, 'wasm');
    assert.match(say(reason), /webgpu failed \(The GPU was lost\.\)/);
  });
});

describe('a GPU that fails', () => {
  it('is replaced once by the spare backend, with the last saved state', async () => {
    const clock = new Clock();
    let working = 6;
    const gpu = standIn('webgpu', clock, 1000, () => {
      if (working-- <= 0) lost();
    });
    const messages: string[] = [];
    const network = new FallbackNetwork(await gpu.createNetwork(spec, parameters, limits), parameters, {
      spare: (error, saved) => {
        messages.push(String(error));
        return standIn('wasm', clock, 1).createNetwork(spec, saved, limits);
      },
      saveEveryMs: 4000,
      now: clock.now,
    });
    const truth = await createReferenceBackend().createNetwork(spec, parameters, limits);
    const random = new Random(2);
    const batches = Array.from({ length: 9 }, () => randomBatch(random, spec, 3, 4, 'carry'));
    const update = updateWith({ kind: 'adam', learningRate: 0.01 });
    for (const batch of batches) await network.trainStep(batch, update);
    // The state was saved after the fourth step; the fifth and sixth are lost, the seventh was made again.
    for (const i of [0, 1, 2, 3, 6, 7, 8]) await truth.trainStep(batches[i], update);
    assert.deepStrictEqual(await network.readParameters(), await truth.readParameters());
    assert.deepStrictEqual(await network.readOptimiser(), await truth.readOptimiser());
    assert.deepStrictEqual(await network.readState(), await truth.readState());
    assert.deepStrictEqual(messages, ['InklingError: The GPU was lost.']);
    assert.strictEqual(network.backend.name, 'wasm');
  });
});
