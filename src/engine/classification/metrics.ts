/**
 * Figures of a classifier, with scikit-learn's names and conventions (`classification_report`, `confusion_matrix`,
 * `roc_curve`, `precision_recall_curve`, `average_precision_score`): the confusion matrix has true classes as rows.
 */
import type {
  BinaryCurves,
  Certainty,
  ClassificationReport,
  ClassifierRecord,
  Interval,
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
 * infinity). As `precision_recall_curve`: thresholds rise, the last point (precision 1, recall 0) has none. Null if one
 * class has no examples.
 */
export function binaryCurves(positive: ArrayLike<number>, scores: ArrayLike<number>): BinaryCurves | null {
  const { steps, positives, negatives } = cumulativeCounts(positive, scores);
  if (positives === 0 || negatives === 0) return null;
  const truePositiveRate = [0, ...steps.map((s) => s.truePositives / positives)];
  const falsePositiveRate = [0, ...steps.map((s) => s.falsePositives / negatives)];
  const rocThreshold: (number | null)[] = [null, ...steps.map((s) => s.threshold)];
  let auc = 0;
  for (let i = 1; i < truePositiveRate.length; i++) {
    auc += ((falsePositiveRate[i] - falsePositiveRate[i - 1]) * (truePositiveRate[i] + truePositiveRate[i - 1])) / 2;
  }
  const rising = [...steps].reverse();
  const precision = [...rising.map((s) => s.truePositives / (s.truePositives + s.falsePositives)), 1];
  const recall = [...rising.map((s) => s.truePositives / positives), 0];
  const threshold: (number | null)[] = [...rising.map((s) => s.threshold), null];
  let averagePrecision = 0;
  for (let i = 0; i < rising.length; i++) averagePrecision += (recall[i] - recall[i + 1]) * precision[i];
  return {
    roc: { falsePositiveRate, truePositiveRate, threshold: rocThreshold, auc },
    precisionRecall: { precision, recall, threshold, averagePrecision },
  };
}

/** The curves of a trained classifier's held-out scores; null for more than two classes or if one has no examples. */
export function curvesOf({ positive, scores }: Pick<ClassifierRecord, 'positive' | 'scores'>): BinaryCurves | null {
  if (positive === null) return null;
  return binaryCurves(
    scores.map((score) => (score.label === positive ? 1 : 0)),
    scores.map((score) => score.probability),
  );
}

/**
 * The threshold t that a rule chooses; an example is positive if its score is at least t. Between two scores that lead
 * to the same counts, the middle is used, so that tiny differences decide nothing.
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

/**
 * The number of `negatives` good messages that a threshold may call positive so that, at 95 % confidence, no more than
 * `share` of all such messages are lost: the most k with P(Bin(negatives, share) ≤ k) ≤ 5 %. Undefined if even no loss
 * among them is not enough evidence. A share of 0 cannot be shown by any number: it requires that none of these is
 * lost.
 */
export function allowedLosses(share: number, negatives: number): number | undefined {
  if (share === 0) return 0;
  if (share >= 1) return negatives;
  let term = negatives * Math.log1p(-share);
  let cumulative = Math.exp(term);
  if (cumulative > maximumDoubt) return undefined;
  let allowed = 0;
  for (let k = 1; k <= negatives; k++) {
    term += Math.log((negatives - k + 1) / k) + Math.log(share) - Math.log1p(-share);
    cumulative += Math.exp(term);
    if (cumulative > maximumDoubt) break;
    allowed = k;
  }
  return allowed;
}

/** The fewest good messages that can show a share of at most `share`, in (0, 1), to be lost. */
export function fewestNegatives(share: number): number {
  return Math.ceil(Math.log(maximumDoubt) / Math.log1p(-share));
}

const maximumDoubt = 0.05;

/**
 * Expected calibration error in ten bins of equal width: Σ share of the bin · |mean probability - share that is true|.
 * `outcomes[i]` is whether the event with probability `probabilities[i]` occurred. Needs at least one example.
 */
export function calibrationError(outcomes: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  const gaps = new Float64Array(10);
  for (let i = 0; i < outcomes.length; i++) {
    const bin = Math.min(9, Math.floor(probabilities[i] * 10));
    gaps[bin] += probabilities[i] - outcomes[i];
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / outcomes.length;
}

/** Wilson's 95 % interval of a share with `hits` of `count`; null if `count` is 0. */
export function shareInterval(hits: number, count: number): Interval | null {
  if (count === 0) return null;
  const z = 1.959964;
  const p = hits / count;
  const scale = 1 + (z * z) / count;
  const center = (p + (z * z) / (2 * count)) / scale;
  const reach = (z / scale) * Math.sqrt((p * (1 - p)) / count + (z * z) / (4 * count * count));
  return { low: hits === 0 ? 0 : center - reach, high: hits === count ? 1 : center + reach };
}

/** The 95 % interval of an area under the ROC curve (Hanley and McNeil 1982). */
export function aucInterval(auc: number, positives: number, negatives: number): Interval {
  const q1 = auc / (2 - auc);
  const q2 = (2 * auc * auc) / (1 + auc);
  const own = auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc);
  const reach = 1.959964 * Math.sqrt(own / (positives * negatives));
  return { low: Math.max(0, auc - reach), high: Math.min(1, auc + reach) };
}

/** The uncertainty of a report on `truth` (class ids) by `probabilities` ([examples][classes]). */
export function certaintyOf(
  { classes, confusion }: ClassificationReport,
  positive: number | null,
  truth: readonly number[],
  probabilities: readonly number[][],
): Certainty {
  const hits = classes.map((_, c) => confusion[c][c]);
  const actual = classes.map((_, c) => confusion[c].reduce((a, b) => a + b, 0));
  const called = classes.map((_, c) => confusion.reduce((sum, row) => sum + row[c], 0));
  const byClass = (counts: number[]): Record<string, Interval | null> =>
    Object.fromEntries(classes.map((name, c) => [name, shareInterval(hits[c], counts[c])]));
  const total = (counts: number[]): number => counts.reduce((a, b) => a + b, 0);
  const asked = positive ?? undefined;
  const outcomes = truth.map((label, i) => Number(label === (asked ?? likeliest(probabilities[i]))));
  const given = probabilities.map((row) => row[asked ?? likeliest(row)]);
  const auc = asked === undefined ? undefined : binaryCurves(outcomes, given)?.roc.auc;
  const positives = total(outcomes);
  return {
    accuracy: shareInterval(total(hits), truth.length),
    precision: byClass(called),
    recall: byClass(actual),
    auc: auc === undefined ? null : { value: auc, ...aucInterval(auc, positives, truth.length - positives) },
    calibrationError: calibrationError(outcomes, given),
  };
}

/** Index of the largest; the first if there are several. */
export function likeliest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

export interface Spread {
  mean: number;
  /** Sample standard deviation (n - 1); 0 for one value. */
  deviation: number;
  minimum: number;
  maximum: number;
}

/** Mean and spread of a figure over the folds or seeds in which it was measured; null if it never was. */
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
