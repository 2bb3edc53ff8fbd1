/** Which backend computes a run, why, and what happens when a GPU fails. */
import * as assert from 'node:assert/strict';
import { InklingError } from '../../../../src/common/errors';
import { say } from '../../../../src/common/l10n';
import type { Backend, Network } from '../../../../src/engine/backends/backend';
import { withCompute, type ComputeOptions } from '../../../../src/engine/backends/compute';
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

describe('the backend of a run', () => {
  let clock: Clock;
  let created: string[];
  let disposed: string[];
  beforeEach(() => {
    clock = new Clock();
    created = [];
    disposed = [];
  });

  /** Backends whose training steps take this many milliseconds; 0: unavailable. */
  const backends =
    (stepMs: Partial<Record<Backend['name'], number>>, fail?: () => void): ComputeOptions['create'] =>
    async (name) => {
      created.push(name);
      if (!stepMs[name]) throw new InklingError('backendUnavailable', `No ${name} here.`);
      const backend = standIn(name, clock, stepMs[name], name === 'wasm' ? undefined : fail);
      return { ...backend, dispose: async () => void disposed.push(name) };
    };
  /** `use` receives the networks one after another. */
  const open = (options: ComputeOptions, use: (next: () => Promise<Network>) => Promise<void>): Promise<void> =>
    withCompute({ now: clock.now, ...options }, (compute) =>
      use(() => compute.createNetwork(spec, parameters, limits)),
    );

  it('is wasm if nothing else is installed, says so, and is disposed of', async () => {
    await open({ create: backends({ wasm: 1 }), gpus: [] }, async (next) => {
      const { backend } = await next();
      const reason = say(backend.reason ?? '');
      assert.deepEqual(
        { ...backend, reason },
        {
          name: 'wasm',
          kernel: 'stand-in wasm',
          threads: 1,
          reason: 'No GPU package is installed.',
        },
      );
      assert.deepEqual(disposed, []);
    });
    assert.deepEqual(disposed, ['wasm']);
  });

  it('has no reason or fallback to report if it was requested and is available', async () => {
    for (const name of ['wasm', 'webgpu'] as const) {
      await open({ create: backends({ wasm: 1, webgpu: 1 }), backend: name }, async (next) => {
        const { backend } = await next();
        assert.deepEqual([backend.name, backend.reason, backend.fallback], [name, undefined, undefined]);
      });
    }
    assert.deepEqual(created, ['wasm', 'webgpu']);
  });

  it('has the requested threads and 16-bit storage', async () => {
    const create: ComputeOptions['create'] = async (name, options) => {
      assert.deepEqual([name, options?.threads, options?.half], ['webgpu', 2, true]);
      return standIn(name, clock, 1);
    };
    await open({ create, backend: 'webgpu', threads: 2, half: true }, async (next) => void (await next()));
    for (const [backend, threads] of [['auto', 3] as const, ['wasm', 3] as const, ['webgpu', 1] as const]) {
      await withCompute({ backend, threads: 3 }, async (compute) => assert.equal(compute.threads, threads));
    }
  });

  it('is measured for each network, and the slower GPUs are released', async () => {
    const create = backends({ wasm: 10, webgpu: 1, tensorflow: 5 });
    await open({ create, gpus: ['webgpu', 'tensorflow'] }, async (next) => {
      const { backend } = await next();
      assert.equal(backend.name, 'webgpu');
      assert.match(say(backend.reason ?? ''), /^webgpu is the fastest for this network/);
      assert.deepEqual([created, disposed], [['wasm', 'webgpu', 'tensorflow'], ['tensorflow']]);
      assert.equal((await next()).backend.name, 'webgpu');
      assert.deepEqual(created, ['wasm', 'webgpu', 'tensorflow', 'tensorflow']);
    });
    assert.deepEqual(disposed.sort(), ['tensorflow', 'tensorflow', 'wasm', 'webgpu']);
  });

  it('comes with the reason why a GPU could not be tried', async () => {
    const create = backends({ wasm: 10, webgpu: 1 });
    await open({ create, gpus: ['tensorflow', 'webgpu'] }, async (next) => {
      assert.match(say((await next()).backend.reason ?? ''), /^No tensorflow here\. webgpu is the fastest/);
    });
    await open({ create: backends({ wasm: 10 }), gpus: ['tensorflow', 'webgpu'] }, async (next) => {
      const { backend } = await next();
      assert.deepEqual([backend.name, say(backend.reason ?? '')], ['wasm', 'No tensorflow here. No webgpu here.']);
      assert.equal(backend.fallback, undefined, 'nobody asked for a GPU');
    });
  });

  it('is wasm if the requested backend is unavailable, unless that backend is required', async () => {
    const options = { create: backends({ wasm: 1 }), backend: 'webgpu', threads: 2 } as const;
    await open(options, async (next) => {
      for (let network = 0; network < 2; network++) {
        const { name, reason, fallback } = (await next()).backend;
        assert.deepEqual([name, say(reason ?? '')], ['wasm', 'No webgpu here.']);
        assert.equal(say(fallback ?? ''), 'No webgpu here. Training continues with wasm.');
      }
    });
    assert.deepEqual(created, ['webgpu', 'wasm']);
    await assert.rejects(
      open({ ...options, required: true }, async (next) => void (await next())),
      { code: 'backendUnavailable', message: 'No webgpu here.' },
    );
  });

  it('throws any other failure', async () => {
    const create = async (): Promise<Backend> => {
      throw new InklingError('internal', 'broken');
    };
    for (const backend of ['webgpu', 'wasm', 'auto'] as const) {
      await assert.rejects(
        open({ create, backend, gpus: ['webgpu'] }, async (next) => void (await next())),
        /broken/,
      );
    }
  });

  it('is wasm, with a message, from the moment a GPU fails', async () => {
    let working = 2;
    const fail = (): void => {
      if (working-- <= 0) lost();
    };
    await open({ create: backends({ wasm: 1, webgpu: 1 }, fail), backend: 'webgpu' }, async (next) => {
      const network = await next();
      const random = new Random(2);
      const before = network.backend;
      for (let step = 0; step < 4; step++) {
        assert.equal(network.backend.name, step < 3 ? 'webgpu' : 'wasm');
        await network.trainStep(randomBatch(random, spec, 3, 4), updateWith());
      }
      assert.equal(before.fallback, undefined);
      assert.equal(say(network.backend.fallback ?? ''), 'The GPU was lost. Training continues with wasm.');
      assert.equal((await next()).backend.name, 'wasm');
    });
    assert.deepEqual(created, ['webgpu', 'wasm']);
  });

  it("is not replaced because of a caller's mistake", async () => {
    await open({ create: backends({ wasm: 1, webgpu: 1 }), backend: 'webgpu' }, async (next) => {
      const network = await next();
      const batch = { ...randomBatch(new Random(3), spec, 3, 4), batch: 99 };
      await assert.rejects(network.trainStep(batch, updateWith()), { code: 'invalidInput' });
      assert.equal(network.backend.name, 'webgpu');
    });
    assert.deepEqual(created, ['webgpu']);
  });

  it('tells the network about a user who is typing', async () => {
    const told: number[] = [];
    const create: ComputeOptions['create'] = async (name) => {
      const backend = standIn(name, clock, 1, name === 'webgpu' ? lost : undefined);
      return {
        ...backend,
        createNetwork: async (...asked) => {
          const network = await backend.createNetwork(...asked);
          if (name === 'wasm') network.yieldThread = (milliseconds) => void told.push(milliseconds);
          return network;
        },
      };
    };
    await open({ create, backend: 'webgpu' }, async (next) => {
      const network = await next();
      network.yieldThread?.(1);
      await network.trainStep(randomBatch(new Random(2), spec, 3, 4), updateWith());
      network.yieldThread?.(2);
    });
    await open({ create, gpus: [] }, async (next) => (await next()).yieldThread?.(3));
    assert.deepEqual(told, [2, 3]);
  });
});
