/** The Training tab: the current run, its curves and what they show, and earlier runs to compare with. */
import type { TextBaselines } from '../common/engineProtocol';
import { describeRun, nextAction } from '../common/describeRun';
import { formatBits, formatFixed } from '../common/formats';
import { formatInteger, t } from '../common/l10n';
import { sayReason } from '../common/reasons';
import { emptyHistory, type RunHistory } from '../common/runHistory';
import type { HostMessage, RunItem, StudioSettings } from '../common/studioProtocol';
import type { SampleEvent } from '../common/trainEvents';
import {
  buildAccuracyChart,
  buildGradientChart,
  buildLossChart,
  type ChartInput,
  type ChartModel,
} from './chart/chartModel';
import { ChartView, onThemeChange, themeColours, type ChartContent } from './chart/chartView';
import { historyToCsv } from './chart/csv';
import { lineColour } from './chart/renderChart';
import { saveRow, type SavedCurves } from './chart/saveRow';
import { nearest, xOf } from './chart/series';
import { atMostEvery, h, setText, show } from './dom';
import { evaluationTable } from './evaluationTable';
import type { Send } from './host';
import { InsideView } from './insideView';
import type { RunHistories } from './runHistories';
import {
  figures,
  machineSentence,
  memorySentence,
  noticeSentences,
  placeSentence,
  runLabel,
  sampleText,
  splitSentence,
  textSentence,
} from './runFacts';
import { button, checkbox, choice, slider, type FieldControl } from './toolkit';
import { emptyTab } from './welcome';

type TrainingSettings = StudioSettings['training'];

const redrawMs = 100;
const maximumOverlays = 8;
const usualTemperature = 0.7;
const maximumCompared = 50;

export class TrainingTab {
  readonly element: HTMLElement;
  private runs: RunItem[] = [];
  private runId: string | undefined;
  /** Overlaid runs whose history has been requested. */
  private readonly asked = new Set<string>();
  private readonly baselines = new Map<string, TextBaselines | undefined>();
  private settings: TrainingSettings | undefined;
  private readonly redrawSoon = atMostEvery(redrawMs, () => this.redraw());

  private readonly chart = new ChartView();
  private readonly empty: HTMLElement;
  private readonly body: HTMLElement;
  private readonly progress = h(
    'div',
    { class: 'progress', role: 'progressbar', 'aria-label': t('Training progress') },
    h('div'),
  );
  private readonly figures = h('dl', { class: 'figures' });
  private readonly legend = h('div', { class: 'legend' });
  private loss: ChartModel | undefined;
  private below: ChartContent['below'] = [];
  private readonly sentence = h('p', { class: 'sentence' });
  /** What the run wrote last, under its curves; `sampleStep` is the step for which it was requested. */
  private readonly sample = h('figure', { class: 'newest', hidden: true }, h('figcaption', { class: 'muted small' }));
  private readonly sampleText = h('div', { class: 'writing-font' });
  private sampleStep: { runId: string; step: number } | undefined;
  private readonly failure = h('p', { class: 'failure' });
  private readonly text = h('p', { class: 'muted small' });
  private readonly split = h('p', { class: 'muted small' });
  private readonly memory = h('p', { class: 'muted small' });
  private readonly machine = h('p', { class: 'muted small' });
  private readonly notices = h('ul', { class: 'facts small' });
  private readonly reasons = h('ul', { class: 'small' });
  private readonly reasonsBlock = h('details', {}, h('summary', {}, t('Why this network')), this.reasons);
  private readonly compareList = h('div', { class: 'compare' });
  private readonly compare = h('details', {}, h('summary', {}, t('Compare with earlier runs')), this.compareList);
  private compareBoxes: FieldControl<boolean>[] = [];
  private readonly table = evaluationTable();
  private readonly inside = new InsideView({
    ask: (at, text) => this.runId !== undefined && this.send({ type: 'requestInside', runId: this.runId, at, text }),
    save: (svg) => {
      const run = this.run();
      if (run) this.send({ type: 'export', format: 'svg', name: t('{0} network', run.title), contents: svg });
    },
  });

