/**
 * What stands behind the Studio page and outlives it: the settings, the chosen run, the wall, the list of kept samples.
 * It answers the page's messages with the services of the extension and pushes what changes, in batches of a tenth of a
 * second. Knows nothing of VS Code, so that it is tested without one.
 */
import { randomUUID } from 'node:crypto';
import type { CopyReport, SampleDelta, SamplingOptions } from '../../common/engineProtocol';
import { asInklingError, InklingError } from '../../common/errors';
import { t } from '../../common/l10n';
import { foldEvent, foldEvents, samplesAt } from '../../common/runHistory';
import {
  defaultSettings,
  parsePageMessage,
  parseSettings,
  type HostMessage,
  type KeptSample,
  type PageMessage,
  type StudioSettings,
  type StudioTab,
} from '../../common/studioProtocol';
import type { TrainEvent } from '../../common/trainEvents';
import { emptyWall, reduceWall, tokenAt, type Wall, type WallAction } from '../../common/wall';
import type { StudioServices } from './studioServices';

/** Curves are redrawn at most this often (10 Hz). */
const batchMs = 100;
const promptLength = 1000;
const maximumKept = 200;
const consideredCount = 12;
const memoryKeys = { settings: 'studio.settings', wall: 'studio.wall', kept: 'studio.kept', run: 'studio.run' };

/** A history that the page shows. `waiting`: events that arrived while it was read; undefined once it has been sent. */
interface ShownHistory {
  waiting?: TrainEvent[];
}

export type Post = (message: HostMessage) => void;

export class StudioSession {
  private settings: StudioSettings;
  private wall: Wall;
  private kept: KeptSample[];
  private runId: string | undefined;
  private knownRuns = new Set<string>();
  /** Set while a page is there to draw. */
  private post: Post | undefined;
  /** Histories that the page shows: the chosen run and those behind it. */
  private readonly shown = new Map<string, ShownHistory>();
  private pendingEvents = new Map<string, TrainEvent[]>();
  private pendingActions: WallAction[] = [];
  private flushTimer: NodeJS.Timeout | undefined;
  /** What is being written, by the columns that it writes. */
  private readonly writing = new Map<AbortController, number[]>();
  private continuing: AbortController | undefined;
  private considering: AbortController | undefined;
  /** Whether the page shows the Classifier tab, and whether its state has changed since it was sent. */
  private classifierShown = false;
  private classifierChanged = false;
  /** How often its state was asked for: an answer that another overtook is not sent. */
  private classifierAsked = 0;
  private readonly subscriptions: { dispose(): unknown }[];

  constructor(private readonly services: StudioServices) {
    const { memory, runs, models, classifier } = services;
    this.settings = parseSettings(memory.get(memoryKeys.settings)) ?? defaultSettings;
    this.wall = settled(memory.get<Wall>(memoryKeys.wall) ?? emptyWall());
    this.kept = memory.get<KeptSample[]>(memoryKeys.kept) ?? [];
    this.runId = memory.get<string>(memoryKeys.run);
    this.subscriptions = [
      runs.onDidChange(() => this.runsChanged()),
      runs.onDidTrain(({ runId, event }) => this.trained(runId, event)),
      models.onDidChange(() => this.postModels()),
      classifier.onDidChange(() => {
        if (!this.classifierShown) return;
        this.classifierChanged = true;
        this.flushSoon();
      }),
    ];
  }

  dispose(): void {
    this.detach();
    for (const subscription of this.subscriptions) subscription.dispose();
    for (const controller of this.writing.keys()) controller.abort();
    this.continuing?.abort();
    this.considering?.abort();
  }

  /** The page is gone. What is being written goes on; nothing is kept for the page that it can ask for again. */
  detach(): void {
    this.post = undefined;
    this.shown.clear();
    this.pendingEvents.clear();
    this.pendingActions = [];
    this.classifierShown = false;
    this.classifierChanged = false;
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
  }

