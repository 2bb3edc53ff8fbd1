/**
 * The Classifier tab: what was checked and why, how well the classifier does on examples it never saw, and where its
 * threshold should be. The host owns the state; the page requests it when the tab is first shown.
 */
import type { ClassifierRecord } from '../common/classifierProtocol';
import type { ClassifierState } from '../common/classifierState';
import { learningSentence, startSentence } from '../common/confusionReport';
import { formatDay, formatDuration } from '../common/formats';
import { formatInteger, t } from '../common/l10n';
import { sayAdvice } from '../common/verdictSentences';
import { keptTitle } from '../common/partTitles';
import type { HostMessage } from '../common/studioProtocol';
import { checkCards } from './classifier/checkCards';
import { comparisonTable } from './classifier/comparisonTable';
import { correctionList } from './classifier/correctionList';
import { exampleList } from './classifier/exampleList';
import { LearningCurves } from './classifier/learningCurves';
import { scoreReport } from './classifier/scoreReport';
import { ThresholdView } from './classifier/thresholdView';
import { atMostEvery, h, setText, show } from './dom';
import type { Send } from './host';
import { button, choice } from './toolkit';

const thresholdMs = 400;

export class ClassifierTab {
  readonly element: HTMLElement;
  private asked = false;
  private shown: ClassifierRecord | undefined;
  private threshold: number | undefined;
  /** The host has not received `threshold` yet. */
  private thresholdUnsent = false;
  private shownChecks = '';

  private readonly choice = choice<string>(
    t('Classifier'),
    (path) => this.send({ type: 'chooseClassifier', path }),
    [],
    {
      labelHidden: true,
    },
  );
  private readonly check = button(t('Check Selection'), () => this.send({ type: 'checkSelection' }), {
    kind: 'primary',
  });
  private readonly train = button(t('Train Classifier on This File'), () => this.send({ type: 'trainClassifier' }), {
    hint: t('Labelled text in the editor: a label, a tab and the text on each line; CSV with a header; or JSON Lines'),
  });
  private readonly problem = h('p', { class: 'failure', hidden: true });
  private readonly checks = h('div', { class: 'stack' });
  private readonly corrections = correctionList((id) => this.send({ type: 'removeCorrection', id }));
  private readonly examples = exampleList({
    add: () => this.send({ type: 'addExample' }),
    remove: (id) => this.send({ type: 'removeExample', id }),
    train: () => this.send({ type: 'trainOnExamples' }),
  });
  private readonly thresholds = new ThresholdView((threshold) => {
    this.threshold = threshold;
    this.thresholdUnsent = true;
    this.sendThreshold();
  });
  private readonly sendThreshold = atMostEvery(thresholdMs, () => {
    this.thresholdUnsent = false;
    this.send({ type: 'setThreshold', threshold: this.threshold ?? null });
  });
  private readonly report = h('div', { class: 'stack' });
  private readonly training = h('p', { class: 'sentence', hidden: true });
  /** Made with the first state: a page that never shows this tab has no second chart. */
  private curves: LearningCurves | undefined;
  private readonly curvesPlace = section(t('How it learned'));
  private readonly comparison = h('div', { class: 'stack' });
  private readonly facts = h('p', { class: 'muted small' });
  private readonly advice = h('ul', { class: 'small' });
  private readonly body: HTMLElement;

  constructor(private readonly send: Send) {
    this.body = h(
      'div',
      { class: 'stack' },
      section(t('On examples it has never seen'), this.thresholds.element, this.report),
      this.curvesPlace,
      this.comparison,
      h('details', {}, h('summary', {}, t('What it was trained on')), this.facts, this.advice),
    );
    this.element = h(
      'div',
      { class: 'tab-body' },
      this.choice.element,
      h('div', { class: 'row' }, this.check.element, this.train.element),
      this.problem,
      this.training,
      this.checks,
      this.corrections.element,
      this.examples.element,
      this.body,
    );
    // The record is read by the engine, which is not started for a tab that nobody looks at.
    new IntersectionObserver((entries) => {
      if (this.asked || !entries.some((entry) => entry.isIntersecting)) return;
      this.asked = true;
      this.send({ type: 'requestClassifier' });
    }).observe(this.element);
  }

  receive(message: HostMessage): void {
    if (message.type === 'classifier') this.draw(message.state);
  }

