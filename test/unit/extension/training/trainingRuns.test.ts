/** Training runs with an engine played by the test. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { ModelSummary, TrainRequest } from '../../../../src/common/engineProtocol';
import { InklingError, type ErrorCode } from '../../../../src/common/errors';
import type { DoneEvent, ProgressEvent, StartEvent, TrainEvent } from '../../../../src/common/trainEvents';
import { recipeFor } from '../../../../src/engine/recipes/recipes';
import type { EngineCaller } from '../../../../src/extension/engineHost/engineClient';
import { ModelStore } from '../../../../src/extension/models/modelStore';
import { RunStore } from '../../../../src/extension/training/runStore';
import { FakeClock } from '../fakeClock';
import { TrainingRuns, type RunRequest } from '../../../../src/extension/training/trainingRuns';

interface Training {
  request: TrainRequest;
  say(event: Partial<TrainEvent> & { event: TrainEvent['event'] }): void;
  end(): void;
  fail(code: ErrorCode): void;
}

describe('TrainingRuns', () => {
  const config = { ...recipeFor('nietzsche', 'every-step'), budget: { epochs: 3 } };
  const summary = { network: 'LSTM 1 × 8', heldOutBitsPerCharacter: 2 } as ModelSummary;
  const request: RunRequest = {
    title: 'a.txt',
    sources: [{ name: 'a.txt', path: __filename }],
    uris: ['file:///a.txt'],
    config,
  };
  let folder: string;
  let trainings: Training[];
  let controls: unknown[];
  let heard: () => void;
  let runs: TrainingRuns;
  /** The same workspace in another window, or after a reload. */
  let reloaded: () => TrainingRuns;

  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-training-'));
    trainings = [];
    controls = [];
    const engine = {
      call: (method: string, params: unknown, options?: { onEvent?: (event: TrainEvent) => void }) => {
        if (method === 'control' || method === 'stopJob') return Promise.resolve(controls.push(params));
        return new Promise((resolve, reject) => {
          trainings.push({
            request: params as TrainRequest,
            say: (event) => options?.onEvent?.(event as TrainEvent),
            end: () => resolve({ modelPath: (params as TrainRequest).modelPath, summary }),
            fail: (code) => reject(new InklingError(code, 'it went wrong')),
          });
          heard();
        });
      },
    } as unknown as EngineCaller;
    const store = new RunStore(
      path.join(folder, 'runs'),
      () => false,
      (error) => assert.fail(String(error)),
      new FakeClock(),
    );
    const models = new ModelStore(path.join(folder, 'models'), () => Promise.resolve(summary));
    runs = new TrainingRuns(engine, store, models, () => ({ threads: 2, half: true }));
    reloaded = (): TrainingRuns => {
      const again = new RunStore(
        path.join(folder, 'runs'),
        () => false,
        () => undefined,
        new FakeClock(),
      );
      return new TrainingRuns(
        engine,
        again,
        models,
        () => ({}),
        async (_job, mayChange) => (mayChange ? 'entered' : 'kept'),
      );
    };
  });
  afterEach(async () => {
    await runs.store.flush();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** Starts a run and waits until the engine receives it. */
  async function begin(begun: Promise<unknown>): Promise<Training> {
    begun.catch(() => undefined);
    const before = trainings.length;
    const reached = new Promise<void>((resolve) => (heard = resolve));
    await Promise.race([reached, begun]);
    return trainings[before];
  }
  const start: Partial<StartEvent> & { event: 'start' } = { event: 'start', config, backend: 'wasm', kernel: 'simd' };
  const progress: Partial<ProgressEvent> & { event: 'progress' } = { event: 'progress', step: 4, trainLoss: 2 };
  const done = (reason: DoneEvent['reason']): Partial<DoneEvent> & { event: 'done' } => ({ event: 'done', reason });

  it('records a run from beginning to end, and reports it', async () => {
    const heard: string[] = [];
    runs.onDidStart(({ title }) => heard.push(`started ${title}`));
    runs.onDidTrain(({ event }) => heard.push(event.event));
    const outcome = runs.start(request);
    const training = await begin(outcome);
    assert.equal(runs.active?.title, 'a.txt');
    assert.equal(runs.store.list()[0].state, 'running');
    let changes = 0;
    const counting = runs.onDidChange(() => changes++);
    for (const event of [start, progress, progress]) training.say(event);
    assert.equal(changes, 1, 'the first progress says that the model can write');
    counting.dispose();
    training.say(done('budget'));
    assert.equal(runs.active?.latest?.step, 4);
    assert.equal(runs.active?.text?.unit, 'character');
    training.end();
    const { record } = await outcome;
    assert.equal(runs.active, undefined);
    assert.equal(record.state, 'done');
    assert.equal(record.network, 'LSTM 1 × 8');
    assert.deepEqual(record.sources, [{ name: 'a.txt', uri: 'file:///a.txt' }]);
    assert.deepEqual(heard, ['started a.txt', 'start', 'progress', 'progress', 'done']);
    assert.equal((await runs.store.readEvents(record.id)).length, 4);
  });

  it('follows a job beside a run, stops it, and follows it again after a reload', async () => {
    const own = await begin(runs.start(request));
    const outcome = runs.attach('ray://head:8265/job', 'job');
    const job = await begin(outcome);
    const { id, modelPath } = runs.store.list().find((record) => record.job !== undefined)!;
    assert.deepEqual(job.request, { job: 'ray://head:8265/job', token: undefined, modelPath, threads: 2, half: true });
    for (const event of [start, progress, { ...progress, step: 8 }]) job.say(event);
    assert.equal(runs.active?.latest, undefined, 'the job is not what trains here');
    assert.equal(runs.store.get(id)?.state, 'running');
    await assert.rejects(runs.attach('ray://head:8265/job', 'job'), /already follows the job/);
    await runs.control(id, 'stop');
    assert.deepEqual(controls, [{ job: 'ray://head:8265/job', token: undefined }]);
    await assert.rejects(runs.control(id, 'pause'), /no longer training in this window/);
    await runs.store.flush();

    const later = reloaded();
    const reached = new Promise<void>((resolve) => (heard = resolve));
    await later.load();
    await reached;
    const again = trainings.at(-1)!;
    assert.equal(later.store.get(id)?.state, 'running');
    const tokenOf = ({ request }: Training): unknown => (request as { token?: string }).token;
    assert.equal(tokenOf(again), 'kept');
    // It reports everything from its beginning.
    for (const event of [start, progress, done('stopped')]) again.say(event);
    assert.deepEqual(
      (await later.store.readEvents(id)).map(({ event }) => event),
      ['start', 'progress', 'done'],
    );
    again.end();
    await new Promise<void>((resolve) => later.onDidChange(resolve));
    assert.equal(later.store.get(id)?.state, 'stopped');
    own.end();
    job.end();
    await outcome;

    // A token that was wrong can be entered again.
    const attached = later.attach('ray://head:8265/job', 'job');
    const last = await begin(attached);
    assert.equal(tokenOf(last), 'entered');
    last.end();
    assert.equal((await attached).record.id, id);
  });

  it('distinguishes how a run ended', async () => {
    const endings = [
      ['engineExited', 'interrupted'],
      ['cancelled', 'stopped'],
      ['outOfMemory', 'failed'],
    ] as const;
    for (const [code, state] of endings) {
      const outcome = runs.start(request);
      const training = await begin(outcome);
      training.fail(code);
      await assert.rejects(outcome);
      const record = runs.store.get(training.request.runId);
      assert.equal(record?.state, state);
      assert.equal(record?.message, 'it went wrong');
      assert.equal(runs.active, undefined);
    }
    const outcome = runs.start(request);
    const stopped = await begin(outcome);
    stopped.say(done('stopped'));
    stopped.end();
    assert.equal((await outcome).record.state, 'stopped');
  });

  it('refuses a second run, even one started at the same moment', async () => {
    const both = [runs.start(request), runs.start(request)];
    const training = await begin(Promise.allSettled(both));
    await assert.rejects(runs.start(request), /already/);
    training.end();
    const results = await Promise.allSettled(both);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(trainings.length, 1);
  });

  it('controls only the run in progress, and remembers a pause', async () => {
    const outcome = runs.start(request);
    const training = await begin(outcome);
    const { runId } = training.request;
    await runs.control(runId, 'pause');
    assert.equal(runs.active?.paused, true);
    assert.equal(runs.store.get(runId)?.state, 'paused');
    training.say({ event: 'notice', kind: 'resumed', step: 1, message: '' });
    assert.equal(runs.active?.paused, false);
    await assert.rejects(runs.control('another', 'stop'), /no longer training/);
    await runs.control(runId, 'stop');
    assert.deepEqual(controls, [
      { runId, action: 'pause' },
      { runId, action: 'stop' },
    ]);
    training.end();
    await outcome;
  });

  it('continues an interrupted run on the same text, if the engine finds its checkpoint, within its budget', async () => {
    const first = runs.start(request);
    const training = await begin(first);
    const { runId, modelPath } = training.request;
    training.say(start);
    training.fail('engineExited');
    await assert.rejects(first);
    fs.writeFileSync(`${modelPath}.checkpoint`, '');
    const again = await begin(runs.resume(runId));
    assert.equal(again.request.runId, runId);
    assert.equal(again.request.resumePath, modelPath);
    assert.deepEqual(again.request.sources, request.sources);
    assert.deepEqual(again.request.config, config);
    assert.deepEqual([again.request.threads, again.request.half], [2, true]);
    again.end();
  });

  it('continues a run that used up its budget for as long again, from its model', async () => {
    const first = runs.start(request);
    const training = await begin(first);
    training.say(start);
    training.say(done('budget'));
    fs.writeFileSync(training.request.modelPath, '');
    training.end();
    await first;
    const again = await begin(runs.resume(training.request.runId));
    assert.equal(again.request.resumePath, training.request.modelPath);
    assert.deepEqual((again.request.config as typeof config).budget, config.budget);
    assert.equal(again.request.further, true);
    again.end();
  });

  it('continues for as many more epochs as requested', async () => {
    const first = runs.start(request);
    const training = await begin(first);
    training.say(start);
    training.say(done('budget'));
    fs.writeFileSync(training.request.modelPath, '');
    training.end();
    await first;
    const again = await begin(runs.resume(training.request.runId, 1));
    assert.deepEqual((again.request.config as typeof config).budget, { epochs: 1 });
    assert.equal(again.request.further, true);
    again.end();
  });

  it('says why a run cannot be continued', async () => {
    await assert.rejects(runs.resume('unknown'), /text of this run no longer exists/);
    const first = runs.start(request);
    const training = await begin(first);
    training.fail('internal');
    await assert.rejects(first);
    await assert.rejects(runs.resume(training.request.runId), /before training began/);
  });

  it('refuses to delete the model in training, and says what to do', async () => {
    const outcome = runs.start(request);
    const training = await begin(outcome);
    const { modelPath } = training.request;
    assert.throws(() => runs.refuseWhileTraining(modelPath), /a\.txt.*Stop Training/);
    runs.refuseWhileTraining(`${modelPath}.other`);
    training.end();
    await outcome;
    runs.refuseWhileTraining(modelPath);
  });
});
