/** The Samples tab: the prompt, the sampling controls, the temperature wall, and the samples recorded during training. */
import { languageOfBase } from '../common/bases';
import { formatBits, formatFixed, formatNumber, formatPercent } from '../common/formats';
import { t } from '../common/l10n';
import {
  bounds,
  type HostMessage,
  type KeptSample,
  type ModelItem,
  type RunItem,
  type StudioSettings,
} from '../common/studioProtocol';
import { tintSteps } from '../common/tint';
import type { SampleEvent } from '../common/trainEvents';
import { emptyWall, maximumColumns, promptOf, reduceWall, type Wall, type WallColumn } from '../common/wall';
import { atMostEvery, h, setText, show } from './dom';
import type { Send } from './host';
import type { RunHistories } from './runHistories';
import { button, checkbox, choice, numberField, slider, textArea, textField } from './toolkit';
import type { ColumnActions } from './wall/columnView';
import { ConsideredPopover } from './wall/consideredPopover';
import { KeptList } from './wall/keptList';
import { placeOfSample, recordedColumns } from './wall/replay';
import { temperatureChips } from './wall/temperatureChips';
import { WallView } from './wall/wallView';
import { emptyTab } from './welcome';

type SampleSettings = StudioSettings['samples'];

const redrawMs = 100;

export class SamplesTab {
  readonly element: HTMLElement;
  private settings: SampleSettings | undefined;
  private models: ModelItem[] = [];
  private modelPath: string | undefined;
  private runs: RunItem[] = [];
  private wall: Wall = emptyWall();
  private kept: KeptSample[] = [];
  private continuing = false;
  /** The run whose recorded samples are being replayed, and the slider's position; undefined for live samples. */
  private replay: { runId: string; at: number } | undefined;
  private recorded: { runId: string; step: number; samples: SampleEvent[] } | undefined;
  /** Each history is requested once. */
  private readonly asked = new Set<string>();
  private readonly redrawSoon = atMostEvery(redrawMs, () => this.redraw());
  private readonly askSamplesSoon = atMostEvery(redrawMs, () => this.askSamples());

  private readonly popover = new ConsideredPopover((column, offset, token) =>
    this.send({ type: 'branch', column, offset, token }),
  );
  private readonly liveWall: WallView;
  private readonly recordedWall: WallView;
  private readonly keptList: KeptList;
  private readonly empty: HTMLElement;
  /** Shown while only a base writes: what training would add. */
  private readonly ownModel: HTMLElement;
  private readonly body: HTMLElement;
  private readonly wallHelp = h('p', { class: 'muted' });
  /** Beside a wall whose model no longer exists. */
  private readonly writeAgain = button('', () => this.generate(), { icon: 'pen' });
  private readonly lostModel = h('div', { class: 'row lost-model' }, this.writeAgain.element);
  /** For screen readers only; the columns show the same visually. */
  private readonly writingState = h('div', { class: 'visually-hidden', role: 'status' });
  private readonly replayPlace = h('div', { class: 'muted small', role: 'status' });
  private readonly replayBlock: HTMLElement;
  private readonly legend = tintLegend();
  private readonly wallHead: HTMLElement;
  /** A new wall is to be scrolled to. */
  private isNew = false;