  private readonly runChoice = choice<string>(t('Run'), (runId) => this.send({ type: 'selectRun', runId }), [], {
    labelHidden: true,
  });
  private readonly pause = button(t('Pause'), () => this.control('pause'), { icon: 'pause' });
  private readonly resume = button(t('Resume'), () => this.resumeRun(), { kind: 'primary', icon: 'play' });
  private readonly stop = button(t('Stop and Keep'), () => this.control('stop'), {
    icon: 'stop',
    hint: t('Stops training and keeps the best weights so far'),
  });
  private readonly samples = button(t('Show Samples'), () => this.showSamples(), { kind: 'primary', icon: 'pen' });
  private readonly another = button(t('Train on This File'), () => this.send({ type: 'train' }), { icon: 'play' });

  private readonly unit = choice<TrainingSettings['unit']>(t('Loss in'), (unit) => this.change({ unit }), [
    { value: 'nats', label: t('nats') },
    { value: 'bits', label: t('bits per character') },
    { value: 'perplexity', label: t('perplexity') },
  ]);
  private readonly xQuantity = choice<TrainingSettings['xQuantity']>(
    t('Over'),
    (xQuantity) => this.change({ xQuantity }),
    [
      { value: 'step', label: t('steps') },
      { value: 'epoch', label: t('epochs') },
      { value: 'seconds', label: t('time') },
    ],
  );
  private readonly logX = checkbox(t('Log x'), (on) => this.change({ xScale: on ? 'log' : 'linear' }));
  private readonly logY = checkbox(t('Log y'), (on) => this.change({ yScale: on ? 'log' : 'linear' }));
  private readonly showAccuracy = checkbox(t('Accuracy'), (showAccuracy) => this.change({ showAccuracy }));
  private readonly showGradient = checkbox(t('Gradient'), (showGradient) => this.change({ showGradient }));
  private readonly showBaselines = checkbox(t('Baselines'), (showBaselines) => this.change({ showBaselines }));
  private readonly smoothing = slider(
    t('Smoothing'),
    { minimum: 0, maximum: 0.99, step: 0.01 },
    (value) => formatFixed(value, 2),
    (smoothing) => this.change({ smoothing }),
    t('How strongly the training curve is smoothed, and the band from the lowest to the highest batch behind it'),
  );

  constructor(
    private readonly send: Send,
    private readonly histories: RunHistories,
    private readonly flushSettings: () => void,
    private readonly onSettings: (settings: TrainingSettings) => void,
    /** Shows the Samples tab. */
    private readonly showSamples: () => void,
  ) {
    this.empty = emptyTab(
      t(
        'Open a text and train a model on it. Everything stays on this machine, and a minute is enough for a first model.',
      ),
      send,
    );
    onThemeChange(() => this.drawLegend());
    this.sample.append(this.sampleText);
    this.body = h(
      'div',
      { class: 'stack', hidden: true },
      this.runChoice.element,
      this.progress,
      this.figures,
      h(
        'div',
        { class: 'row' },
        this.resume.element,
        this.samples.element,
        this.pause.element,
        this.stop.element,
        this.another.element,
      ),
      this.failure,
      this.chart.element,
      this.legend,
      this.sentence,
      this.sample,
      h(
        'div',
        { class: 'controls', role: 'group', 'aria-label': t('How the curves are drawn') },
        this.unit.element,
        this.xQuantity.element,
        this.smoothing.element,
      ),
      h(
        'div',
        { class: 'row checks' },
        this.logX.element,
        this.logY.element,
        this.showAccuracy.element,
        this.showGradient.element,
        this.showBaselines.element,
      ),
      this.text,
      this.split,
      this.memory,
      this.machine,
      this.notices,
      this.reasonsBlock,
      this.compare,
      this.table.element,
      this.inside.element,
      saveRow(this.chart, () => this.saved(), send),
    );
    this.element = h('div', { class: 'tab-body' }, this.empty, this.body);
  }

