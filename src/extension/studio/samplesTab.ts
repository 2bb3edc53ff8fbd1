/** The host's side of the Samples tab: the wall, the current generation, and the kept samples. */
import { randomUUID } from 'node:crypto';
import type { CopyReport, SampleDelta, SamplingOptions } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import { formatNumber } from '../../common/formats';
import { t } from '../../common/l10n';
import type { KeptSample } from '../../common/studioProtocol';
import { tintRanges, type TintRange } from '../../common/tint';
import { emptyWall, promptOf, reduceWall, tokenAt, type Wall, type WallAction, wholeLength } from '../../common/wall';
import type { PageLink } from './pageLink';
import type { StudioPorts } from './ports';
import type { RememberedSettings } from './rememberedSettings';

const promptLength = 1000;
const maximumKept = 200;
/** All tokens: the page also shows them at other temperatures, which requires the whole distribution. */
const consideredCount = 65_536;
const wallKey = 'studio.wall';
const keptKey = 'studio.kept';

export class SamplesTab {
  private wall: Wall;
  private kept: KeptSample[];
  private actions: WallAction[] = [];
  /** The current generations, by their columns. */
  private readonly writing = new Map<AbortController, number[]>();
  private continuing: AbortController | undefined;
  private considering: AbortController | undefined;
  private readonly subscription: { dispose(): unknown };

  constructor(
    private readonly ports: Pick<StudioPorts, 'models' | 'engine' | 'editor' | 'memory' | 'log'>,
    private readonly page: PageLink,
    private readonly settings: RememberedSettings,
  ) {
    this.wall = settled(ports.memory.get<Wall>(wallKey) ?? emptyWall());
    this.kept = ports.memory.get<KeptSample[]>(keptKey) ?? [];
    const { models } = ports;
    this.subscription = models.onDidChange(() => {
      page.post({
        type: 'models',
        models: [...models.list()],
        modelPath: models.active(),
        asksForBase: models.asksForBase(),
      });
      this.fillIfEmpty();
    });
  }

  dispose(): void {
    this.subscription.dispose();
    this.stopWriting();
    this.continuing?.abort();
    this.considering?.abort();
  }

  /** The page is gone. Generation continues. */
  detach(): void {
    this.actions = [];
  }

  /** The initial state of a page. */
  state(): { wall: Wall; kept: KeptSample[]; continuing: boolean } {
    return { wall: this.wall, kept: this.kept, continuing: this.continuing !== undefined };
  }

  /** An empty wall fills itself when the user looks at it, if there is a model that can write. */
  fillIfEmpty(): void {
    const isSeen = this.page.shown && this.settings.current.tab === 'samples';
    const modelPath = this.ports.models.active();
    if (!isSeen || modelPath === undefined || this.wall.columns.length > 0) return;
    this.generate(modelPath).catch((thrown) => this.page.report(thrown));
  }

  async generate(modelPath: string): Promise<void> {
    const { prompt, secondPrompt, temperature, temperatures } = this.settings.current.samples;
    this.stopWriting();
    const model = this.ports.models.list().find((item) => item.path === modelPath);
    // Both prompts get the same random numbers, so that differences are due to the prompt.
    const prompts = secondPrompt === '' ? undefined : [prompt, secondPrompt];
    const columns = prompts ? prompts.map(() => temperature) : temperatures.length > 0 ? temperatures : [temperature];
    const streams = columns.map((t) => this.optionsAt(t));
    const modelTitle = model?.title ?? '';
    this.act({ kind: 'generate', modelPath, modelTitle, prompt, ...(prompts && { prompts }), streams });
    await this.write(
      prompts ? prompts.map((text) => this.beginning(text)) : this.beginning(prompt),
      streams,
      this.wall.columns.map((column) => column.id),
    );
  }

  async branch(parent: number, offset: number, token: string): Promise<void> {
    const before = this.wall;
    this.act({ kind: 'branch', column: parent, offset, token });
    const column = this.wall.columns.find((c) => c.id === before.nextId);
    if (column) await this.write(this.beginning(promptOf(before, column)) + column.lead, [column.options], [column.id]);
  }

  stopWriting(): void {
    for (const controller of this.writing.keys()) controller.abort();
  }

  async consider(id: number, offset: number): Promise<void> {
    const column = this.wall.columns.find((c) => c.id === id);
    const token = column && tokenAt(column, offset);
    if (!column || !token) return;
    this.considering?.abort();
    const controller = (this.considering = new AbortController());
    const prompt = this.beginning(promptOf(this.wall, column)) + column.lead + column.text.slice(0, token.start);
    const request = { modelPath: this.wall.modelPath, prompt, count: consideredCount };
    const answer = await this.ports.engine.considered(request, controller.signal);
    // A word is generated with the preceding space, and so are its alternatives.
    const written = column.text.slice(token.start, token.start + token.length);
    const space = written.length > 1 && written.startsWith(' ') ? ' ' : '';
    const considered = answer.map((other) => ({ ...other, token: space + other.token }));
    this.page.post({ type: 'considered', column: id, offset: token.start, considered });
  }

  closeColumn(id: number): void {
    for (const [controller, columns] of this.writing) {
      if (columns.length === 1 && columns[0] === id) controller.abort();
    }
    this.act({ kind: 'close', column: id });
    void this.ports.memory.update(wallKey, this.wall);
  }

