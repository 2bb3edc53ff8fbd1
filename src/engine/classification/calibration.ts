/**
 * Calibrated probabilities, fitted on scores of texts that the model was not trained on.
 *
 * Temperature (Guo et al. 2017): P = 1 / (1 + exp(-s / T)), one number, which does not change any decision at 0.5.
 * Platt (1999): P(positive | s) = 1 / (1 + exp(a·s + b)) with smoothed targets, fitted by Newton's method as in Lin,
 * Lin and Weng (2007); scikit-learn's `method="sigmoid"`. Isotonic: the best non-decreasing step function, by pooling
 * adjacent violators; scikit-learn's `IsotonicRegression(out_of_bounds="clip")`, linear between its knots.
 */
export type Calibration =
  | { kind: 'none' }
  | { kind: 'temperature'; temperature: number }
  | { kind: 'platt'; a: number; b: number }
  | { kind: 'isotonic'; scores: number[]; probabilities: number[] };

/** Fits the requested kind; `none` if the scores rank the classes the wrong way round and so cannot be trusted. */
export function fitCalibration(
  kind: Calibration['kind'],
  positive: ArrayLike<number>,
  scores: ArrayLike<number>,
): Calibration {
  const platt = fitPlatt(positive, scores);
  if (kind === 'none' || !(platt.a < 0)) return { kind: 'none' };
  if (kind === 'platt') return platt;
  return kind === 'isotonic' ? fitIsotonic(positive, scores) : fitTemperature(positive, scores);
}

/** Fits T from 1 to 10 by golden-section search on its logarithm: the likelihood has one maximum. */
function fitTemperature(
  positive: ArrayLike<number>,
  scores: ArrayLike<number>,
): { kind: 'temperature'; temperature: number } {
  const loss = (logT: number): number => {
    let sum = 0;
    for (let i = 0; i < scores.length; i++) {
      const margin = (positive[i] ? scores[i] : -scores[i]) / Math.exp(logT);
      sum += margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin;
    }
    return sum;
  };
  const golden = (Math.sqrt(5) - 1) / 2;
  // Without any error the best temperature would be 0: a small validation part may only make a verdict less confident.
  let low = 0;
  let high = Math.log(10);
  while (high - low > 1e-6) {
    const a = high - golden * (high - low);
    const b = low + golden * (high - low);
    if (loss(a) < loss(b)) high = b;
    else low = a;
  }
  return { kind: 'temperature', temperature: Math.exp((low + high) / 2) };
}

/** Fits a and b. `positive[i]` is 1 or 0; scores are log-odds or any increasing function of them. */
export function fitPlatt(
  positive: ArrayLike<number>,
  scores: ArrayLike<number>,
): { kind: 'platt'; a: number; b: number } {
  const n = scores.length;
  let positives = 0;
  for (let i = 0; i < n; i++) if (positive[i]) positives++;
  const negatives = n - positives;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  let a = 0;
  let b = Math.log((negatives + 1) / (positives + 1));
  const loss = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const target = positive[i] ? high : low;
      const f = a * scores[i] + b;
      // -(t ln p + (1 - t) ln(1 - p)) with p = 1 / (1 + e^f), without overflow for either sign.
      sum += f >= 0 ? target * f + Math.log1p(Math.exp(-f)) : (target - 1) * f + Math.log1p(Math.exp(f));
    }
    return sum;
  };
  let current = loss(a, b);
  for (let iteration = 0; iteration < 100; iteration++) {
    let gradientA = 0;
    let gradientB = 0;
    let hessianAA = 1e-12;
    let hessianAB = 0;
    let hessianBB = 1e-12;
    for (let i = 0; i < n; i++) {
      const f = a * scores[i] + b;
      const p = f >= 0 ? Math.exp(-f) / (1 + Math.exp(-f)) : 1 / (1 + Math.exp(f));
      const difference = (positive[i] ? high : low) - p;
      const weight = p * (1 - p);
      gradientA += scores[i] * difference;
      gradientB += difference;
      hessianAA += scores[i] * scores[i] * weight;
      hessianAB += scores[i] * weight;
      hessianBB += weight;
    }
    if (Math.abs(gradientA) < 1e-10 && Math.abs(gradientB) < 1e-10) break;
    const determinant = hessianAA * hessianBB - hessianAB * hessianAB;
    const stepA = -(hessianBB * gradientA - hessianAB * gradientB) / determinant;
    const stepB = -(hessianAA * gradientB - hessianAB * gradientA) / determinant;
    let size = 1;
    for (; size > 1e-10; size /= 2) {
      const next = loss(a + size * stepA, b + size * stepB);
      if (next <= current + 1e-4 * size * (gradientA * stepA + gradientB * stepB)) {
        a += size * stepA;
        b += size * stepB;
        break;
      }
    }
    const before = current;
    current = loss(a, b);
    // Newton's steps end at the rounding errors of the sums, not at a gradient of zero.
    if (before - current <= 1e-14 * before) break;
  }
  return { kind: 'platt', a, b };
}