  showTab(tab: StudioTab): void {
    this.updateSettings({ ...this.settings, tab });
    this.post?.({ type: 'showTab', tab });
  }

  /**
   * Handles one message of the page, whatever it is; what fails is said on the page and in the log. The page that says
   * `ready` is the one that is drawn from then on, through `post`.
   */
  async receive(raw: unknown, post: Post): Promise<void> {
    try {
      const message = parsePageMessage(raw);
      if (message.type === 'ready') {
        this.detach();
        this.post = post;
      }
      await this.handle(message);
    } catch (thrown) {
      this.report(thrown);
    }
  }

  private async handle(message: PageMessage): Promise<void> {
    const { runs, models, editor, classifier } = this.services;
    switch (message.type) {
      case 'ready':
        return this.sendState();
      case 'settings':
        return this.updateSettings(message.settings);
      case 'selectRun':
        this.selectRun(message.runId);
        this.postRuns();
        return this.sendHistory(message.runId);
      case 'requestHistory':
        return this.sendHistory(message.runId);
      case 'requestBaselines':
        return this.sendBaselines(message.runId);
      case 'requestSamples':
        return this.sendSamples(message.runId, message.step);
      case 'train':
        return runs.train();
      case 'control':
        return runs.control(message.runId, message.action);
      case 'resumeRun':
        return runs.resume(message.runId);
      case 'useModel':
        return models.use(message.modelPath);
      case 'generate':
        return this.generate(message.modelPath);
      case 'stopWriting':
        for (const controller of this.writing.keys()) controller.abort();
        return;
      case 'consider':
        return this.consider(message.column, message.offset);
      case 'branch':
        return this.branch(message.column, message.offset, message.token);
      case 'closeColumn':
        return this.closeColumn(message.column);
      case 'promptFromCursor':
        return this.promptFromCursor();
      case 'continueText':
        return this.continueText(message.modelPath);
      case 'stopContinuing':
        return this.continuing?.abort();
      case 'copy':
        return editor.copy(message.text);
      case 'insert':
        return editor.insertAtCursor(message.text);
      case 'keep': {
        const { text, prompt, temperature, seed, model } = message;
        const keptAt = new Date().toISOString();
        return this.updateKept([{ id: randomUUID(), text, prompt, temperature, seed, model, keptAt }, ...this.kept]);
      }
      case 'removeKept':
        return this.updateKept(this.kept.filter((sample) => sample.id !== message.id));
      case 'openSource':
        return editor.openSource(this.wall.modelPath, message.source, message.offset, message.text);
      case 'requestClassifier':
        this.classifierShown = true;
        return this.sendClassifier();
      case 'chooseClassifier':
        return classifier.choose(message.path);
      case 'setThreshold':
        return classifier.setThreshold(message.threshold ?? undefined);
      case 'checkSelection':
        return classifier.check();
      case 'trainClassifier':
        return classifier.train();
      case 'correctCheck':
        return classifier.correct(message.check, message.label);
      case 'removeCorrection':
        return classifier.removeCorrection(message.id);
      case 'export':
        return this.export(message.format, message.name, message.contents);
    }
  }

  // ---- the page's first drawing

  private async sendState(): Promise<void> {
    const { runs, models } = this.services;
    // The list may be empty because it has not been read yet: what was chosen stays chosen until it has.
    const list = [...runs.list()];
    this.knownRuns = new Set(list.map((run) => run.id));
    if (list.length > 0 && !list.some((run) => run.id === this.runId)) this.runId = list[0].id;
    this.post?.({
      type: 'state',
      settings: this.settings,
      runs: list,
      runId: this.runId,
      models: [...models.list()],
      modelPath: models.active(),
      wall: this.wall,
      kept: this.kept,
      continuing: this.continuing !== undefined,
    });
    if (this.runId !== undefined) await this.sendHistory(this.runId);
  }

