/**
 * Runs training: one run at a time per window, recorded in the run store and controlled by id. What the user sees is
 * elsewhere (trainingProgress.ts, the Studio).
 */
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import type { ComputeRequest, JobReference, ModelSummary, TrainRequest } from '../../common/engineProtocol';
import { asInklingError, InklingError } from '../../common/errors';
import { t } from '../../common/l10n';
import type { DoneEvent, ProgressEvent, StartEvent, TrainEvent } from '../../common/trainEvents';
import type { TextConfig } from '../../common/trainingConfig';
import { Emitter } from '../emitter';
import type { EngineCaller } from '../engineHost/engineClient';
import type { ModelStore } from '../models/modelStore';
import type { RunRecord, RunStore } from './runStore';

export interface RunRequest extends Omit<TrainRequest, 'runId' | 'modelPath'> {
  title: string;
  /** The origins of the sources, in the same order; undefined for a text without one. */
  uris: (string | undefined)[];
}

/** The texts of a run as they are kept for it. */
export type KeptText = Pick<RunRequest, 'title' | 'sources' | 'uris'>;

export interface ActiveRun {
  readonly id: string;
  readonly title: string;
  readonly modelPath: string;
  /** As soon as there is one, the model of the run can write. */
  readonly latest?: ProgressEvent;
  /** How it reads its text, once known. */
  readonly text?: TextConfig;
  /** The backend, once known: "wasm (relaxed SIMD)". */
  readonly device?: string;
  readonly paused: boolean;
}

export type RunOutcome = { record: RunRecord; summary: ModelSummary };

export interface StartedRun {
  id: string;
  title: string;
  outcome: Promise<RunOutcome>;
}

export class TrainingRuns {
  private readonly changed = new Emitter<void>();
  /** The list of runs, or the state of one, changed; also fired at the first event of the run in progress. */
  readonly onDidChange = this.changed.event;
  private readonly trained = new Emitter<{ runId: string; event: TrainEvent; index: number }>();
  /** `index` is the position of the event in the result of `readEvents`. */
  readonly onDidTrain = this.trained.event;
  private readonly started = new Emitter<StartedRun>();
  /** A run has started, new or resumed. */
  readonly onDidStart = this.started.event;
  private run: { -readonly [K in keyof ActiveRun]: ActiveRun[K] } | undefined;
  /** The jobs that this window follows, with their tokens. */
  private readonly jobs = new Map<string, JobReference>();

  constructor(
    private readonly engine: EngineCaller,
    readonly store: RunStore,
    private readonly models: ModelStore,
    /** The backend options of a resumed run. */
    private readonly machine: () => ComputeRequest,
    /** The token of the cluster that a job runs on, if it needs one; the user may change one that is kept. */
    private readonly tokenOf: (job: string, mayChange: boolean) => Promise<string | undefined> = async () => undefined,
  ) {}

  get active(): ActiveRun | undefined {
    return this.run;
  }

  /** Reads the runs of earlier sessions. */
  async load(): Promise<void> {
    await this.store.load();
    // Jobs continue without this window, which now follows them again.
    for (const { id, job, state } of this.store.list()) {
      if (job !== undefined && state === 'interrupted') this.resume(id).catch(() => undefined);
    }
    this.changed.fire();
  }

  /** Follows a job that trains elsewhere, beside what trains here; resolves when its model is here. */
  async attach(job: string, title: string): Promise<RunOutcome> {
    await this.store.load();
    const known = this.store.list().find((record) => record.job === job);
    const record: RunRecord = known ?? {
      id: randomUUID(),
      title,
      startedAt: new Date().toISOString(),
      state: 'running',
      modelPath: await this.models.newPath(title),
      sources: [],
      owner: process.pid,
      job,
    };
    return this.follow(record, true);
  }

  private async follow(record: RunRecord, mayChangeToken: boolean): Promise<RunOutcome> {
    const { id, job, modelPath } = record;
    if (job === undefined || this.jobs.has(id)) {
      throw new InklingError('invalidInput', t('This window already follows the job. Its Training tab shows it.'));
    }
    const reference = { job, token: await this.tokenOf(job, mayChangeToken) };
    this.jobs.set(id, reference);
    try {
      await this.store.forgetEvents(id);
      await this.store.create({ ...record, state: 'running', owner: process.pid, message: undefined }, []);
      this.changed.fire();
      const request = { ...reference, modelPath, ...this.machine() };
      const result = await this.engine.call('attachJob', request, { onEvent: (event) => this.receive(id, event) });
      return await this.keepResult(record, result.summary);
    } catch (error) {
      throw await this.keepFailure(id, error);
    } finally {
      this.jobs.delete(id);
      this.changed.fire();
    }
  }

  /** Trains a new model; resolves when the run has ended with a model, even if it was stopped. */
  async start(request: RunRequest): Promise<RunOutcome> {
    this.refuseSecondRun();
    const modelPath = await this.models.newPath(request.title);
    return this.begin(randomUUID(), modelPath, request);
  }

  /**
   * Continues a run on the text it read: to its end if it was interrupted, for as long again if it had ended, or for
   * `epochs` more.
   */
  async resume(id: string, epochs?: number): Promise<RunOutcome> {
    await this.store.load();
    const record = this.store.get(id);
    if (record?.job !== undefined) return this.follow(record, false);
    this.refuseSecondRun();
    const sources = await this.store.readSources(id);
    if (!record || sources.length === 0) {
      throw new InklingError('invalidInput', t('The text of this run no longer exists. Train on the file again.'));
    }
    const events = await this.store.readEvents(id);
    const start = events.findLast((event) => event.event === 'start');
    if (!start) {
      throw new InklingError('invalidInput', t('This run ended before training began. Train on the file again.'));
    }
    return this.begin(id, record.modelPath, {
      title: record.title,
      sources,
      uris: record.sources.map((source) => source.uri),
      config: epochs === undefined ? start.config : { ...start.config, budget: { epochs } },
      further: epochs !== undefined || record.state === 'done',
      ...this.machine(),
      // The engine looks for a checkpoint next to it; a run that has left neither starts again.
      resumePath: ['', '.checkpoint'].some((end) => fs.existsSync(record.modelPath + end))
        ? record.modelPath
        : undefined,
    });
  }

