/**
 * Combines the two parts of a classifier, the network and the linear model: the verdicts come from one of them or from
 * their average. The scores of each part are first converted to log-odds, with a scale fitted on texts that it was not
 * trained on:
 *
 *   two classes   z = a · score + b, fitted as Platt does       more: z_c = a · score_c, with a fitted by likelihood
 *
 * The average is that of the z. The choice is by the mean log loss on the same texts; the linear model is kept unless
 * another is better by more than two standard errors of the difference, because it is fast and can be explained
 * exactly.
 */
import type { CandidateScores, Mix, ModelPart } from '../../common/classifierProtocol';
import { fitPlatt } from './calibration';
import { classificationReport } from './metrics';
import { classProbabilities } from './naiveBayes';

export const networkAlone: Mix = { network: 1, linear: 0, bias: 0 };

/**
 * Scores of the parts for the same texts, [texts][outputs]; one output for two classes, larger for the positive class.
 */
export interface PartScores {
  network?: number[][];
  linear?: number[][];
}

/** The logits of one text: log-odds of the positive class for two classes, otherwise one logit per class. */
export function mixScores(mix: Mix, network: number[] | undefined, linear: number[] | undefined): number[] {
  const outputs = (network ?? linear)!.length;
  return Array.from(
    { length: outputs },
    (_, o) => mix.network * (network?.[o] ?? 0) + mix.linear * (linear?.[o] ?? 0) + mix.bias,
  );
}

/** A part's scores on the scale of log-odds: scale · score + bias. */
export interface Scale {
  scale: number;
  bias: number;
}

/** How each candidate combines the available parts. */
export function mixesOf(network: Scale | undefined, linear: Scale | undefined): Partial<Record<ModelPart, Mix>> {
  return {
    ...(network && { network: { network: network.scale, linear: 0, bias: network.bias } }),
    ...(linear && { linear: { network: 0, linear: linear.scale, bias: linear.bias } }),
    ...(network &&
      linear && {
        average: {
          network: network.scale / 2,
          linear: linear.scale / 2,
          bias: (network.bias + linear.bias) / 2,
        },
      }),
  };
}

/** The candidates with their figures on the texts used for fitting, and the one to keep. */
export function compareMixes(
  mixes: Partial<Record<ModelPart, Mix>>,
  truth: ArrayLike<number>,
  { network, linear }: PartScores,
  classes: string[],
): { kept: ModelPart; candidates: CandidateScores[] } {
  const losses = new Map<ModelPart, number[]>();
  const candidates = Object.entries(mixes).map(([name, mix]): CandidateScores => {
    const part = name as ModelPart;
    const logits = Array.from(truth, (_, i) => mixScores(mix, network?.[i], linear?.[i]));
    losses.set(
      part,
      logits.map((row, i) => logLoss(row, truth[i])),
    );
    const predicted = logits.map((row) => (row.length === 1 ? Number(row[0] > 0) : row.indexOf(Math.max(...row))));
    const report = classificationReport(truth, predicted, classes);
    return { part, validationLoss: mean(losses.get(part)!), validationMacroF1: report.macro.f1 };
  });
  const best = candidates.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a)).part;
  const simple = losses.get('linear');
  if (simple === undefined || best === 'linear') return { kept: best, candidates };
  const differences = simple.map((loss, i) => loss - losses.get(best)![i]);
  return { kept: mean(differences) <= 2 * standardError(differences) ? 'linear' : best, candidates };
}

/** ln-loss of one text. */
function logLoss(logits: number[], truth: number): number {
  if (logits.length > 1) return -Math.log(Math.max(classProbabilities(logits)[truth], 1e-12));
  const margin = truth === 1 ? logits[0] : -logits[0];
  return margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin;
}

/**
 * Fits the scale to scores of texts that the part was not trained on. `truth[i]` is the class id of text i; of two
 * classes, 1 is the positive one.
 */
export function scaleOf(truth: ArrayLike<number>, scores: number[][]): Scale;
export function scaleOf(truth: ArrayLike<number>, scores: number[][] | undefined): Scale | undefined;
export function scaleOf(truth: ArrayLike<number>, scores: number[][] | undefined): Scale | undefined {
  if (!scores) return undefined;
  if (scores[0].length === 1) {
    const platt = fitPlatt(
      truth,
      scores.map(([score]) => score),
    );
    // Scores that rank the classes the wrong way round cannot be trusted.
    return platt.a < 0 ? { scale: -platt.a, bias: -platt.b } : { scale: 1, bias: 0 };
  }
  const loss = (logScale: number): number =>
    scores.reduce(
      (sum, row, i) =>
        sum +
        logLoss(
          row.map((score) => score * Math.exp(logScale)),
          truth[i],
        ),
      0,
    );
  return { scale: Math.exp(minimum(loss, Math.log(0.05), Math.log(20))), bias: 0 };
}

/** Golden-section search for the smallest value of a function with one minimum. */
function minimum(of: (x: number) => number, low: number, high: number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  while (high - low > 1e-3) {
    const a = high - golden * (high - low);
    const b = low + golden * (high - low);
    if (of(a) < of(b)) high = b;
    else low = a;
  }
  return (low + high) / 2;
}

function mean(values: number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function standardError(values: number[]): number {
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return values.length < 2 ? Infinity : Math.sqrt(squares / (values.length - 1) / values.length);
}