  receive(message: HostMessage): void {
    switch (message.type) {
      case 'state':
        this.settings = message.settings.training;
        this.showSettings(this.settings);
        this.asked.clear();
        this.setRuns(message.runs, message.runId);
        break;
      case 'runs':
        this.setRuns(message.runs, message.runId);
        break;
      case 'history':
      case 'events':
        break;
      case 'recordedSamples':
        return this.drawSample(message.runId, message.step, message.samples);
      case 'inside':
        return this.inside.receive(message.runId, message.inside, message.problem);
      case 'baselines':
        this.baselines.set(message.runId, message.baselines);
        break;
      default:
        return;
    }
    this.redrawSoon();
  }

  private setRuns(runs: RunItem[], runId: string | undefined): void {
    this.runs = runs;
    this.runId = runId;
    for (const { id } of runs) {
      if (!this.settings?.overlays.includes(id) || this.asked.has(id)) continue;
      this.asked.add(id);
      this.send({ type: 'requestHistory', runId: id });
    }
  }

  private change(part: Partial<TrainingSettings>): void {
    if (!this.settings) return;
    this.settings = { ...this.settings, ...part };
    this.onSettings(this.settings);
    this.redraw();
  }

  private showSettings(settings: TrainingSettings): void {
    this.unit.set(settings.unit);
    this.xQuantity.set(settings.xQuantity);
    this.logX.set(settings.xScale === 'log');
    this.logY.set(settings.yScale === 'log');
    this.showAccuracy.set(settings.showAccuracy);
    this.showGradient.set(settings.showGradient);
    this.showBaselines.set(settings.showBaselines);
    this.smoothing.set(settings.smoothing);
  }

  private control(action: 'pause' | 'resume' | 'stop'): void {
    if (this.runId !== undefined) this.send({ type: 'control', runId: this.runId, action });
  }

  /** Continues a paused run, or resumes one that ended or was interrupted. */
  private resumeRun(): void {
    const run = this.run();
    if (run?.state === 'paused') this.control('resume');
    else if (run) this.send({ type: 'resumeRun', runId: run.id });
  }

  private run(): RunItem | undefined {
    return this.runs.find((run) => run.id === this.runId);
  }

  // ---- drawing

  private redraw(): void {
    const { settings } = this;
    if (!settings) return;
    const run = this.run();
    show(this.empty, run === undefined);
    show(this.body, run !== undefined);
    if (!run) return;
    const history = this.histories.get(run.id) ?? emptyHistory();
    this.drawHead(run, history, settings);
    this.drawCurves(run, history, settings);
    this.askForSample(run, history);
    setText(this.sentence, describeRun(history, settings.unit));
    setText(this.text, textSentence(history));
    setText(this.split, splitSentence(history));
    setText(this.memory, memorySentence(history, settings.unit));
    setText(this.machine, machineSentence(history));
    drawList(this.notices, this.notices, noticeSentences(history));
    drawList(this.reasons, this.reasonsBlock, (history.start?.reasons ?? []).map(sayReason));
    this.drawCompare(run, settings);
    this.table.draw(history, settings.unit);
    if (history.start) this.inside.show(run.id);
  }