  private draw(state: ClassifierState): void {
    const { record, training } = state;
    this.choice.setChoices(state.choices.map(({ path, title }) => ({ value: path, label: title })));
    this.choice.set(state.path);
    show(this.problem, state.problem !== undefined);
    setText(this.problem, state.problem ?? '');
    this.drawChecks(state);
    this.corrections.draw(state.corrections, record);
    this.examples.draw(state.examples);
    show(this.training, training !== undefined);
    if (training) setText(this.training, trainingSentence(training));
    show(this.body, record !== undefined || training !== undefined);
    if (!this.curves) {
      this.curves = new LearningCurves(this.send);
      this.curvesPlace.append(this.curves.element);
    }
    const history = training?.history ?? record?.history ?? [];
    // A linear model that was trained alone has no epochs.
    show(this.curvesPlace, history.length > 0);
    this.curves.draw(
      history,
      training
        ? { title: training.title, sentence: trainingSentence(training) }
        : {
            title: state.choices.find(({ path }) => path === state.path)?.title ?? '',
            sentence: record ? recordFacts(record) : '',
          },
    );
    if (!record) return;
    this.thresholds.draw(record, this.thresholdUnsent ? this.threshold : state.threshold);
    // The record's parts are built once for each record: a moved slider or a check leaves them alone.
    const key = `${state.path} ${record.created}`;
    if (this.shown && this.body.dataset.shown === key) return;
    this.body.dataset.shown = key;
    this.shown = record;
    this.report.replaceChildren(...scoreReport(record));
    this.comparison.replaceChildren(...comparisonTable(record));
    setText(this.facts, recordFacts(record));
    const own = [startSentence(record), learningSentence(record)].filter((sentence) => sentence !== undefined);
    const sentences = [...record.advice.map(sayAdvice), ...own];
    this.advice.replaceChildren(...sentences.map((sentence) => h('li', {}, sentence)));
  }

  /** Rebuilt only if they have changed, because one of them may be open or have the focus. */
  private drawChecks(state: ClassifierState): void {
    const key = JSON.stringify([state.path, state.record?.created, state.checks]);
    if (key === this.shownChecks) return;
    this.shownChecks = key;
    this.checks.replaceChildren(
      ...checkCards(state, (check, label) => this.send({ type: 'correctCheck', check, label })),
    );
  }
}

function section(title: string, ...parts: HTMLElement[]): HTMLElement {
  return h('section', { class: 'stack' }, h('h2', {}, title), ...parts);
}

function trainingSentence(training: NonNullable<ClassifierState['training']>): string {
  const { title, variant, variantNumber, variants, epochs, history } = training;
  const which = variants > 1 ? t('{0}, {1} of {2}', variant, variantNumber, variants) : variant;
  const last = history.at(-1);
  const where = last ? t('epoch {0} of {1}', last.epoch, epochs) : t('reading the examples…');
  return t('Training on {0} ({1}): {2}', title, which, where);
}

/** "4,459 examples to learn from, 1,000 held out … · bigru, 64 units, 10 epochs, ragged · seed 42 · 8 s". */
function recordFacts(record: ClassifierRecord): string {
  const { settings, trainExamples, heldOutExamples, duplicatesRemoved, sources, seconds, created } = record;
  const parts = [
    sources.join(', '),
    t('{0} examples to learn from, {1} held out', formatInteger(trainExamples), formatInteger(heldOutExamples)),
    duplicatesRemoved > 0 ? t('{0} held-out duplicates removed', formatInteger(duplicatesRemoved)) : '',
    record.kept === 'linear'
      ? keptTitle(record)
      : t(
          '{0}, {1} units, {2} epochs, {3}, {4} vectors',
          keptTitle(record),
          settings.units,
          settings.epochs,
          lengthsTitle(settings.lengths),
          vectorsTitle(settings.vectors),
        ),
    t('seed {0}', settings.seed),
    formatDuration(seconds),
    formatDay(created),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function lengthsTitle(lengths: ClassifierRecord['settings']['lengths']): string {
  return { padded: t('padded'), ragged: t('ragged') }[lengths];
}

function vectorsTitle(vectors: ClassifierRecord['settings']['vectors']): string {
  return { frozen: t('frozen'), tuned: t('tuned'), learned: t('learned') }[vectors];
}
