/**
 * Logistic regression over TF-IDF weights, L2-penalised: scikit-learn's `TfidfTransformer()` (smooth idf, L2-normalised
 * rows) and `LogisticRegression(C=10)`, the second baseline.
 *
 *   minimise  ½ Σ_c |w_c|² + C Σ_i ln-loss(i)      (no penalty on the intercepts)
 *
 * Two classes give one weight vector (sigmoid), more give one per class (softmax). Solved by L-BFGS with a backtracking
 * line search; the problem is convex, so the solution is unique.
 */
import { logistic } from './calibration';
import type { SparseCounts } from './bagOfWords';
import { classProbabilities } from './naiveBayes';

/** idf_w = ln((1 + N) / (1 + documents with w)) + 1. */
function inverseDocumentFrequencies(rows: SparseCounts[], vocabulary: number): Float64Array {
  const documents = new Float64Array(vocabulary);
  for (const row of rows) for (const id of row.ids) documents[id]++;
  return documents.map((n) => Math.log((1 + rows.length) / (1 + n)) + 1);
}

/** Counts times idf, scaled to a Euclidean norm of 1. */
function tfidf(row: SparseCounts, idf: Float64Array): SparseCounts {
  const weights = Float64Array.from(row.counts, (count, k) => count * idf[row.ids[k]]);
  const norm = Math.sqrt(weights.reduce((sum, x) => sum + x * x, 0));
  return { ids: row.ids, counts: norm === 0 ? weights : weights.map((x) => x / norm) };
}

/** scikit-learn's C. */
const inverseRegularisation = 10;
const iterations = 100;

export class LogisticRegression {
  constructor(
    readonly classes: number,
    readonly vocabulary: number,
    readonly idf: Float64Array,
    /** [outputs][vocabulary + 1], the intercept last; one output for two classes. */
    readonly weights: Float64Array,
  ) {}

  static fit(
    counts: SparseCounts[],
    labels: ArrayLike<number>,
    classes: number,
    vocabulary: number,
  ): LogisticRegression {
    const idf = inverseDocumentFrequencies(counts, vocabulary);
    const rows = counts.map((row) => tfidf(row, idf));
    return new LogisticRegression(classes, vocabulary, idf, fitWeights(rows, labels, classes, vocabulary));
  }

  /** P(c | text), [classes], for raw token counts. */
  probabilities(counts: SparseCounts): number[] {
    return logisticProbabilities(this.weights, tfidf(counts, this.idf), this.classes, this.vocabulary);
  }
}

/**
 * The weights for rows of `features` numbers, [outputs][features + 1] with the intercept last; `labels[i]` is the class id
 * of row i.
 */
export function fitWeights(
  rows: SparseCounts[],
  labels: ArrayLike<number>,
  classes: number,
  features: number,
): Float64Array {
  const outputs = classes === 2 ? 1 : classes;
  const width = features + 1;
  const objective = (w: Float64Array, gradient: Float64Array): number => {
    let loss = 0;
    for (let o = 0; o < outputs; o++) {
      for (let k = 0; k < features; k++) {
        const weight = w[o * width + k];
        loss += 0.5 * weight * weight;
        gradient[o * width + k] = weight;
      }
      gradient[o * width + features] = 0;
    }
    rows.forEach((row, i) => {
      if (outputs === 1) {
        const sign = labels[i] === 1 ? 1 : -1;
        const margin = sign * logitOf(w, row, 0, width);
        loss +=
          inverseRegularisation * (margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin);
        addScaled(gradient, row, 0, width, -inverseRegularisation * sign * logistic(-margin));
      } else {
        const p = classProbabilities(logitsOf(w, row, outputs, width));
        loss -= inverseRegularisation * Math.log(Math.max(p[labels[i]], 1e-300));
        for (let o = 0; o < outputs; o++)
          addScaled(gradient, row, o, width, inverseRegularisation * (p[o] - (labels[i] === o ? 1 : 0)));
      }
    });
    return loss;
  };
  return minimise(objective, new Float64Array(outputs * width), iterations);
}

/** P(c | row), [classes], with weights of `fitWeights`. */
export function logisticProbabilities(
  weights: Float64Array,
  row: SparseCounts,
  classes: number,
  features: number,
): number[] {
  const outputs = classes === 2 ? 1 : classes;
  const logits = logitsOf(weights, row, outputs, features + 1);
  if (outputs > 1) return classProbabilities(logits);
  const p = logistic(logits[0]);
  return [1 - p, p];
}

function logitsOf(w: Float64Array, row: SparseCounts, outputs: number, width: number): number[] {
  return Array.from({ length: outputs }, (_, o) => logitOf(w, row, o, width));
}

function logitOf(w: Float64Array, { ids, counts }: SparseCounts, output: number, width: number): number {
  const base = output * width;
  let sum = w[base + width - 1];
  for (let k = 0; k < ids.length; k++) sum += w[base + ids[k]] * counts[k];
  return sum;
}

function addScaled(gradient: Float64Array, row: SparseCounts, output: number, width: number, scale: number): void {
  const base = output * width;
  const { ids, counts } = row;
  for (let k = 0; k < ids.length; k++) gradient[base + ids[k]] += scale * counts[k];
  gradient[base + width - 1] += scale;
}

/** L-BFGS (Nocedal 1980) with ten remembered steps; stops at a gradient of 1e-6 of its first or after `iterations`. */
function minimise(
  objective: (w: Float64Array, gradient: Float64Array) => number,
  start: Float64Array,
  iterations: number,
): Float64Array {
  const memory = 10;
  let w: Float64Array = start;
  let gradient = new Float64Array(w.length);
  let value = objective(w, gradient);
  const tolerance = 1e-6 * Math.max(1, norm(gradient));
  const steps: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < iterations && norm(gradient) > tolerance; iteration++) {
    const direction = plus(new Float64Array(w.length), gradient, -1);
    const alphas: number[] = [];
    for (let j = steps.length - 1; j >= 0; j--) {
      const { s, y, rho } = steps[j];
      alphas[j] = rho * dot(s, direction);
      for (let k = 0; k < direction.length; k++) direction[k] -= alphas[j] * y[k];
    }
    const last = steps.at(-1);
    const scale = last ? 1 / (last.rho * dot(last.y, last.y)) : 1 / norm(gradient);
    for (let k = 0; k < direction.length; k++) direction[k] *= scale;
    steps.forEach(({ s, y, rho }, j) => {
      const beta = alphas[j] - rho * dot(y, direction);
      for (let k = 0; k < direction.length; k++) direction[k] += beta * s[k];
    });
    const slope = dot(direction, gradient);
    const nextGradient = new Float64Array(w.length);
    let size = 1;
    let next = w;
    let nextValue = value;
    for (; size > 1e-8; size /= 2) {
      next = plus(w, direction, size);
      nextValue = objective(next, nextGradient);
      if (nextValue <= value + 1e-4 * size * slope) break;
    }
    if (size <= 1e-8) break;
    const s = plus(next, w, -1);
    const y = plus(nextGradient, gradient, -1);
    const curvature = dot(s, y);
    if (curvature > 1e-12) {
      steps.push({ s, y, rho: 1 / curvature });
      if (steps.length > memory) steps.shift();
    }
    w = next;
    gradient = nextGradient;
    value = nextValue;
  }
  return w;
}

/** a + scale · b */
function plus(a: Float64Array, b: Float64Array, scale: number): Float64Array {
  const sum = new Float64Array(a.length);
  for (let k = 0; k < a.length; k++) sum[k] = a[k] + scale * b[k];
  return sum;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
