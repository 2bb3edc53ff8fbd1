/** `auto`: the fastest backend is taken, a failing one is not, and a GPU that fails later hands over to the CPU. */
import * as assert from 'node:assert';
import { InklingError } from '../../../../src/common/errors';
import type { Backend, Network } from '../../../../src/engine/backends/backend';
import { AutoBackend, chooseBackend, type Choice } from '../../../../src/engine/backends/choose';
import { FallbackBackend } from '../../../../src/engine/backends/fallback';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import type { NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { randomBatch, randomParameters, updateWith } from '../../../support/numeric';

const spec: NetworkSpec = {
  cell: 'gru',
  input: { kind: 'one-hot', vocabulary: 5 },
  layers: [{ units: 4, dropout: 0.2 }],
  output: { kind: 'softmax', classes: 5 },
};
const limits = { batch: 3, steps: 4 };
const parameters = randomParameters(new Random(1), spec);

/** A clock that only the stand-ins below move. */
class Clock {
  ms = 0;
  now = (): number => this.ms;
}

/** The reference under another name, each training step taking `stepMs` of the clock; `fail` may throw before it. */
function standIn(name: Backend['name'], clock: Clock, stepMs: number, fail: () => void = () => {}): Backend {
  const truth = createReferenceBackend();
  const wrap = (network: Network): Network =>
    new Proxy(network, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (key === 'trainStep') {
            clock.ms += stepMs;
            try {
              fail();
            } catch (error) {
              return Promise.reject(error instanceof Error ? error : new Error(String(error)));
            }
          }
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  return {
    ...truth,
    name,
    kernel: `stand-in ${name}`,
    createNetwork: async (...args) => wrap(await truth.createNetwork(...args)),
  };
}

const lost = (): never => {
  throw new InklingError('backendUnavailable', 'The GPU was lost.');
};

describe('choosing a backend', () => {
  it('takes the fastest, and the preferred one where others are hardly faster', async () => {
    for (const [gpuMs, expected] of [
      [2, 'webgpu'],
      [9.5, 'wasm'],
      [40, 'wasm'],
    ] as const) {
      const clock = new Clock();
      const candidates = [standIn('wasm', clock, 10), standIn('webgpu', clock, gpuMs)];
      const { backend, measurements, reason } = await chooseBackend(
        candidates,
        spec,
        parameters,
        limits,
        500,
        clock.now,
      );
      assert.strictEqual(backend.name, expected, reason);
      assert.match(reason, gpuMs === 9.5 ? /^wasm is taken, since/ : new RegExp(`^${expected} is the fastest`));
      assert.deepStrictEqual(
        measurements.map(({ stepsPerSecond }) => Math.round(stepsPerSecond)),
        [1200, Math.round(12000 / gpuMs)],
      );
    }
  });

  it('leaves out what fails, and says so', async () => {
    const clock = new Clock();
    const candidates = [standIn('wasm', clock, 10), standIn('webgpu', clock, 1, lost)];
    const { backend, reason } = await chooseBackend(candidates, spec, parameters, limits, 500, clock.now);
    assert.strictEqual(backend.name, 'wasm');
    assert.match(reason, /webgpu failed \(The GPU was lost\.\)/);
  });

  it('measures when the first network is made, once, and gives the others back', async () => {
    const clock = new Clock();
    const choices: Choice[] = [];
    const disposed: string[] = [];
    const make = (name: Backend['name'], ms: number) => async (): Promise<Backend> => ({
      ...standIn(name, clock, ms),
      dispose: async () => void disposed.push(name),
    });
    const missing = async (): Promise<Backend> => lost();
    const auto = await AutoBackend.create({
      candidates: [make('wasm', 10), missing, make('webgpu', 1), make('tensorflow', 5)],
      guard: (backend) => backend,
      onChoice: (choice) => choices.push(choice),
      now: clock.now,
    });
    await auto.createNetwork(spec, parameters, limits);
    await auto.createNetwork(spec, parameters, limits);
    assert.deepStrictEqual([auto.name, choices.length, disposed], ['webgpu', 1, ['tensorflow']]);
    await auto.dispose();
    assert.deepStrictEqual(disposed.sort(), ['tensorflow', 'wasm', 'webgpu']);
  });
});

describe('a GPU that fails', () => {
  it('hands over to the spare backend with the last saved state, with one message', async () => {
    const clock = new Clock();
    let working = 6;
    const messages: string[] = [];
    const gpu = standIn('webgpu', clock, 1000, () => {
      if (working-- <= 0) lost();
    });
    const backend = new FallbackBackend(gpu, {
      spare: async () => standIn('wasm', clock, 1),
      onFallback: (message) => messages.push(message),
      saveEveryMs: 4000,
      now: clock.now,
    });
    const network = await backend.createNetwork(spec, parameters, limits);
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
    assert.deepStrictEqual(messages, ['The GPU was lost. Going on with wasm.']);
    assert.strictEqual(backend.name, 'wasm');
  });

  it("keeps a caller's own mistake an error", async () => {
    const clock = new Clock();
    const spare = async (): Promise<Backend> => assert.fail('no reason to fall back');
    const backend = new FallbackBackend(standIn('webgpu', clock, 1), { spare, onFallback: () => {} });
    const network = await backend.createNetwork(spec, parameters, limits);
    const batch = { ...randomBatch(new Random(3), spec, 3, 4), batch: 99 };
    await assert.rejects(network.trainStep(batch, updateWith()), { code: 'invalidInput' });
  });
});