  private drawHead(run: RunItem, history: RunHistory, settings: TrainingSettings): void {
    this.runChoice.setChoices(this.runs.map((r) => ({ value: r.id, label: runLabel(r) })));
    this.runChoice.set(run.id);
    const live = run.state === 'running' || run.state === 'paused';
    const fraction = history.done ? 1 : (history.latest?.fraction ?? 0);
    show(this.progress, live);
    this.progress.setAttribute('aria-valuenow', String(Math.round(fraction * 100)));
    (this.progress.firstElementChild as HTMLElement).style.width = `${fraction * 100}%`;
    this.progress.classList.toggle('paused', run.state === 'paused');
    show(this.pause.element, run.state === 'running' && !run.isJob);
    show(this.stop.element, live);
    const next = nextAction(history, run.state);
    show(this.resume.element, next === 'resume');
    show(this.samples.element, next === 'samples');
    show(this.another.element, !live);
    this.resume.setLabel(run.state === 'paused' ? t('Resume') : t('Resume Training'));
    show(this.failure, run.state === 'failed' || run.state === 'interrupted');
    setText(
      this.failure,
      run.state === 'failed'
        ? (run.message ?? t('This run failed; see the log for the reason.'))
        : t('This run was interrupted. Resume Training continues from its last checkpoint.'),
    );
    const tiles = figures(history, settings.unit, run.state, this.baselines.get(run.id));
    if (this.figures.children.length !== tiles.length) {
      this.figures.replaceChildren(...tiles.map(() => h('div', {}, h('dt'), h('dd'))));
    }
    tiles.forEach(({ label, value, hint }, i) => {
      const tile = this.figures.children[i] as HTMLElement;
      tile.title = hint ?? '';
      setText(tile.children[0], label);
      setText(tile.children[1], value);
    });
  }

  private drawCurves(run: RunItem, history: RunHistory, settings: TrainingSettings): void {
    if (!this.baselines.has(run.id) && (history.start?.heldOutTokens ?? 0) > 0) {
      this.baselines.set(run.id, undefined);
      this.send({ type: 'requestBaselines', runId: run.id });
    }
    const overlays = settings.overlays.flatMap((runId) => {
      const earlier = this.histories.get(runId);
      const item = this.runs.find((r) => r.id === runId);
      return earlier && item && runId !== run.id ? [{ title: item.title, history: earlier }] : [];
    });
    const input: ChartInput = { history, settings, baselines: this.baselines.get(run.id), overlays };
    const loss = buildLossChart(input);
    const stepsPerEpoch = history.start?.stepsPerEpoch ?? 0;
    const places = [...history.progress, ...history.evaluations].map((point) => ({
      x: xOf(point, settings.xQuantity, stepsPerEpoch),
      point,
    }));
    this.below = [
      ...(settings.showAccuracy
        ? [
            {
              name: 'accuracy',
              model: buildAccuracyChart(input),
              label: (line: string) => t('accuracy, {0}', line),
            },
          ]
        : []),
      ...(settings.showGradient
        ? [
            {
              name: 'gradient',
              model: buildGradientChart(input),
              label: (line: string) => t('gradient norm, {0}', line),
            },
          ]
        : []),
    ];
    this.chart.draw({
      loss,
      below: this.below,
      headline: (x) => {
        const at = nearest(places, x);
        return at < 0 ? '' : placeSentence(history, places[at].point);
      },
    });
    this.loss = loss;
    this.drawLegend();
  }

  /** The texts of samples stay on the host until they are shown. */
  private askForSample(run: RunItem, history: RunHistory): void {
    const step = history.sampleSteps.at(-1)?.step;
    const { sampleStep } = this;
    if (step === undefined || sampleStep?.runId !== run.id) show(this.sample, false);
    if (step === undefined || (sampleStep?.runId === run.id && sampleStep.step === step)) return;
    this.sampleStep = { runId: run.id, step };
    this.send({ type: 'requestSamples', runId: run.id, step });
  }

  /** The sample whose temperature is closest to a typical one. */
  private drawSample(runId: string, step: number, samples: readonly SampleEvent[]): void {
    const { sampleStep } = this;
    if (samples.length === 0 || sampleStep?.runId !== runId || sampleStep.step !== step) return;
    const [sample] = [...samples].sort(
      (a, b) => Math.abs(a.temperature - usualTemperature) - Math.abs(b.temperature - usualTemperature),
    );
    const caption = t('What it writes after step {0}', formatInteger(step));
    setText(this.sample.children[0], caption);
    setText(this.sampleText, sampleText(sample, this.histories.get(runId)?.start));
    show(this.sample, true);
  }

