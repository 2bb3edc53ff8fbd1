/**
 * Figures of a classifier, with scikit-learn's names and conventions (`classification_report`, `confusion_matrix`,
 * `roc_curve`, `precision_recall_curve`, `average_precision_score`): the confusion matrix has true classes as rows.
 */
import type {
  BinaryCurves,
  ClassificationReport,
  ClassifierRecord,
  ThresholdRule,
} from '../../common/classifierProtocol';
import { reportOfConfusion } from '../../common/confusionReport';

/** The report on true and predicted class ids (same length). Ids index `classes`. */
export function classificationReport(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: string[],
): ClassificationReport {
  const confusion = classes.map(() => new Array<number>(classes.length).fill(0));
  for (let i = 0; i < truth.length; i++) confusion[truth[i]][predicted[i]]++;
  return reportOfConfusion(confusion, classes);
}

/** Counts of true and false positives at each distinct score, from the highest threshold down. */
function cumulativeCounts(positive: ArrayLike<number>, scores: ArrayLike<number>) {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  const steps: { threshold: number; truePositives: number; falsePositives: number }[] = [];
  let truePositives = 0;
  let falsePositives = 0;
  order.forEach((example, rank) => {
    if (positive[example]) truePositives++;
    else falsePositives++;
    const last = rank === order.length - 1 || scores[order[rank + 1]] !== scores[example];
    if (last) steps.push({ threshold: scores[example], truePositives, falsePositives });
  });
  return { steps, positives: truePositives, negatives: falsePositives };
}

/**
 * ROC and precision–recall curves. `positive[i]` is 1 for an example of the positive class; `scores` are larger for it.
 * As `roc_curve(drop_intermediate=False)`: thresholds fall, the first point (0, 0) has none (scikit-learn writes
 * infinity). As `precision_recall_curve`: thresholds rise, the last point (precision 1, recall 0) has none. Null where
 * one class has no examples: then there is nothing to tell apart.
 */
export function binaryCurves(positive: ArrayLike<number>, scores: ArrayLike<number>): BinaryCurves | null {
  const { steps, positives, negatives } = cumulativeCounts(positive, scores);
  if (positives === 0 || negatives === 0) return null;
  const rate = (n: number, of: number): number => n / of;
  const truePositiveRate = [0, ...steps.map((s) => rate(s.truePositives, positives))];
  const falsePositiveRate = [0, ...steps.map((s) => rate(s.falsePositives, negatives))];
  const rocThreshold: (number | null)[] = [null, ...steps.map((s) => s.threshold)];
  let auc = 0;
  for (let i = 1; i < truePositiveRate.length; i++) {
    auc += ((falsePositiveRate[i] - falsePositiveRate[i - 1]) * (truePositiveRate[i] + truePositiveRate[i - 1])) / 2;
  }
  const rising = [...steps].reverse();
  const precision = [...rising.map((s) => rate(s.truePositives, s.truePositives + s.falsePositives)), 1];
  const recall = [...rising.map((s) => rate(s.truePositives, positives)), 0];
  const threshold: (number | null)[] = [...rising.map((s) => s.threshold), null];
  let averagePrecision = 0;
  for (let i = 0; i < rising.length; i++) averagePrecision += (recall[i] - recall[i + 1]) * precision[i];
  return {
    roc: { falsePositiveRate, truePositiveRate, threshold: rocThreshold, auc },
    precisionRecall: { precision, recall, threshold, averagePrecision },
  };
}

/** The curves of a trained classifier's held-out scores; null for more than two classes or where one has no examples. */
export function curvesOf({ positive, scores }: Pick<ClassifierRecord, 'positive' | 'scores'>): BinaryCurves | null {
  if (positive === null) return null;
  return binaryCurves(
    scores.map((score) => (score.label === positive ? 1 : 0)),
    scores.map((score) => score.probability),
  );
}

/**
 * The threshold t that a rule chooses; an example is positive when its score is at least t. Between two scores that
 * lead to the same counts the middle is taken, so that a hair's breadth decides nothing.
 *
 * `maximum-f1`: the best F1 of the positive class (ties: the higher threshold, which loses fewer good messages).
 * `maximum-lost`: the lowest threshold that calls at most that share of the negatives positive.
 */
export function chooseThreshold(positive: ArrayLike<number>, scores: ArrayLike<number>, rule: ThresholdRule): number {
  if (rule.kind === 'fixed') return rule.value;
  const { steps, positives, negatives } = cumulativeCounts(positive, scores);
  let best = -1;
  let bestF1 = 0;
  steps.forEach((step, i) => {
    if (rule.kind === 'maximum-lost') {
      if (step.falsePositives <= rule.share * negatives) best = i;
      return;
    }
    const f1 = (2 * step.truePositives) / (step.truePositives + step.falsePositives + positives);
    if (f1 > bestF1) {
      bestF1 = f1;
      best = i;
    }
  });
  const above = best < 0 ? Number.POSITIVE_INFINITY : steps[best].threshold;
  const below = steps[best + 1]?.threshold;
  if (above === Number.POSITIVE_INFINITY) return steps.length ? steps[0].threshold + 1e-6 : 0.5;
  return below === undefined ? above : (above + below) / 2;
}

/** Mean squared distance between probability and truth (`brier_score_loss`), of at least one example. */
export function brierScore(positive: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < positive.length; i++) sum += (probabilities[i] - positive[i]) ** 2;
  return sum / positive.length;
}

export interface Spread {
  mean: number;
  /** Sample standard deviation (n - 1); 0 for one value. */
  deviation: number;
  minimum: number;
  maximum: number;
}

/** Mean and spread of a figure over the folds or seeds in which it was measured; null where it never was. */
export function spreadOf(figures: readonly (number | null)[]): Spread | null {
  const values = figures.filter((figure) => figure !== null);
  if (values.length === 0) return null;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return {
    mean,
    deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
    minimum: Math.min(...values),
    maximum: Math.max(...values),
  };
}
