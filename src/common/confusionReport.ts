/**
 * Computes a classification report from a confusion matrix, with scikit-learn's names and conventions: true classes are
 * rows, and a class that was never predicted has a precision of 0. A class without examples was not measured: its
 * figures are null, and means are taken over the others. Shared, because the page recomputes it for every position of
 * the threshold.
 */
import { formatFixed } from './formats';
import { formatInteger, t } from './l10n';
import type { ClassificationReport, ClassifierRecord, ClassScores, ScoredExample } from './classifierProtocol';

/** The report for the counts [true][predicted]. */
export function reportOfConfusion(confusion: number[][], classes: string[]): ClassificationReport {
  const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);
  const rowSum = (c: number): number => confusion[c].reduce((a, b) => a + b, 0);
  const columnSum = (c: number): number => confusion.reduce((sum, row) => sum + row[c], 0);
  const scores = classes.map((_, c): ClassScores => {
    const support = rowSum(c);
    const hits = confusion[c][c];
    const precision = ratio(hits, columnSum(c));
    const recall = ratio(hits, support);
    if (support === 0) return { precision: null, recall: null, f1: null, support };
    return { precision, recall, f1: ratio(2 * precision * recall, precision + recall), support };
  });
  const measured = scores.filter(({ support }) => support > 0).length;
  const total = scores.reduce((sum, s) => sum + s.support, 0);
  const hits = classes.reduce((sum, _, c) => sum + confusion[c][c], 0);
  const average = (weight: (s: ClassScores) => number): ClassScores => {
    const mean = (key: 'precision' | 'recall' | 'f1'): number | null =>
      measured === 0 ? null : scores.reduce((sum, s) => sum + (s[key] ?? 0) * weight(s), 0);
    return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1'), support: total };
  };
  return {
    classes,
    perClass: Object.fromEntries(classes.map((name, c) => [name, scores[c]])),
    accuracy: total === 0 ? null : hits / total,
    macro: average(() => 1 / measured),
    weighted: average((s) => ratio(s.support, total)),
    confusion,
  };
}

/** Why figures are missing: one sentence for each class without examples. */
export function unmeasured({ classes, perClass }: ClassificationReport): string[] {
  return classes
    .filter((name) => perClass[name].support === 0)
    .map((name) => t('“{0}” was not measured: there are no examples of it.', name));
}

/** Where the linear model started, if not from nothing. */
export function startSentence({ startedFromShipped: start }: ClassifierRecord): string | undefined {
  return (
    start &&
    t(
      'Training started from the spam detector that comes with Inkling: macro F1 {0} by cross-validation, {1} without it.',
      formatFigure(start.macroF1, 2),
      formatFigure(start.without, 2),
    )
  );
}

/** What the classifier's own learning curve says about more labels; undefined where it has none. */
export function learningSentence({ learningCurve }: Pick<ClassifierRecord, 'learningCurve'>): string | undefined {
  if (!learningCurve) return undefined;
  const { points, worthAdding, expected } = learningCurve;
  const now = formatFigure(points.at(-1)!.macroF1, 2);
  if (worthAdding === 0) {
    return t('More labels of the same kind would hardly help: by its learning curve, macro F1 stays near {0}.', now);
  }
  return t(
    'About {0} more labels are worth adding: by its learning curve, macro F1 would rise from {1} to about {2}.',
    formatInteger(worthAdding),
    now,
    formatFigure(expected, 2),
  );
}

/** "0.947", or "not measured". */
export function formatFigure(figure: number | null, digits = 3): string {
  return figure === null ? t('not measured') : formatFixed(figure, digits);
}

/** The confusion matrix of two classes when scores of at least `threshold` are called positive. */
export function confusionAt(scores: readonly ScoredExample[], positive: number, threshold: number): number[][] {
  const confusion = [
    [0, 0],
    [0, 0],
  ];
  for (const { label, probability } of scores) {
    confusion[label][probability >= threshold ? positive : 1 - positive]++;
  }
  return confusion;
}