  private drawLegend(): void {
    const model = this.loss;
    if (!model) return;
    const colours = themeColours();
    const item = (colour: string, kind: string, label: string): HTMLElement => {
      const swatch = h('i', { class: `swatch ${kind}` });
      swatch.style.background = kind === 'ring' ? 'none' : colour;
      if (kind === 'ring') swatch.style.borderColor = colour;
      return h('span', {}, swatch, label);
    };
    const lines = model.lines.filter((line) => line.points.length > 0).reverse();
    const items = lines.map((line) => item(lineColour(line, colours), 'line', line.label));
    for (const { label, model: lower } of this.below.filter(({ name }) => name === 'gradient')) {
      const drawn = lower.lines.filter((line) => line.points.length > 0);
      items.push(...drawn.map((line) => item(lineColour(line, colours), 'line', label(line.label))));
    }
    if (model.band.length > 1) items.push(item(colours.train, 'band', t('lowest–highest batch')));
    const kinds = new Set(model.markers.map((marker) => marker.kind));
    if (kinds.has('best')) items.push(item(colours.best, 'ring', t('best checkpoint')));
    if (kinds.has('guard')) items.push(item(colours.guard, 'line', t('divergence guard')));
    if (kinds.has('learning-rate')) items.push(item(colours.learningRate, 'line', t('learning rate changed')));
    items.push(h('span', { class: 'muted' }, model.yName));
    const text = items.map((element) => element.textContent).join('|');
    const shown = text + JSON.stringify(colours);
    if (this.legend.dataset.shown === shown) return;
    this.legend.dataset.shown = shown;
    this.legend.replaceChildren(...items);
  }

  private drawCompare(run: RunItem, settings: TrainingSettings): void {
    const others = this.runs.filter((other) => other.id !== run.id).slice(0, maximumCompared);
    show(this.compare, others.length > 0);
    const labels = others.map((other) => {
      const bits = other.heldOutBitsPerCharacter;
      return runLabel(other) + (bits === undefined ? '' : ` · ${formatBits(bits)}`);
    });
    // Rebuilt only when the runs change, so that a focused checkbox keeps the focus.
    if (this.compareList.dataset.shown !== labels.join('\n')) {
      this.compareList.dataset.shown = labels.join('\n');
      this.compareBoxes = others.map((other, i) => checkbox(labels[i], (on) => this.overlay(other.id, on)));
      this.compareList.replaceChildren(...this.compareBoxes.map((box) => box.element));
    }
    others.forEach((other, i) => this.compareBoxes[i].set(settings.overlays.includes(other.id)));
  }

  private overlay(runId: string, on: boolean): void {
    const rest = (this.settings?.overlays ?? []).filter((id) => id !== runId);
    // Settings are sent first, because the host follows only the runs that are shown.
    this.change({ overlays: on ? [...rest, runId].slice(-maximumOverlays) : rest });
    this.flushSettings();
    if (on) this.send({ type: 'requestHistory', runId });
  }

  private saved(): SavedCurves | undefined {
    const run = this.run();
    const history = run && this.histories.get(run.id);
    if (!run || !history) return undefined;
    const caption = { title: run.title, sentence: describeRun(history, this.settings?.unit) };
    return { name: t('{0} curves', run.title), caption, csv: historyToCsv(history) };
  }
}

/** Draws sentences as a list, only when they change; without any, `block` is hidden. */
function drawList(list: HTMLElement, block: HTMLElement, sentences: readonly string[]): void {
  show(block, sentences.length > 0);
  if (list.textContent === sentences.join('')) return;
  list.replaceChildren(...sentences.map((sentence) => h('li', {}, sentence)));
}