  private readonly model = choice<string>(t('Model'), (modelPath) => this.useModel(modelPath), [], {
    labelHidden: true,
  });
  private readonly prompt = textArea(t('Prompt'), t('How the texts begin'), (prompt) => this.change({ prompt }));
  private readonly temperature = slider(
    t('Temperature'),
    { ...bounds.temperature, step: 0.05 },
    (value) => formatFixed(value, 2),
    (temperature) => this.change({ temperature }),
    temperatureHelp(),
  );
  private readonly chips = temperatureChips((temperatures) => this.change({ temperatures }));
  private readonly write = button(t('Write'), () => this.generate(), { kind: 'primary', icon: 'pen' });
  private readonly stop = button(t('Stop'), () => this.send({ type: 'stopWriting' }), { icon: 'stop' });
  private readonly continueText = button(t('Continue Text'), () => this.continue(), {
    icon: 'cursor',
    hint: t("Writes into the editor at the cursor, using the slider's temperature and these controls. Esc stops it."),
  });
  private readonly topK = this.field(t('Top-k'), 'topK', true, t('Only the k likeliest; 0 turns it off'));
  private readonly topP = this.field(
    t('Top-p'),
    'topP',
    false,
    t('Only the likeliest that together reach this probability; 1 turns it off'),
  );
  private readonly minP = this.field(
    t('Min-p'),
    'minP',
    false,
    t('Only those at least this fraction as likely as the likeliest; 0 turns it off'),
  );
  private readonly penalty = this.field(
    t('Repetition'),
    'repetitionPenalty',
    false,
    t(
      'Multiplies the logarithm of the probability of each of the last 64 tokens by this: above 1, repeats become less likely; 1 turns it off. Other programs divide logits instead, so their values do not carry over.',
    ),
  );
  private readonly mustContain = textField(
    t('Must contain'),
    t('lamp, cold tea'),
    (mustContain) => this.change({ mustContain }),
    t('Words to include, separated by commas; each goes where it fits best'),
  );
  private readonly secondPrompt = textField(
    t('Second prompt'),
    t('to compare with'),
    (secondPrompt) => this.change({ secondPrompt }),
    t("One column for each of the two prompts, at the slider's temperature and with the same random numbers"),
  );
  /** While the controls are hidden: the settings that still apply. */
  private readonly applies = h('span', { class: 'applies' });
  private readonly openWall = button(t('Open in Editor'), () => this.send({ type: 'openWall' }), {
    hint: t('Opens all samples as one text, for instance to show them in a large font'),
  });
  private readonly length = this.field(t('Length'), 'length', true, t('Characters (or words) to write'));
  private readonly seed = this.field(t('Seed'), 'seed', true, t('The same seed gives the same text'));
  private readonly dice = button(t('Another seed'), () => this.change({ seed: randomSeed() }), {
    kind: 'icon',
    icon: 'dice',
  });
  private readonly tint = checkbox(t('Tint by confidence'), (tint) => this.change({ tint }));
  private readonly replaySlider = slider(
    t('Progress during training'),
    { minimum: 0, maximum: 1, step: 1 },
    (value) =>
      value >= this.recordedSteps().length ? t('now') : t('{0} of {1}', value + 1, this.recordedSteps().length),
    (value) => this.moveReplay(value),
    t('Samples recorded during training; at the right end, what it writes now'),
  );

