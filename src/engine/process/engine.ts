/**
 * The API of the engine process. The engine itself computes nothing, so it always answers immediately. Each run trains
 * in its own thread, and the sampler thread answers everything that needs a trained model; during a run it uses the
 * snapshots of weights that the run publishes.
 */
import * as fs from 'node:fs';
import type { EngineDescription, EngineMethods, TextSource, TrainRequest } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import type { TrainEvent } from '../../common/trainEvents';
import { gpuMethods } from '../backends';
import { openJobSource } from '../exchange/jobs/jobSource';
import { readModelMetadata } from '../model/modelFile';
import { summariseModel } from '../model/modelSummary';
import { recipeFor, recipes } from '../recipes/recipes';
import type { Call, Caller, Handlers } from '../../common/rpc/methods';
import type { LiveModel } from './modelShelf';
import type { SamplerMethods } from './samplerThread';
import type { Thread } from './threadClient';
import type { TrainerMethods } from './trainerThread';

/** Creates the threads; tests pass their own. */
export interface EngineThreads {
  startSampler: () => Thread<SamplerMethods>;
  startTrainer: () => Thread<TrainerMethods>;
}

interface Run {
  thread: Thread<TrainerMethods>;
  modelPath: string;
  live?: LiveModel;
}

export class Engine {
  private readonly runs = new Map<string, Run>();
  /** The texts that the models of this process were trained on, by model path: to find what a sample copied. */
  private readonly sources = new Map<string, readonly TextSource[]>();
  /** Waiting, at the end, for a run to write its checkpoint. */
  private readonly whenPaused = new Map<string, () => void>();
  private sampler: Thread<SamplerMethods> | undefined;

  constructor(
    private readonly describe: () => EngineDescription,
    private readonly threads: EngineThreads,
  ) {}

  readonly handlers: Handlers<EngineMethods> = {
    ...gpuMethods,
    describe: () => this.describe(),
    recipes: () =>
      recipes.flatMap(({ id, title, text, objectives }) =>
        objectives.map((objective, i) => ({
          id: i === 0 ? id : `${id}:${objective}`,
          title: i === 0 ? title : `${title} (${objective})`,
          text,
          config: recipeFor(id, objective),
        })),
      ),
    train: (request, call) => this.train(request, call),
    control: async (params) => {
      const run = this.runs.get(params.runId);
      if (!run) throw new InklingError('invalidInput', sentence('This run has ended.'));
      return run.thread.call('control', params);
    },
    yieldThread: async (params) => {
      await this.runs.get(params.runId)?.thread.call('yieldThread', params);
      return null;
    },
    plan: (params, call) => this.inOwnThread('plan', params, call),
    estimate: (params, call) => this.inOwnThread('estimate', params, call),
    overused: (params, call) => this.inOwnThread('overused', params, call),
    inside: (params, call) => this.inOwnThread('inside', params, call),
    baselines: (params, call) => this.inOwnThread('baselines', params, call),
    exportJob: (params, call) => this.inOwnThread('exportJob', params, call),
    attachJob: (params, call) => this.inOwnThread('attachJob', params, call),
    stopJob: async ({ job, token }) => {
      await (await openJobSource(job, token)).stop();
      return null;
    },
    updateDocument: (params, call) => this.samplerThread().call('updateDocument', params, call),
    closeDocument: async (params) => {
      this.tellSampler((call) => call('closeDocument', params));
      return null;
    },
    knowTexts: (params, call) => this.samplerThread().call('knowTexts', params, call),
    chooseBase: (params, call) => this.samplerThread().call('chooseBase', params, call),
    sample: (params, call) => this.askSampler('sample', params, call),
    considered: (params, call) => this.askSampler('considered', params, call),
    complete: (params, call) => this.askSampler('complete', params, call),
    measureBeside: (params, call) => this.askSampler('measureBeside', params, call),
    surprise: (params, call) => this.askSampler('surprise', params, call),
    expected: (params, call) => this.askSampler('expected', params, call),
    inspect: async ({ path }) => summariseModel(path, await readModelMetadata(path)),
    classify: (params, call) => this.askSampler('classify', params, call),
    describeClassifier: (params, call) => this.askSampler('describeClassifier', params, call),
    labelledColumns: (params, call) => this.inOwnThread('labelledColumns', params, call),
    trainClassifier: (params, call) => this.inOwnThread('trainClassifier', params, call),
  };