  private updateSettings(settings: StudioSettings): void {
    this.settings = settings;
    void this.services.memory.update(memoryKeys.settings, settings);
    // Runs that are shown no longer need not be followed, unless they go on: the page keeps their histories.
    for (const [runId, { waiting }] of this.shown) {
      const state = this.services.runs.list().find((run) => run.id === runId)?.state;
      const goesOn = state === 'running' || state === 'paused';
      const wanted = goesOn || runId === this.runId || settings.training.overlays.includes(runId);
      if (!wanted && !waiting) this.shown.delete(runId);
    }
  }

  // ---- runs

  private runsChanged(): void {
    const list = this.services.runs.list();
    // A run that has just begun is the one to look at.
    const fresh = list.find((run) => !this.knownRuns.has(run.id) && run.state === 'running');
    this.knownRuns = new Set(list.map((run) => run.id));
    const gone = list.length > 0 && !list.some((run) => run.id === this.runId);
    if (fresh) this.selectRun(fresh.id);
    else if (gone) this.selectRun(list[0].id);
    this.postRuns();
    const { runId } = this;
    if (this.post && runId !== undefined && !this.shown.has(runId)) {
      void this.sendHistory(runId).catch((thrown) => this.report(thrown));
    }
  }

  private selectRun(runId: string): void {
    this.runId = runId;
    void this.services.memory.update(memoryKeys.run, runId);
  }

  private postRuns(): void {
    this.post?.({ type: 'runs', runs: [...this.services.runs.list()], runId: this.runId });
  }

  private async sendHistory(runId: string): Promise<void> {
    if (!this.services.runs.list().some((run) => run.id === runId)) return;
    const shown: ShownHistory = { waiting: [] };
    this.shown.set(runId, shown);
    this.pendingEvents.delete(runId);
    const events = await this.services.runs.readEvents(runId);
    // Asked again, or hidden, in the meantime.
    if (this.shown.get(runId) !== shown) return;
    const history = foldEvents(events);
    const tail = new Set(events.slice(-200).map((event) => JSON.stringify(event)));
    for (const event of shown.waiting ?? []) {
      if (!tail.has(JSON.stringify(event))) foldEvent(history, event);
    }
    shown.waiting = undefined;
    this.post?.({ type: 'history', runId, history });
  }

  private trained(runId: string, event: TrainEvent): void {
    const shown = this.shown.get(runId);
    if (!shown || !this.post) return;
    if (shown.waiting) {
      shown.waiting.push(event);
      return;
    }
    const batch = this.pendingEvents.get(runId);
    // The page needs only to know that there are samples: it asks for the texts it shows.
    const light: TrainEvent = event.event === 'sample' ? { ...event, text: '', prompt: '' } : event;
    if (batch) batch.push(light);
    else this.pendingEvents.set(runId, [light]);
    this.flushSoon();
  }

  private async sendBaselines(runId: string): Promise<void> {
    const baselines = await this.services.runs.baselines(runId);
    this.post?.({ type: 'baselines', runId, baselines });
  }

  private async sendSamples(runId: string, step: number): Promise<void> {
    const samples = samplesAt(await this.services.runs.readEvents(runId), step);
    this.post?.({ type: 'recordedSamples', runId, step, samples });
  }

  // ---- models and samples

  private postModels(): void {
    const { models } = this.services;
    this.post?.({ type: 'models', models: [...models.list()], modelPath: models.active() });
  }

  private async generate(modelPath: string): Promise<void> {
    const { prompt, temperature, temperatures } = this.settings.samples;
    for (const controller of this.writing.keys()) controller.abort();
    const model = this.services.models.list().find((item) => item.path === modelPath);
    const streams = (temperatures.length > 0 ? temperatures : [temperature]).map((t) => this.optionsAt(t));
    this.act({ kind: 'generate', modelPath, modelTitle: model?.title ?? '', prompt, streams });
    await this.write(
      prompt,
      streams,
      this.wall.columns.map((column) => column.id),
    );
  }

