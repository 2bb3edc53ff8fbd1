/** The threshold as a slider, and what it would have done with the held-out examples: confusion matrix and both curves. */
import type { ClassifierRecord } from '../../common/classifierProtocol';
import { confusionAt, formatFigure, reportOfConfusion } from '../../common/confusionReport';
import { formatShare } from '../../common/contributions';
import { formatFixed } from '../../common/formats';
import { formatInteger, t } from '../../common/l10n';
import { className } from '../../common/verdictSentences';
import { onThemeChange, themeColours } from '../chart/chartView';
import { h, scrolling, setText, show } from '../dom';
import { button, slider } from '../toolkit';
import { precisionRecallCurve, renderUnitCurve, rocCurve } from './unitCurve';

export class ThresholdView {
  readonly element: HTMLElement;
  private record: ClassifierRecord | undefined;
  private threshold = 0.5;
  private readonly control = slider(
    t('Threshold'),
    { minimum: 0.01, maximum: 0.99, step: 0.01 },
    (value) => formatFixed(value, 2),
    (value) => this.set(value, value),
    t('Texts at or above this probability are assigned the class. Verdicts in the editor use the same threshold.'),
  );
  private readonly reset = button(t('Reset'), () => this.set(this.record?.threshold ?? 0.5, undefined));
  private readonly sentence = h('p', { class: 'sentence', 'aria-live': 'polite' });
  private readonly matrix = h('table', { class: 'confusion' });
  private readonly scores = h('table');
  private readonly roc = h('div', { class: 'plot' });
  private readonly precisionRecall = h('div', { class: 'plot' });
  private readonly binary: HTMLElement;
  private readonly curves = h(
    'div',
    { class: 'pair' },
    h('figure', {}, this.roc),
    h('figure', {}, this.precisionRecall),
  );

  /** `onThreshold` gets undefined to return to the classifier's own threshold. */
  constructor(private readonly onThreshold: (threshold: number | undefined) => void) {
    this.binary = h('div', { class: 'stack' }, this.control.element, this.reset.element, this.sentence);
    this.element = h(
      'div',
      { class: 'stack' },
      this.binary,
      scrolling(this.matrix),
      scrolling(this.scores),
      this.curves,
    );
    new ResizeObserver(() => this.drawCurves()).observe(this.element);
    onThemeChange(() => this.drawCurves());
  }

  draw(record: ClassifierRecord, chosen: number | undefined): void {
    this.record = record;
    this.threshold = chosen ?? record.threshold ?? 0.5;
    this.control.set(this.threshold);
    this.redraw();
  }

  private set(threshold: number, chosen: number | undefined): void {
    this.threshold = threshold;
    this.control.set(threshold);
    this.redraw();
    this.onThreshold(chosen);
  }

  private redraw(): void {
    const { record, threshold } = this;
    if (!record) return;
    const { positive, classes } = record;
    const names = classes.map((label) => className(label, record));
    const binary = positive !== null && record.scores.length > 0;
    show(this.binary, binary);
    show(this.curves, binary && record.curves !== null);
    show(this.reset.element, binary && Math.abs(threshold - (record.threshold ?? 0.5)) > 0.005);
    const confusion = binary ? confusionAt(record.scores, positive, threshold) : record.report.confusion;
    if (binary) setText(this.sentence, thresholdSentence(confusion, names, positive));
    this.matrix.replaceChildren(...confusionRows(confusion, names));
    this.scores.replaceChildren(...scoreRows(confusion, names));
    this.drawCurves();
  }

  private drawCurves(): void {
    const { record } = this;
    const width = Math.floor(this.roc.clientWidth);
    if (!record?.curves || record.positive === null || width === 0) return;
    const colours = themeColours();
    const confusion = confusionAt(record.scores, record.positive, this.threshold);
    const size = { width, height: Math.min(230, Math.max(170, Math.round(width * 0.8))) };
    this.roc.innerHTML = renderUnitCurve(rocCurve(record.curves, confusion, record.positive), size, colours);
    this.precisionRecall.innerHTML = renderUnitCurve(
      precisionRecallCurve(record.curves, confusion, record.positive),
      size,
      colours,
    );
  }
}

/** "Catches 140 of 143 spam (97.9 %); flags 3 of 857 not spam as spam (0.4 %)." */
function thresholdSentence(confusion: number[][], classes: string[], positive: number): string {
  const other = 1 - positive;
  const caught = confusion[positive][positive];
  const positives = caught + confusion[positive][other];
  const lost = confusion[other][positive];
  const negatives = lost + confusion[other][other];
  const share = (n: number, of: number): string => (of === 0 ? '–' : formatShare(n / of));
  const count = formatInteger;
  const hits = [count(caught), count(positives), classes[positive], share(caught, positives)];
  const wrong = [count(lost), count(negatives), classes[other], classes[positive], share(lost, negatives)];
  return `${t('Catches {0} of {1} {2} ({3})', ...hits)}; ${t('flags {0} of {1} {2} as {3} ({4})', ...wrong)}.`;
}

/** Rows are true classes, columns predicted ones. */
function confusionRows(confusion: number[][], classes: string[]): HTMLElement[] {
  const head = classes.map((name) => h('th', { scope: 'col' }, t('called {0}', name)));
  const rows = confusion.map((row, c) => {
    const sum = Math.max(
      1,
      row.reduce((a, b) => a + b, 0),
    );
    const cells = row.map((count, predicted) => {
      const cell = h('td', { class: predicted === c ? 'right' : 'wrong' }, formatInteger(count));
      cell.style.setProperty('--share', String(count === 0 ? 0 : Math.max(0.08, count / sum)));
      return cell;
    });
    return h('tr', {}, h('th', { scope: 'row' }, t('is {0}', classes[c])), ...cells);
  });
  return [
    h('caption', { class: 'visually-hidden' }, t('Confusion matrix of the held-out examples')),
    h('thead', {}, h('tr', {}, h('td'), ...head)),
    h('tbody', {}, ...rows),
  ];
}

/** As scikit-learn prints it. */
function scoreRows(confusion: number[][], classes: string[]): HTMLElement[] {
  const report = reportOfConfusion(confusion, classes);
  const row = (name: string, cells: string[]): HTMLElement =>
    h('tr', {}, h('th', { scope: 'row' }, name), ...cells.map((cell) => h('td', {}, cell)));
  const scores = ({ precision, recall, f1, support }: typeof report.macro): string[] => [
    formatFigure(precision),
    formatFigure(recall),
    formatFigure(f1),
    formatInteger(support),
  ];
  const head = [t('precision'), t('recall'), 'F1', t('support')].map((name) => h('th', { scope: 'col' }, name));
  return [
    h('caption', { class: 'visually-hidden' }, t('Scores of each class on the held-out examples')),
    h('thead', {}, h('tr', {}, h('td'), ...head)),
    h(
      'tbody',
      {},
      ...classes.map((name) => row(name, scores(report.perClass[name]))),
      row(t('accuracy'), ['', '', formatFigure(report.accuracy), formatInteger(report.macro.support)]),
      row(t('macro avg'), scores(report.macro)),
      row(t('weighted avg'), scores(report.weighted)),
    ),
  ];
}