  promptFromCursor(): void {
    const text = this.ports.editor.textBeforeCursor(promptLength);
    this.settings.update({ samples: { ...this.settings.current.samples, prompt: text } });
    this.page.post({ type: 'prompt', text });
  }

  async continueText(modelPath: string): Promise<void> {
    this.continuing?.abort();
    const controller = (this.continuing = new AbortController());
    this.page.post({ type: 'continuing', active: true });
    try {
      const options = this.optionsAt(this.settings.current.samples.temperature);
      await this.ports.editor.continueText(modelPath, options, controller.signal);
    } finally {
      if (this.continuing === controller) {
        this.continuing = undefined;
        this.page.post({ type: 'continuing', active: false });
      }
    }
  }

  stopContinuing(): void {
    this.continuing?.abort();
  }

  keep(sample: Omit<KeptSample, 'id' | 'keptAt'>): void {
    this.updateKept([{ ...sample, id: randomUUID(), keptAt: new Date().toISOString() }, ...this.kept]);
  }

  removeKept(id: string): void {
    this.updateKept(this.kept.filter((sample) => sample.id !== id));
  }

  /** Opens the training text at a passage that the wall's model copied. */
  openSource(source: string, offset: number, passage: string): Promise<void> {
    return this.ports.editor.openSource(this.wall.modelPath, source, offset, passage);
  }

  /** Streams into the named columns, one stream each. */
  private async write(prompt: string | string[], streams: SamplingOptions[], columns: number[]): Promise<void> {
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
      const { copies } = await this.ports.engine.sample(request, onDelta, controller.signal);
      end = (column, stream) => this.finished(column, copies[stream]);
    } catch (thrown) {
      const error = asInklingError(thrown);
      if (error.code === 'cancelled') end = (column) => ({ kind: 'finished', column });
      else {
        this.ports.log(`Sampling failed: ${error.stack ?? error.message}`);
        end = (column) => ({ kind: 'failed', column, message: error.message });
      }
    } finally {
      this.writing.delete(controller);
    }
    columns.forEach((column, stream) => this.act(end(column, stream)));
    void this.ports.memory.update(wallKey, this.wall);
  }

  /** Running text is cut so that it ends with a word; only what is shown counts as copied. */
  private finished(id: number, copy: CopyReport | undefined): WallAction {
    const column = this.wall.columns.find((c) => c.id === id);
    if (!column || this.opening() === '') return { kind: 'finished', column: id, copy };
    const length = wholeLength(column.text, column.options.mustContain);
    const runs = (copy?.runs ?? [])
      .filter(({ start }) => start < length)
      .map((run) => ({ ...run, end: Math.min(run.end, length) }));
    return { kind: 'finished', column: id, copy: copy && { ...copy, runs }, length };
  }

  /** Opens the wall as a text, to read it in a large font; tinted, if the wall is. */
  openInEditor(): Promise<void> {
    const { modelTitle, columns } = this.wall;
    const tints: TintRange[] = [];
    let text = `# ${modelTitle}\n`;
    for (const column of columns) {
      const temperature = t('Temperature {0}', formatNumber(column.options.temperature));
      text += `\n## ${temperature}\n\n${promptOf(this.wall, column)}${column.lead}`;
      const base = text.length;
      tints.push(...tintRanges(column).map(({ start, end, tint }) => ({ start: base + start, end: base + end, tint })));
      text += `${column.text}\n`;
    }
    return this.ports.editor.openText(text, this.settings.current.samples.tint ? tints : []);
  }

  /** What precedes a sample without a prompt. */
  private opening(): string {
    return this.ports.models.list().find(({ path }) => path === this.wall.modelPath)?.opening ?? '';
  }

  /** What the model is given before a column: the prompt, or what precedes the first word of a sample without one. */
  private beginning(prompt: string): string {
    return prompt || this.opening();
  }

  /** The current settings; those that are off are left out. */
  private optionsAt(temperature: number): SamplingOptions {
    const { topK, topP, minP, repetitionPenalty, mustContain, length, seed } = this.settings.current.samples;
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
    void this.ports.memory.update(keptKey, this.kept);
    this.page.post({ type: 'kept', kept: this.kept });
  }

  private act(action: WallAction): void {
    this.wall = reduceWall(this.wall, action);
    if (!this.page.attached) return;
    const last = this.actions.at(-1);
    if (action.kind === 'delta' && last?.kind === 'delta' && last.column === action.column) {
      this.actions[this.actions.length - 1] = joinDeltas(last, action);
    } else {
      this.actions.push(action);
    }
    this.page.batch(this.sendActions);
  }

  private readonly sendActions = (): void => {
    const { actions } = this;
    this.actions = [];
    this.page.post({ type: 'wall', actions });
  };
}

type Delta = Extract<WallAction, { kind: 'delta' }>;

/** Merges two pieces of one column; the details are kept only if both have them. */
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

/** A wall from an earlier session: generation has stopped. */
function settled(wall: Wall): Wall {
  return { ...wall, columns: wall.columns.map((c) => (c.state === 'writing' ? { ...c, state: 'done' } : c)) };
}