  constructor(
    private readonly send: Send,
    private readonly histories: RunHistories,
    private readonly flushSettings: () => void,
    private readonly onSettings: (settings: SampleSettings) => void,
  ) {
    const actions: ColumnActions = {
      copy: (text) => send({ type: 'copy', text }),
      insert: (text) => send({ type: 'insert', text }),
      keep: (column, prompt) => this.keep(column, prompt),
      openSource: (source, offset, text) => send({ type: 'openSource', source, offset, text }),
    };
    this.recordedWall = new WallView(actions);
    this.liveWall = new WallView({
      ...actions,
      close: (column) => send({ type: 'closeColumn', column }),
      consider: (column, start, box, from) => {
        this.popover.open(column, start, box, from);
        send({ type: 'consider', column: column.id, offset: start });
      },
    });
    this.keptList = new KeptList({ ...actions, remove: (id) => send({ type: 'removeKept', id }) });
    const fromCursor = h(
      'button',
      {
        class: 'link',
        title: t('Use the text before the cursor in the open editor as the prompt'),
        onclick: () => send({ type: 'promptFromCursor' }),
      },
      t('From cursor'),
    );
    const promptHead = h('div', { class: 'row between' }, h('span', { class: 'muted' }, t('Prompt')), fromCursor);
    this.replayBlock = h('div', { class: 'replay' }, this.replaySlider.element, this.replayPlace);
    this.empty = emptyTab(t('No model yet. Train one, and its samples appear here as it learns.'), send);
    this.ownModel = h(
      'div',
      { class: 'sentence stack', hidden: true },
      h(
        'p',
        {},
        t(
          'This is the model of the language that comes with Inkling, together with the open text. Train on the text to make the model yours: it then writes in your style, with your names and your turns of phrase.',
        ),
      ),
      h(
        'div',
        { class: 'row' },
        button(t('Train on This File'), () => send({ type: 'train' }), { icon: 'play' }).element,
      ),
    );
    this.wallHead = h('div', { class: 'row between wall-head' }, this.tint.element, this.legend);
    this.body = h(
      'div',
      { class: 'stack', hidden: true },
      this.model.element,
      this.ownModel,
      h('div', { class: 'prompt-field' }, promptHead, this.prompt.element),
      this.temperature.element,
      h('p', { class: 'muted small' }, temperatureHelp()),
      this.chips.element,
      h(
        'details',
        {},
        h('summary', {}, t('More controls'), this.applies),
        h(
          'div',
          { class: 'fields' },
          this.length.element,
          h('div', { class: 'with-tool' }, this.seed.element, this.dice.element),
          this.topK.element,
          this.topP.element,
          this.minP.element,
          this.penalty.element,
          h('div', { class: 'whole-row' }, this.mustContain.element),
          h('div', { class: 'whole-row' }, this.secondPrompt.element),
        ),
      ),
      h('div', { class: 'row write-row' }, this.write.element, this.stop.element, this.continueText.element),
      this.replayBlock,
      this.wallHead,
      this.wallHelp,
      this.lostModel,
      this.writingState,
      this.liveWall.element,
      this.recordedWall.element,
      h('div', { class: 'row' }, this.openWall.element),
    );
    this.element = h('div', { class: 'tab-body' }, this.empty, this.body, this.keptList.element, this.popover.element);
    // After pressing Continue Text, the keyboard focus is on this page and not in the editor.
    this.element.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && this.continuing) this.send({ type: 'stopContinuing' });
    });
  }

  receive(message: HostMessage): void {
    switch (message.type) {
      case 'state':
        this.settings = message.settings.samples;
        this.showSettings(this.settings);
        this.models = message.models;
        this.modelPath = message.modelPath;
        this.runs = message.runs;
        this.wall = message.wall;
        this.kept = message.kept;
        this.continuing = message.continuing;
        this.asked.clear();
        this.keptList.draw(this.kept);
        break;
      case 'models':
        this.models = message.models;
        this.modelPath = message.modelPath;
        break;
      case 'runs':
        this.runs = message.runs;
        break;
      case 'history':
      case 'events':
        break;
      case 'recordedSamples':
        this.recorded = message;
        break;
      case 'wall':
        this.wall = message.actions.reduce(reduceWall, this.wall);
        this.isNew ||= message.actions.some(({ kind }) => kind === 'generate');
        break;
      case 'considered':
        return this.popover.answer(message.column, message.offset, message.considered);
      case 'kept':
        this.kept = message.kept;
        return this.keptList.draw(this.kept);
      case 'prompt':
        this.prompt.set(message.text);
        if (this.settings) this.settings = { ...this.settings, prompt: message.text };
        return;
      case 'continuing':
        this.continuing = message.active;
        break;
      default:
        return;
    }
    this.redrawSoon();
  }

  // ---- user actions

  private field(
    label: string,
    key: 'topK' | 'topP' | 'minP' | 'repetitionPenalty' | 'length' | 'seed',
    whole: boolean,
    hint: string,
  ): ReturnType<typeof numberField> {
    return numberField(label, { ...bounds[key], whole }, (value) => this.change({ [key]: value }), hint);
  }

  private change(part: Partial<SampleSettings>): void {
    if (!this.settings) return;
    this.settings = { ...this.settings, ...part };
    this.onSettings(this.settings);
    if (part.seed !== undefined) this.seed.set(part.seed);
    this.redrawSoon();
  }

  private showSettings(settings: SampleSettings): void {
    this.prompt.set(settings.prompt);
    this.temperature.set(settings.temperature);
    this.topK.set(settings.topK);
    this.topP.set(settings.topP);
    this.minP.set(settings.minP);
    this.penalty.set(settings.repetitionPenalty);
    this.mustContain.set(settings.mustContain);
    this.secondPrompt.set(settings.secondPrompt);
    this.length.set(settings.length);
    this.seed.set(settings.seed);
    this.tint.set(settings.tint);
  }

  private useModel(modelPath: string): void {
    this.modelPath = modelPath;
    this.replay = undefined;
    this.send({ type: 'useModel', modelPath });
    this.redraw();
  }

  private generate(): void {
    if (this.modelPath === undefined) return;
    this.replay = undefined;
    this.flushSettings();
    this.send({ type: 'generate', modelPath: this.modelPath });
    this.redraw();
  }

  private continue(): void {
    if (this.continuing) return this.send({ type: 'stopContinuing' });
    if (this.modelPath === undefined) return;
    this.flushSettings();
    this.send({ type: 'continueText', modelPath: this.modelPath });
  }

  private keep(column: WallColumn, prompt: string): void {
    const { temperature, seed } = column.options;
    const model = this.wall.modelTitle || (this.models.find((m) => m.path === this.modelPath)?.title ?? '');
    this.send({ type: 'keep', text: column.lead + column.text, prompt, temperature, seed, model });
  }

  // ---- replay

  private replayRun(): RunItem | undefined {
    return this.runs.find((run) => run.modelPath === this.modelPath);
  }

  private recordedSteps(): { step: number }[] {
    const run = this.replayRun();
    return (run && this.histories.get(run.id)?.sampleSteps) ?? [];
  }

  private moveReplay(value: number): void {
    const run = this.replayRun();
    this.replay = run && value < this.recordedSteps().length ? { runId: run.id, at: value } : undefined;
    if (this.replay) this.askSamplesSoon();
    this.redrawSoon();
  }

  private askSamples(): void {
    const { replay } = this;
    const step = replay && this.recordedSteps()[replay.at]?.step;
    if (replay && step !== undefined) this.send({ type: 'requestSamples', runId: replay.runId, step });
  }

  // ---- drawing

  private redraw(): void {
    const { settings } = this;
    if (!settings) return;
    const usable = this.models.length > 0;
    show(this.empty, !usable);
    show(this.body, usable);
    if (!usable) return;
    if (this.modelPath === undefined || !this.models.some((m) => m.path === this.modelPath)) {
      this.modelPath = this.models[0].path;
    }
    this.model.setChoices(this.models.map((m) => ({ value: m.path, label: modelLabel(m) })));
    this.model.set(this.modelPath);
    show(this.chips.element, settings.secondPrompt === '');
    show(this.ownModel, this.models.find(({ path }) => path === this.modelPath)?.isBase ?? false);
    this.chips.draw(settings.temperatures, settings.temperature);
    const writing = this.wall.columns.some((column) => column.state === 'writing');
    show(this.stop.element, writing);
    // Samples written before the page was opened are not announced.
    if (writing || this.writingState.textContent !== '') {
      setText(this.writingState, writing ? t('The model is writing.') : t('The model has finished writing.'));
    }
    this.continueText.setLabel(this.continuing ? t('Stop Writing') : t('Continue Text'));
    const { mustContain } = settings;
    setText(this.applies, mustContain.trim() === '' ? '' : ` · ${t('must contain: {0}', mustContain)}`);
    show(this.openWall.element, this.wall.columns.length > 0 && !writing);
    this.liveWall.element.classList.toggle('filling', writing);
    this.drawReplay();
    this.drawWalls(settings);
    if (this.hasLostModel()) this.popover.close(false);
    show(this.legend, settings.tint);
    if (this.isNew) this.reveal();
  }

  /** Scrolls to a new wall: in a low window, the controls above it fill the page. Waits until the tab is shown. */
  private reveal(): void {
    const { top, height } = this.wallHead.getBoundingClientRect();
    if (height === 0) return;
    this.isNew = false;
    if (top > window.innerHeight / 2) this.wallHead.scrollIntoView();
  }

  private drawReplay(): void {
    const run = this.replayRun();
    const history = run && this.histories.get(run.id);
    if (run && !history && !this.asked.has(run.id)) {
      this.asked.add(run.id);
      this.send({ type: 'requestHistory', runId: run.id });
    }
    const count = history?.sampleSteps.length ?? 0;
    show(this.replayBlock, count > 0);
    if (!history || count === 0) return;
    this.replaySlider.setMaximum(count);
    this.replaySlider.set(this.replay?.at ?? count);
    setText(this.replayPlace, this.replay ? placeOfSample(history, this.replay.at) : '');
  }

  private drawWalls(settings: SampleSettings): void {
    const replaying = this.replay !== undefined;
    show(this.liveWall.element, !replaying);
    show(this.recordedWall.element, replaying);
    const step = this.replay && this.recordedSteps()[this.replay.at]?.step;
    const fits = this.recorded?.runId === this.replay?.runId && this.recorded?.step === step;
    if (replaying && fits)
      this.recordedWall.draw(recordedColumns(this.recorded?.samples ?? [], maximumColumns), false, false);
    if (!replaying) {
      const { wall } = this;
      this.liveWall.draw(
        wall.columns.map((column) => ({ column, prompt: promptOf(wall, column) })),
        settings.tint,
        !this.hasLostModel(),
      );
    }
    show(this.wallHelp, !replaying);
    setText(this.wallHelp, this.aboutWall(settings));
    show(this.lostModel, !replaying && this.hasLostModel());
    const chosen = this.models.find(({ path }) => path === this.modelPath);
    this.writeAgain.setLabel(t('Write with {0}', chosen?.title ?? ''));
  }

  private aboutWall({ secondPrompt }: SampleSettings): string {
    const { columns, modelTitle } = this.wall;
    if (columns.length === 0) {
      return secondPrompt === ''
        ? t('Write fills one column per temperature, all from the same prompt and seed.')
        : t('Write fills one column for each of the two prompts, at the same temperature and seed.');
    }
    if (this.hasLostModel()) {
      return t('The model {0} no longer exists. You can still read, copy and keep what it wrote.', modelTitle);
    }
    return `${modelTitle ? `${modelTitle}. ` : ''}${t('Click a character to see the alternatives and to branch there.')}`;
  }

  /** Whether the wall's model was deleted. A shipped model is not listed beside others, but always there. */
  private hasLostModel(): boolean {
    const { columns, modelPath } = this.wall;
    const isThere = languageOfBase(modelPath) !== undefined || this.models.some(({ path }) => path === modelPath);
    return columns.length > 0 && !isThere;
  }
}

function temperatureHelp(): string {
  return t(
    'Low: safe and repetitive. Around {0}: like the text. Above 1: bold, then nonsense. 0: always the likeliest.',
    formatNumber(0.7),
  );
}

function modelLabel(model: ModelItem): string {
  const bits = model.heldOutBitsPerCharacter;
  return [model.title, model.network, formatBits(bits)].filter(Boolean).join(' · ');
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/** The legend "sure ▁▂▃▄ surprised", with the thresholds as tooltips. */
function tintLegend(): HTMLElement {
  const steps = tintSteps.map((limit, i) =>
    h('i', { class: `tint-sample tint-${i + 1}`, title: t('below {0}', formatPercent(limit * 100)) }),
  );
  return h(
    'span',
    { class: 'tint-legend muted small' },
    t('sure'),
    h('i', { class: 'tint-sample' }),
    ...steps,
    t('surprised'),
  );
}