  /** Pauses, resumes or stops the current run; takes effect within a step. */
  async control(id: string, action: 'pause' | 'resume' | 'stop'): Promise<void> {
    const job = this.jobs.get(id);
    if (job && action === 'stop') return void (await this.engine.call('stopJob', job));
    if (this.run?.id !== id) {
      throw new InklingError(
        'invalidInput',
        t('This run is no longer training in this window. Resume it to train it here.'),
      );
    }
    await this.engine.call('control', { runId: id, action });
    if (action !== 'stop') await this.setPaused(action === 'pause');
  }

  /** Throws `invalidInput` for the model being trained: its run would write it again. */
  refuseWhileTraining(modelPath: string): void {
    if (this.run?.modelPath !== modelPath) return;
    throw new InklingError(
      'invalidInput',
      t(
        'Inkling is training {0}. Stop that run first ("Inkling: Stop Training and Keep the Model"), then delete the model.',
        this.run.title,
      ),
    );
  }

  private refuseSecondRun(): void {
    if (!this.run) return;
    throw new InklingError(
      'invalidInput',
      t(
        'Inkling is already training on {0}. Stop that run first ("Inkling: Stop Training and Keep the Model").',
        this.run.title,
      ),
    );
  }

  private begin(id: string, modelPath: string, request: RunRequest): Promise<RunOutcome> {
    this.refuseSecondRun(); // another one may have started while this one was being prepared
    const outcome = this.train(id, modelPath, request);
    this.started.fire({ id, title: request.title, outcome });
    return outcome;
  }

  private async train(id: string, modelPath: string, { uris, ...request }: RunRequest): Promise<RunOutcome> {
    this.run = { id, title: request.title, modelPath, paused: false };
    const record: RunRecord = {
      id,
      title: request.title,
      startedAt: new Date().toISOString(),
      state: 'running',
      modelPath,
      sources: request.sources.map((source, i) => ({ name: source.name, uri: uris[i] })),
      owner: process.pid,
    };
    try {
      await this.store.create({ ...this.store.get(id), ...record, message: undefined }, request.sources);
      this.changed.fire();
      const onEvent = (event: TrainEvent): void => this.receive(id, event);
      const result = await this.engine.call('train', { ...request, runId: id, modelPath }, { onEvent });
      return await this.keepResult(record, result.summary);
    } catch (error) {
      throw await this.keepFailure(id, error);
    } finally {
      this.run = undefined;
      this.changed.fire();
    }
  }

  private async keepResult(record: RunRecord, summary: ModelSummary): Promise<RunOutcome> {
    const { id } = record;
    await this.store.flush();
    const bits = summary.heldOutBitsPerCharacter ?? undefined;
    // A stop was recorded when the `done` event reported it.
    const state = this.store.get(id)?.state === 'stopped' ? 'stopped' : 'done';
    await this.store.update(id, { state, network: summary.network, heldOutBitsPerCharacter: bits });
    await this.models.refresh();
    return { record: this.store.get(id) ?? record, summary };
  }

  /** Returns the error. */
  private async keepFailure(id: string, error: unknown): Promise<unknown> {
    const { code, message } = asInklingError(error);
    const state = code === 'engineExited' ? 'interrupted' : code === 'cancelled' ? 'stopped' : 'failed';
    await this.store.update(id, { state, message });
    // Its checkpoint is in the list from now on.
    await this.models.refresh();
    return error;
  }

  private receive(id: string, event: TrainEvent): void {
    const index = this.store.append(id, event);
    if (this.run?.id === id && event.event === 'progress') {
      const isFirst = this.run.latest === undefined;
      this.run.latest = event;
      if (isFirst) this.changed.fire();
    }
    if (this.run?.id === id && event.event === 'start') this.run.text = event.config.text;
    if (event.event === 'start' || event.event === 'done') this.noteDevice(id, event);
    if (this.run?.id === id && event.event === 'notice') {
      if (event.kind === 'paused') void this.setPaused(true);
      if (event.kind === 'resumed') void this.setPaused(false);
    }
    if (event.event === 'epoch' && event.heldOutBitsPerCharacter !== undefined) {
      void this.store.update(id, { heldOutBitsPerCharacter: event.heldOutBitsPerCharacter });
    }
    if (event.event === 'done' && event.reason === 'stopped') void this.store.update(id, { state: 'stopped' });
    this.trained.fire({ runId: id, event, index });
  }

  /** Updated at the end: if a GPU failed on the way, another backend finished the run. */
  private noteDevice(id: string, event: StartEvent | DoneEvent): void {
    const device = `${event.backend} (${event.kernel})`;
    if (this.run?.id === id) this.run.device = device;
    const reason = event.event === 'start' ? { backendReason: event.backendReason } : {};
    void this.store.update(id, { device, ...reason });
  }

  private async setPaused(paused: boolean): Promise<void> {
    if (!this.run || this.run.paused === paused) return;
    this.run.paused = paused;
    await this.store.update(this.run.id, { state: paused ? 'paused' : 'running' });
    this.changed.fire();
  }
}