  private async branch(parent: number, offset: number, token: string): Promise<void> {
    const before = this.wall;
    this.act({ kind: 'branch', column: parent, offset, token });
    const column = this.wall.columns.find((c) => c.id === before.nextId);
    if (column) await this.write(before.prompt + column.lead, [column.options], [column.id]);
  }

  /** Streams into the columns named, one stream each. */
  private async write(prompt: string, streams: SamplingOptions[], columns: number[]): Promise<void> {
    const controller = new AbortController();
    this.writing.set(controller, columns);
    const onDelta = ({ stream, text, tokens, probabilities }: SampleDelta): void => {
      const rounded = probabilities?.map((p) => Number(p.toPrecision(4)));
      this.act({ kind: 'delta', column: columns[stream], text, tokens, probabilities: rounded });
    };
    let end: (column: number, stream: number) => WallAction;
    try {
      const { modelPath } = this.wall;
      const request = { modelPath, prompt, streams, details: true };
      const { copies } = await this.services.engine.sample(request, onDelta, controller.signal);
      end = (column, stream) => ({ kind: 'finished', column, copy: copies[stream] as CopyReport | undefined });
    } catch (thrown) {
      const error = asInklingError(thrown);
      if (error.code === 'cancelled') end = (column) => ({ kind: 'finished', column });
      else {
        this.services.log(`Sampling failed: ${error.stack ?? error.message}`);
        end = (column) => ({ kind: 'failed', column, message: error.message });
      }
    } finally {
      this.writing.delete(controller);
    }
    columns.forEach((column, stream) => this.act(end(column, stream)));
    void this.services.memory.update(memoryKeys.wall, this.wall);
  }

  private async consider(id: number, offset: number): Promise<void> {
    const column = this.wall.columns.find((c) => c.id === id);
    const token = column && tokenAt(column, offset);
    if (!column || !token) return;
    this.considering?.abort();
    const controller = (this.considering = new AbortController());
    const prompt = this.wall.prompt + column.lead + column.text.slice(0, token.start);
    const request = { modelPath: this.wall.modelPath, prompt, count: consideredCount };
    const answer = await this.services.engine.considered(request, controller.signal);
    // A word was written with the space before it: so is every other that might have stood there.
    const written = column.text.slice(token.start, token.start + token.length);
    const space = written.length > 1 && written.startsWith(' ') ? ' ' : '';
    const considered = answer.map((other) => ({ ...other, token: space + other.token }));
    this.post?.({ type: 'considered', column: id, offset: token.start, considered });
  }

  private closeColumn(id: number): void {
    for (const [controller, columns] of this.writing) {
      if (columns.length === 1 && columns[0] === id) controller.abort();
    }
    this.act({ kind: 'close', column: id });
    void this.services.memory.update(memoryKeys.wall, this.wall);
  }

  private promptFromCursor(): void {
    const text = this.services.editor.textBeforeCursor(promptLength);
    if (text === undefined) {
      throw new InklingError(
        'invalidInput',
        t('No text editor is open: open a text and place the cursor where to go on.'),
      );
    }
    this.updateSettings({ ...this.settings, samples: { ...this.settings.samples, prompt: text } });
    this.post?.({ type: 'prompt', text });
  }

  private async continueText(modelPath: string): Promise<void> {
    this.continuing?.abort();
    const controller = (this.continuing = new AbortController());
    this.post?.({ type: 'continuing', active: true });
    try {
      const options = this.optionsAt(this.settings.samples.temperature);
      await this.services.editor.continueText(modelPath, options, controller.signal);
    } finally {
      if (this.continuing === controller) {
        this.continuing = undefined;
        this.post?.({ type: 'continuing', active: false });
      }
    }
  }