  /** Saves a checkpoint of every run, then ends all threads. Takes at most about `patienceMs`. */
  async close(patienceMs: number): Promise<void> {
    const runs = [...this.runs];
    const paused = runs.map(([runId, run]) => this.pauseForGood(runId, run));
    await Promise.race([Promise.allSettled(paused), new Promise((resolve) => setTimeout(resolve, patienceMs).unref())]);
    await Promise.allSettled([...runs.map(([, run]) => run.thread.dispose()), this.sampler?.dispose()]);
  }

  private async train(
    request: TrainRequest,
    { signal, onEvent }: Call<TrainEvent>,
  ): Promise<EngineMethods['train']['result']> {
    const { runId, modelPath, sources } = request;
    if (this.runs.has(runId)) throw new InklingError('invalidInput', `There is already a run "${runId}".`);
    if ([...this.runs.values()].some((other) => other.modelPath === modelPath)) {
      throw new InklingError('invalidInput', sentence('This model is already being trained; stop that run first.'));
    }
    const run: Run = { thread: this.threads.startTrainer(), modelPath };
    this.runs.set(runId, run);
    // The thread must outlive a cancelled call: the run is stopped like any other and keeps its model.
    signal.addEventListener(
      'abort',
      () => void run.thread.call('control', { runId, action: 'stop' }).catch(() => undefined),
    );
    this.noteSources(modelPath, sources);
    try {
      return await run.thread.call('train', request, {
        onEvent: (event) => {
          if (event.event === 'published') this.announce(run, event.live);
          else {
            onEvent(event);
            if (event.event === 'notice' && event.kind === 'paused') this.whenPaused.get(runId)?.();
          }
        },
      });
    } finally {
      this.runs.delete(runId);
      if (run.live) this.tellSampler((call) => call('retire', { modelPath }));
      await run.thread.dispose();
    }
  }

  private pauseForGood(runId: string, run: Run): Promise<void> {
    return new Promise((resolve, reject) => {
      this.whenPaused.set(runId, resolve);
      run.thread.call('control', { runId, action: 'pause' }).catch(reject);
    });
  }

  /** Does one piece of heavy work in its own thread, which ends with the call. */
  private async inOwnThread<
    K extends
      | 'plan'
      | 'estimate'
      | 'baselines'
      | 'inside'
      | 'overused'
      | 'labelledColumns'
      | 'trainClassifier'
      | 'exportJob'
      | 'attachJob',
  >(
    method: K,
    params: TrainerMethods[K]['params'],
    call: Call<TrainerMethods[K]['event']>,
  ): Promise<TrainerMethods[K]['result']> {
    const thread = this.threads.startTrainer();
    try {
      return await thread.call(method, params, call);
    } finally {
      await thread.dispose();
    }
  }

  private askSampler<
    K extends
      | 'sample'
      | 'considered'
      | 'complete'
      | 'measureBeside'
      | 'surprise'
      | 'expected'
      | 'classify'
      | 'describeClassifier',
  >(
    method: K,
    params: SamplerMethods[K]['params'],
    call: Call<SamplerMethods[K]['event']>,
  ): Promise<SamplerMethods[K]['result']> {
    const { modelPath } = params as { modelPath: string };
    for (const run of this.runs.values()) {
      if (run.modelPath === modelPath && !run.live && !fs.existsSync(modelPath)) {
        const message = 'Training has only just begun; try again in a few seconds.';
        return Promise.reject(new InklingError('invalidInput', message));
      }
    }
    return this.samplerThread().call(method, params, call);
  }

  /** Started when it is first needed, and again after a crash; then it receives the current state. */
  private samplerThread(): Thread<SamplerMethods> {
    if (this.sampler && !this.sampler.isGone) return this.sampler;
    this.sampler = this.threads.startSampler();
    for (const [modelPath, sources] of this.sources) {
      this.tellSampler((call) => call('noteSources', { modelPath, sources }));
    }
    for (const { live } of this.runs.values()) if (live) this.tellSampler((call) => call('announce', live));
    return this.sampler;
  }

  private announce(run: Run, live: LiveModel): void {
    run.live = live;
    this.tellSampler((call) => call('announce', live));
  }

  private noteSources(modelPath: string, sources: readonly TextSource[]): void {
    this.sources.set(modelPath, sources);
    this.tellSampler((call) => call('noteSources', { modelPath, sources }));
  }

  /** A message to a running sampler; if it dies, the message is repeated when it is restarted. */
  private tellSampler(tell: (call: Caller<SamplerMethods>) => Promise<null>): void {
    if (this.sampler && !this.sampler.isGone) tell(this.sampler.call).catch(() => undefined);
  }
}
