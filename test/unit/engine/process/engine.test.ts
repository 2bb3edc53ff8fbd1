/** The engine with its threads in this process and the reference backend: how runs, snapshots and samples meet. */
import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { EngineMethods, TrainRequest } from '../../../../src/common/engineProtocol';
import type { Reason } from '../../../../src/common/reasons';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import { InklingError, type ErrorCode } from '../../../../src/common/errors';
import type { Backend } from '../../../../src/engine/backends/backend';
import {
  createReferenceBackend,
  createReferenceStepper,
} from '../../../../src/engine/backends/reference/referenceBackend';
import { Engine } from '../../../../src/engine/process/engine';
import { CallClient } from '../../../../src/common/rpc/callClient';
import { CallServer } from '../../../../src/common/rpc/callServer';
import type { Caller, Handlers, Methods } from '../../../../src/common/rpc/methods';
import { samplerHandlers, type SamplerMethods } from '../../../../src/engine/process/samplerThread';
import type { Thread } from '../../../../src/engine/process/threadClient';
import { trainerHandlers, type TrainerMethods } from '../../../../src/engine/process/trainerThread';
import { wordsIn } from '../../../../src/engine/generation/knownWords';
import { sourceIn, tinyConfig, tinyText } from './tinyRun';

const withCode = (code: ErrorCode) => (error: unknown) => error instanceof InklingError && error.code === code;
/** Opening a backend waits for this. */
let opening: Promise<void> = Promise.resolve();
/** The milliseconds for which backends were asked to yield a thread. */
let yielded: number[] = [];

async function backend(): Promise<Backend> {
  await opening;
  const reference = createReferenceBackend();
  return {
    ...reference,
    createNetwork: async (...asked) => {
      const network = await reference.createNetwork(...asked);
      network.yieldThread = (milliseconds) => void yielded.push(milliseconds);
      return network;
    },
  };
}

/** The handlers as in a thread; `die` simulates a crash. */
function localThread<M extends Methods<M>>(handlers: Handlers<M>): Thread<M> & { die: () => void } {
  const called: number[] = [];
  const client = new CallClient<M>((frame) => {
    called.push(frame.id);
    queueMicrotask(() => server.receive(frame));
  });
  const server = new CallServer<M>(handlers, (frame) => queueMicrotask(() => client.receive(frame)));
  let isGone = false;
  const die = (): void => {
    isGone = true;
    for (const id of called) server.receive({ type: 'cancel', id });
    client.fail(new InklingError('engineExited', 'A part of the engine ended; try again.'));
  };
  return {
    call: client.call,
    get isGone() {
      return isGone;
    },
    dispose: async () => die(),
    die,
  };
}

