/** Which backend a run gets, and what its events say of it. */
import * as assert from 'node:assert/strict';
import { InklingError } from '../../../../src/common/errors';
import type { StartEvent, TrainEvent } from '../../../../src/common/trainEvents';
import type { Backend } from '../../../../src/engine/backends/backend';
import { withRunBackend, type NewBackend } from '../../../../src/engine/process/runBackend';

const start = { event: 'start', fromStep: 40 } as StartEvent;
const checkpoint: TrainEvent = { event: 'checkpoint', step: 50, path: 'c' };

describe('backend of a run', () => {
  let events: TrainEvent[];
  let disposed: string[];
  const fake = (name: Backend['name']): Backend => ({
    name,
    kernel: 'fake',
    threads: 1,
    createNetwork: () => Promise.reject(new Error('not in this test')),
    dispose: async () => void disposed.push(name),
  });
  const onEvent = (event: TrainEvent): void => void events.push(event);
  const notices = () => events.flatMap((event) => (event.event === 'notice' ? [[event.step, event.message]] : []));
  const reason = () => events.flatMap((event) => (event.event === 'start' ? [event.backendReason] : []))[0];

  beforeEach(() => {
    events = [];
    disposed = [];
    delete process.env.INKLING_MODULES;
  });

  it('says why wasm computes where nothing else is installed, and disposes of it', async () => {
    const name = await withRunBackend(
      async () => fake('wasm'),
      {},
      onEvent,
      async (backend, send) => {
        send(start);
        return backend.name;
      },
    );
    assert.equal(name, 'wasm');
    assert.equal(reason(), 'No GPU package is installed.');
    assert.deepEqual(disposed, ['wasm']);
    assert.deepEqual(notices(), []);
  });

  it('has nothing to say of a backend that was asked for and is there', async () => {
    await withRunBackend(
      async () => fake('wasm'),
      { backend: 'wasm' },
      onEvent,
      async (_, send) => send(start),
    );
    assert.equal(reason(), undefined);
  });

  it('asks for threads and 16 bits as the run does', async () => {
    const create: NewBackend = async (choice, options) => {
      assert.deepEqual([choice, options?.threads, options?.half], ['webgpu', 2, true]);
      return fake('webgpu');
    };
    await withRunBackend(create, { backend: 'webgpu', threads: 2, half: true }, onEvent, async (_, send) =>
      send(start),
    );
    assert.equal(events.length, 1);
  });

  it('passes on what was measured', async () => {
    const create: NewBackend = async (choice, options) => {
      assert.equal(choice, 'auto');
      options?.onUnavailable?.('TensorFlow found no NVIDIA GPU.');
      options?.onChoice?.({ backend: fake('webgpu'), measurements: [], reason: 'webgpu is the fastest.' });
      return fake('webgpu');
    };
    await withRunBackend(create, { backend: 'auto' }, onEvent, async (_, send) => send(start));
    assert.match(reason() ?? '', /TensorFlow found no NVIDIA GPU\. webgpu is the fastest\.$/);
  });

  it('goes to wasm where the backend asked for is not to be had: one notice, after the start', async () => {
    const asked: string[] = [];
    const create: NewBackend = async (choice) => {
      asked.push(choice);
      if (choice === 'webgpu') throw new InklingError('backendUnavailable', 'No GPU adapter was found.');
      return fake('wasm');
    };
    await withRunBackend(create, { backend: 'webgpu', threads: 2 }, onEvent, async (_, send) => send(start));
    assert.deepEqual(asked, ['webgpu', 'wasm']);
    assert.equal(reason(), 'No GPU adapter was found.');
    assert.deepEqual(
      events.map(({ event }) => event),
      ['start', 'notice'],
    );
    assert.deepEqual(notices(), [[40, 'No GPU adapter was found. Going on with wasm.']]);
  });

  it('lets any other failure through', async () => {
    const create: NewBackend = async (choice) => {
      if (choice === 'webgpu') throw new InklingError('internal', 'broken');
      return fake('wasm');
    };
    await assert.rejects(
      withRunBackend(create, { backend: 'webgpu' }, onEvent, async () => undefined),
      /broken/,
    );
  });

  it('notes at which step a GPU failed', async () => {
    let fail: (message: string) => void = () => undefined;
    const create: NewBackend = async (_, options) => {
      fail = options?.onFallback ?? fail;
      return fake('webgpu');
    };
    await withRunBackend(create, { backend: 'webgpu' }, onEvent, async (_, send) => {
      send(start);
      send(checkpoint);
      fail('The GPU was lost. Going on with wasm.');
    });
    assert.deepEqual(notices(), [[50, 'The GPU was lost. Going on with wasm.']]);
  });
});