/** Fits the non-decreasing step function by pooling adjacent violators. */
export function fitIsotonic(
  positive: ArrayLike<number>,
  scores: ArrayLike<number>,
): { kind: 'isotonic'; scores: number[]; probabilities: number[] } {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((x, y) => scores[x] - scores[y]);
  interface Block {
    sum: number;
    weight: number;
    first: number;
    last: number;
  }
  const blocks: Block[] = [];
  const pool = (): void => {
    while (blocks.length > 1) {
      const b = blocks[blocks.length - 1];
      const a = blocks[blocks.length - 2];
      if (a.sum / a.weight < b.sum / b.weight) return;
      blocks.pop();
      blocks[blocks.length - 1] = { sum: a.sum + b.sum, weight: a.weight + b.weight, first: a.first, last: b.last };
    }
  };
  let at = 0;
  while (at < order.length) {
    // Equal scores are merged into one point before pooling.
    const score = scores[order[at]];
    const block: Block = { sum: 0, weight: 0, first: score, last: score };
    while (at < order.length && scores[order[at]] === score) {
      block.sum += positive[order[at++]] ? 1 : 0;
      block.weight++;
    }
    blocks.push(block);
    pool();
  }
  const knots = { kind: 'isotonic' as const, scores: [] as number[], probabilities: [] as number[] };
  for (const block of blocks) {
    for (const score of block.first === block.last ? [block.first] : [block.first, block.last]) {
      knots.scores.push(score);
      knots.probabilities.push(block.sum / block.weight);
    }
  }
  return knots;
}

/** The probability of the positive class for one score (log-odds). */
export function calibrate(calibration: Calibration, score: number): number {
  switch (calibration.kind) {
    case 'none':
      return logistic(score);
    case 'temperature':
      return logistic(score / calibration.temperature);
    case 'platt':
      return logistic(-(calibration.a * score + calibration.b));
    case 'isotonic': {
      const { scores, probabilities } = calibration;
      let low = 0;
      let high = scores.length - 1;
      if (score <= scores[low]) return probabilities[low];
      if (score >= scores[high]) return probabilities[high];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (scores[middle] <= score) low = middle;
        else high = middle;
      }
      const share = (score - scores[low]) / (scores[high] - scores[low]);
      return probabilities[low] + share * (probabilities[high] - probabilities[low]);
    }
  }
}

/**
 * The shift to add to all log-odds once a user has corrected some verdicts, so that probabilities stay calibrated: the
 * b at which the expected number of positives among all texts equals the known number,
 *
 *   Σ_held-out (σ(l_i + b) - σ(l_i)) + weight · Σ_corrected (σ(l_j + b) - y_j) = 0.
 *
 * `heldOut` are the calibrated log-odds of the texts used for calibration; returns 0 without any, or without
 * corrections.
 */
export function shiftFor(
  heldOut: readonly number[],
  corrected: readonly { logOdds: number; positive: boolean }[],
  weight: number,
): number {
  if (heldOut.length === 0 || corrected.length === 0) return 0;
  const surplus = (b: number): number =>
    heldOut.reduce((sum, l) => sum + logistic(l + b) - logistic(l), 0) +
    weight * corrected.reduce((sum, { logOdds, positive }) => sum + logistic(logOdds + b) - Number(positive), 0);
  let [low, high] = [-20, 20];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (surplus(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** ln(p / (1 - p)), limited to ±20. */
export function logOddsOf(probability: number): number {
  const p = Math.min(1 - 2e-9, Math.max(2e-9, probability));
  return Math.log(p / (1 - p));
}

/** 1 / (1 + e^-x) without overflow. */
export function logistic(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}