  /** The controls as they stand; what is off is left out. */
  private optionsAt(temperature: number): SamplingOptions {
    const { topK, topP, minP, repetitionPenalty, mustContain, length, seed } = this.settings.samples;
    const words = mustContain.split(',').filter((word) => word.trim() !== '');
    return {
      temperature,
      length,
      seed,
      ...(topK > 0 ? { topK } : {}),
      ...(topP < 1 ? { topP } : {}),
      ...(minP > 0 ? { minP } : {}),
      ...(repetitionPenalty > 1 ? { repetitionPenalty } : {}),
      ...(words.length > 0 ? { mustContain: words.map((word) => word.trim()) } : {}),
    };
  }

  private updateKept(kept: KeptSample[]): void {
    this.kept = kept.slice(0, maximumKept);
    void this.services.memory.update(memoryKeys.kept, this.kept);
    this.post?.({ type: 'kept', kept: this.kept });
  }

  private async export(format: 'png' | 'svg' | 'csv', name: string, contents: string): Promise<void> {
    const bytes = Buffer.from(contents, format === 'png' ? 'base64' : 'utf8');
    const safe = name.replace(/[^\p{L}\p{N} ._-]+/gu, '-').replace(/^[. ]+/, '') || 'inkling';
    const saved = await this.services.editor.saveFile(`${safe}.${format}`, bytes);
    if (saved) this.post?.({ type: 'notice', message: t('Saved as {0}.', format.toUpperCase()), error: false });
  }

  // ---- batches

  private act(action: WallAction): void {
    this.wall = reduceWall(this.wall, action);
    if (!this.post) return;
    const last = this.pendingActions.at(-1);
    if (action.kind === 'delta' && last?.kind === 'delta' && last.column === action.column) {
      this.pendingActions[this.pendingActions.length - 1] = joinDeltas(last, action);
    } else {
      this.pendingActions.push(action);
    }
    this.flushSoon();
  }

  private flushSoon(): void {
    this.flushTimer ??= setTimeout(() => this.flush(), batchMs);
  }

  private flush(): void {
    this.flushTimer = undefined;
    const [events, actions] = [this.pendingEvents, this.pendingActions];
    this.pendingEvents = new Map();
    this.pendingActions = [];
    for (const [runId, batch] of events) this.post?.({ type: 'events', runId, events: batch });
    if (actions.length > 0) this.post?.({ type: 'wall', actions });
    if (this.classifierChanged) void this.sendClassifier();
  }

  private async sendClassifier(): Promise<void> {
    this.classifierChanged = false;
    const asked = ++this.classifierAsked;
    const state = await this.services.classifier.state();
    if (this.classifierShown && asked === this.classifierAsked) this.post?.({ type: 'classifier', state });
  }

  private report(thrown: unknown): void {
    const error = asInklingError(thrown);
    if (error.code === 'cancelled') return;
    this.services.log(`Studio: ${error.stack ?? error.message}`);
    // A message that was not valid is a fault of the page, nothing that its reader can mend.
    if (error.code !== 'protocol') this.post?.({ type: 'notice', message: error.message, error: true });
  }
}

type Delta = Extract<WallAction, { kind: 'delta' }>;

/** Two pieces of one column as one; the details only where both have them. */
function joinDeltas(a: Delta, b: Delta): Delta {
  const both = a.tokens && a.probabilities && b.tokens && b.probabilities;
  return {
    kind: 'delta',
    column: a.column,
    text: a.text + b.text,
    ...(both
      ? { tokens: a.tokens?.concat(b.tokens ?? []), probabilities: a.probabilities?.concat(b.probabilities ?? []) }
      : {}),
  };
}

/** A wall from an earlier session: nobody writes it any more. */
function settled(wall: Wall): Wall {
  return { ...wall, columns: wall.columns.map((c) => (c.state === 'writing' ? { ...c, state: 'done' } : c)) };
}