describe('engine', () => {
  let folder: string;
  let engine: Engine;
  let call: Caller<EngineMethods>;
  let samplers: ReturnType<typeof localThread<SamplerMethods>>[];

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-engine-'));
    samplers = [];
    opening = Promise.resolve();
    engine = new Engine(
      () => ({ version: '0', node: process.version, pid: 0, backend: 'reference', kernel: 'float64', threads: 1 }),
      {
        startSampler: () => {
          samplers.push(localThread(samplerHandlers(createReferenceStepper, backend)));
          return samplers.at(-1)!;
        },
        startTrainer: () => localThread<TrainerMethods>(trainerHandlers(backend)),
      },
    );
    ({ call } = localThread<EngineMethods>(engine.handlers));
  });

  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const request = (changes: Partial<TrainRequest> = {}): TrainRequest => ({
    runId: 'run',
    sources: [sourceIn(folder)],
    config: tinyConfig(
      { maxSteps: 12 },
      {
        network: {
          cell: 'gru',
          input: { kind: 'one-hot' },
          layers: [{ units: 8, dropout: 0 }],
          initialisation: { kind: 'keras' },
        },
        evaluation: { every: 4, maximumTargets: 100 },
      },
    ),
    modelPath: path.join(folder, 'fox.safetensors'),
    ...changes,
  });
  const streams = [{ temperature: 1, seed: 1, length: 10 }];

  it('lists the recipes, each with its objectives', async () => {
    const recipes = await call('recipes', {});
    assert.ok(recipes.some(({ id, config }) => id === 'nietzsche' && config.objective.kind === 'last-step'));
    assert.ok(
      recipes.some(({ id, config }) => id === 'nietzsche:every-step' && config.objective.kind === 'every-step'),
    );
    assert.equal(new Set(recipes.map(({ id }) => id)).size, recipes.length);
  });

  it('samples the snapshot while a run trains, and the file afterwards', async () => {
    const params = request();
    const { modelPath } = params;
    const live: string[] = [];
    let sampling: Promise<unknown> = Promise.resolve();
    await call('train', params, {
      onEvent: (event) => {
        if (event.event !== 'epoch') return;
        sampling = call('sample', { modelPath, prompt: 'the ', streams }).then(
          ({ texts }) => live.push(texts[0]),
          (error) => assert.ok(withCode('invalidInput')(error), String(error)),
        );
      },
    });
    await sampling;
    const { texts } = await call('sample', { modelPath, prompt: 'the ', streams });
    assert.equal(texts[0].length, 10);
    assert.ok(live.every((text) => text.length === 10));
  });

  it('replaces a sampler that has died by one that knows the same', async () => {
    const { modelPath } = request();
    await call('train', request());
    const before = await call('sample', { modelPath, prompt: 'the ', streams });
    assert.notEqual(before.copies[0].novelShare, undefined);
    const pending = call('sample', { modelPath, prompt: 'the ', streams: [{ temperature: 1, seed: 1, length: 1e8 }] });
    await new Promise((resolve) => setImmediate(resolve));
    samplers[0].die();
    await assert.rejects(pending, withCode('engineExited'));
    const after = await call('sample', { modelPath, prompt: 'the ', streams });
    assert.deepEqual(after.copies, before.copies);
    assert.equal(samplers.length, 2);
  });

  it('takes words of the prompt for real, as it does where only real words are asked for', async () => {
    const { modelPath } = request();
    await call('train', request());
    const asked = [{ temperature: 0.5, seed: 1, length: 80, mustContain: ['wherezog'] }];
    const { texts, copies } = await call('sample', { modelPath, prompt: 'the wherezog ', streams: asked });
    const words = [...wordsIn(texts[0])].slice(1, -1);
    const own = new Set([...wordsIn(tinyText), 'wherezog']);
    assert.ok(words.includes('wherezog'), texts[0]);
    assert.ok(copies[0].realWordShare! >= words.filter((word) => own.has(word)).length / words.length);
  });

  it('reloads a model when its file has changed', async () => {
    const { modelPath } = request();
    await call('train', request());
    const ask = () => call('considered', { modelPath, prompt: 'the quick', count: 1 });
    const [before] = await ask();
    assert.deepEqual(await ask(), [before]);
    await call(
      'train',
      request({ runId: 'second', config: { ...request().config, seed: 99 } as TrainRequest['config'] }),
    );
    const [after] = await ask();
    assert.notEqual(after.probability, before.probability);
  });

  it('does not unload a model while it is in use', async () => {
    await call('train', request());
    const paths = Array.from({ length: 6 }, (_, i) => path.join(folder, `${i}.safetensors`));
    for (const copy of paths) fs.copyFileSync(request().modelPath, copy);
    const controller = new AbortController();
    let heard = (): void => undefined;
    const nextDelta = (): Promise<void> => new Promise((resolve) => (heard = resolve));
    const begun = nextDelta();
    const long = call(
      'sample',
      { modelPath: paths[0], prompt: 'the ', streams: [{ temperature: 1, seed: 1, length: 1e8 }] },
      { signal: controller.signal, onEvent: () => heard() },
    );
    await begun;
    for (const modelPath of paths.slice(1)) await call('considered', { modelPath, prompt: 'the ', count: 1 });
    await Promise.race([nextDelta(), long]);
    controller.abort();
    await assert.rejects(long, withCode('cancelled'));
  });

  it('reports no copies if the training text is unavailable', async () => {
    await call('train', request());
    const copy = path.join(folder, 'copy.safetensors');
    fs.copyFileSync(request().modelPath, copy);
    const { copies } = await call('sample', { modelPath: copy, prompt: 'the ', streams });
    assert.deepEqual(copies, [{ runs: [] }]);
  });

  it('finds the training text if the model names a file that is still the same', async () => {
    const name = path.join(folder, 'fox.txt');
    fs.writeFileSync(name, tinyText);
    await call('train', request({ sources: [{ name, path: name }] }));
    const copy = path.join(folder, 'copy.safetensors');
    const sample = async () => (await call('sample', { modelPath: copy, prompt: 'the ', streams })).copies[0];
    fs.copyFileSync(request().modelPath, copy);
    assert.equal(typeof (await sample()).novelShare, 'number');
    fs.writeFileSync(name, `${tinyText} and more`);
    const other = path.join(folder, 'other.safetensors');
    fs.copyFileSync(copy, other);
    const { copies } = await call('sample', { modelPath: other, prompt: 'the ', streams });
    assert.deepEqual(copies, [{ runs: [] }]);
  });

  it('opens no path that a model names', async () => {
    const elsewhere = path.join(folder, 'elsewhere');
    fs.mkdirSync(elsewhere);
    const text = path.join(elsewhere, 'own.txt');
    fs.writeFileSync(text, tinyText);
    const names = [text];
    if (process.platform !== 'win32') {
      // Neither has an end; the pipe is where a text of the model might be.
      execFileSync('mkfifo', [path.join(elsewhere, 'pipe'), path.join(folder, 'pipe')]);
      names.push('/dev/zero', path.join(elsewhere, 'pipe'), 'pipe', '..');
    }
    for (const [i, name] of names.entries()) {
      await call('train', request({ sources: [{ name, path: text }] }));
      const copy = path.join(folder, `named ${i}.safetensors`);
      fs.copyFileSync(request().modelPath, copy);
      const { copies } = await call('sample', { modelPath: copy, prompt: 'the ', streams });
      assert.deepEqual(copies, [{ runs: [] }], name);
    }
  });

  it('refuses to train on anything but a regular file', async function () {
    if (process.platform === 'win32') return this.skip();
    const pipe = path.join(folder, 'endless');
    execFileSync('mkfifo', [pipe]);
    const sources = [{ name: 'endless', path: pipe }];
    await assert.rejects(call('train', request({ sources })), /endless is not a regular file\. Choose/);
  });

  it('saves a checkpoint of every run when it closes', async () => {
    const params = request();
    const config = { ...(params.config as ReturnType<typeof tinyConfig>), budget: { maxSteps: 1e6 } };
    let begun: () => void;
    const epoch = new Promise<void>((resolve) => (begun = resolve));
    const run = call('train', { ...params, config }, { onEvent: (event) => event.event === 'epoch' && begun() });
    run.catch(() => undefined);
    await epoch;
    await engine.close(20_000);
    await assert.rejects(run);
    assert.ok(fs.existsSync(`${params.modelPath}.checkpoint`));
  });

  it('adds more minutes when a model is continued, keeping its settings', async () => {
    const { modelPath } = request();
    await call('train', request());
    const begun = await call('inspect', { path: modelPath });
    const params = request({ runId: 'more', resumePath: modelPath, config: { auto: true, minutes: 0.1 } });
    let fromStep = 0;
    const { summary } = await call('train', params, {
      onEvent: (event) => event.event === 'start' && (fromStep = event.fromStep),
    });
    assert.equal(fromStep, 12);
    assert.ok(summary.steps > begun.steps);
    assert.deepEqual(summary.config!.network, begun.config!.network);
  });

  it('reports why a plan chose the settings of a run', async () => {
    const reasons: Reason[] = [{ kind: 'dropout', passes: 7, dropout: 0.1 }];
    const { config: planned } = request();
    let told: unknown;
    await call('train', request({ config: { planned: planned as TrainingConfig, reasons } }), {
      onEvent: (event) => event.event === 'start' && (told = event.reasons),
    });
    assert.deepEqual(told, reasons);
  });

  it('keeps a memory with a model that configures itself, unless told not to', async () => {
    for (const memory of ['on', 'off'] as const) {
      const config = { auto: true, minutes: 0.02, memory } as const;
      const { summary } = await call('train', request({ runId: memory, config }));
      assert.equal(summary.config!.memory, memory);
      assert.equal(summary.heldOutNetworkLoss !== undefined, memory === 'on');
    }
  });

  it('lets a run yield a thread while the user types, and ignores the request once it has ended', async () => {
    yielded = [];
    let asked: Promise<null> | undefined;
    await call('train', request(), {
      onEvent: (event) => {
        if (event.event === 'epoch') asked ??= call('yieldThread', { runId: 'run', milliseconds: 250 });
      },
    });
    await asked;
    assert.deepEqual(yielded, [250]);
    assert.equal(await call('yieldThread', { runId: 'run', milliseconds: 1 }), null);
  });

  it('responds while it is still opening its backend, which takes a GPU some time', async () => {
    let open: () => void;
    opening = new Promise((resolve) => (open = resolve));
    const params = request();
    const config = { ...(params.config as ReturnType<typeof tinyConfig>), budget: { maxSteps: 1e6 } };
    let reason = '';
    const run = call(
      'train',
      { ...params, config },
      { onEvent: (event) => event.event === 'done' && (reason = event.reason) },
    );
    await call('control', { runId: 'run', action: 'stop' });
    open!();
    assert.equal((await run).summary.steps, 0);
    assert.equal(reason, 'stopped');
  });

  it('keeps the checkpoint of a paused run when it closes, at once', async () => {
    const params = request();
    const config = { ...(params.config as ReturnType<typeof tinyConfig>), budget: { maxSteps: 1e6 } };
    let paused: () => void;
    const hasPaused = new Promise<void>((resolve) => (paused = resolve));
    const run = call(
      'train',
      { ...params, config },
      { onEvent: (event) => event.event === 'notice' && event.kind === 'paused' && paused() },
    );
    run.catch(() => undefined);
    await call('control', { runId: 'run', action: 'pause' });
    await hasPaused;
    fs.rmSync(`${params.modelPath}.checkpoint`);
    // Longer than the test may take: it must not wait for a word that never comes.
    await engine.close(3_600_000);
    await assert.rejects(run);
    assert.ok(fs.existsSync(`${params.modelPath}.checkpoint`));
  });

  it('refuses to control a finished run', async () => {
    await assert.rejects(call('control', { runId: 'none', action: 'stop' }), withCode('invalidInput'));
  });
});
