/** The host's side of the Training tab: the selected run, and the histories that the page follows. */
import { asInklingError } from '../../common/errors';
import { foldEvent, foldEvents, samplesAt } from '../../common/runHistory';
import type { RunItem } from '../../common/studioProtocol';
import type { TrainEvent } from '../../common/trainEvents';
import type { PageLink } from './pageLink';
import type { StudioPorts } from './ports';
import type { RememberedSettings } from './rememberedSettings';

const chosenRunKey = 'studio.run';

/**
 * A history shown by the page. `waiting`: events that arrived while it was being read; undefined once it has been sent.
 */
interface ShownHistory {
  waiting?: { event: TrainEvent; index: number }[];
}

export class TrainingTab {
  private chosen: string | undefined;
  private knownRuns = new Set<string>();
  /** The histories shown by the page: the selected run and those behind it. */
  private readonly shown = new Map<string, ShownHistory>();
  private events = new Map<string, TrainEvent[]>();
  private readonly subscriptions: { dispose(): unknown }[];

  constructor(
    private readonly ports: Pick<StudioPorts, 'runs' | 'memory'>,
    private readonly page: PageLink,
    private readonly settings: RememberedSettings,
  ) {
    this.chosen = ports.memory.get<string>(chosenRunKey);
    this.subscriptions = [
      ports.runs.onDidChange(() => this.runsChanged()),
      ports.runs.onDidTrain(({ runId, event, index }) => this.trained(runId, event, index)),
    ];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** The page is gone. */
  detach(): void {
    this.shown.clear();
    this.events.clear();
  }

  /** The initial state of a page. */
  state(): { runs: RunItem[]; runId: string | undefined } {
    const runs = [...this.ports.runs.list()];
    this.knownRuns = new Set(runs.map((run) => run.id));
    // The list may be empty because it has not been read yet: the selection stays until then.
    if (runs.length > 0 && !runs.some((run) => run.id === this.chosen)) this.chosen = runs[0].id;
    return { runs, runId: this.chosen };
  }

  async select(runId: string): Promise<void> {
    this.choose(runId);
    this.postRuns();
    await this.sendHistory(runId);
  }

  /** Runs that are no longer shown need not be followed unless they are in progress: the page keeps their histories. */
  followWanted(): void {
    for (const [runId, { waiting }] of this.shown) {
      const state = this.ports.runs.list().find((run) => run.id === runId)?.state;
      const isActive = state === 'running' || state === 'paused';
      const wanted = isActive || runId === this.chosen || this.settings.current.training.overlays.includes(runId);
      if (!wanted && !waiting) this.shown.delete(runId);
    }
  }

  async sendHistory(runId: string): Promise<void> {
    const { runs } = this.ports;
    if (!runs.list().some((run) => run.id === runId)) return;
    const shown: ShownHistory = { waiting: [] };
    this.shown.set(runId, shown);
    this.events.delete(runId);
    const events = await runs.readEvents(runId);
    // Requested again, or hidden, in the meantime.
    if (this.shown.get(runId) !== shown) return;
    const history = foldEvents(events);
    for (const { event, index } of shown.waiting ?? []) {
      if (index >= events.length) foldEvent(history, event);
    }
    shown.waiting = undefined;
    this.page.post({ type: 'history', runId, history });
  }

  async sendBaselines(runId: string): Promise<void> {
    const baselines = await this.ports.runs.baselines(runId);
    this.page.post({ type: 'baselines', runId, baselines });
  }

  async sendInside(runId: string, at: number, text: string): Promise<void> {
    try {
      this.page.post({ type: 'inside', runId, inside: await this.ports.runs.inside(runId, at, text) });
    } catch (error) {
      this.page.post({ type: 'inside', runId, problem: asInklingError(error).message });
    }
  }

  async sendSamples(runId: string, step: number): Promise<void> {
    const samples = samplesAt(await this.ports.runs.readEvents(runId), step);
    this.page.post({ type: 'recordedSamples', runId, step, samples });
  }

  private runsChanged(): void {
    const list = this.ports.runs.list();
    // A run that has just begun is selected.
    const fresh = list.find((run) => !this.knownRuns.has(run.id) && run.state === 'running');
    this.knownRuns = new Set(list.map((run) => run.id));
    const gone = list.length > 0 && !list.some((run) => run.id === this.chosen);
    if (fresh) this.choose(fresh.id);
    else if (gone) this.choose(list[0].id);
    this.postRuns();
    const { chosen } = this;
    if (this.page.attached && chosen !== undefined && !this.shown.has(chosen)) {
      void this.sendHistory(chosen).catch((thrown) => this.page.report(thrown));
    }
  }

  private choose(runId: string): void {
    this.chosen = runId;
    void this.ports.memory.update(chosenRunKey, runId);
  }

  private postRuns(): void {
    this.page.post({ type: 'runs', runs: [...this.ports.runs.list()], runId: this.chosen });
  }

  private trained(runId: string, event: TrainEvent, index: number): void {
    const shown = this.shown.get(runId);
    if (!shown) return;
    if (shown.waiting) {
      shown.waiting.push({ event, index });
      return;
    }
    const batch = this.events.get(runId);
    // The page only needs to know that there are samples: it requests the texts that it shows.
    const light: TrainEvent = event.event === 'sample' ? { ...event, text: '', prompt: '' } : event;
    if (batch) batch.push(light);
    else this.events.set(runId, [light]);
    this.page.batch(this.sendEvents);
  }

  private readonly sendEvents = (): void => {
    const { events } = this;
    this.events = new Map();
    for (const [runId, batch] of events) this.page.post({ type: 'events', runId, events: batch });
  };
}
