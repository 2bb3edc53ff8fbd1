/**
 * Cross-entropy of one row's logits, and its gradient.
 *
 *   softmax  L = ln Σ_j exp(l_j) - l_y        dL/dl_j = p_j - [j = y]
 *   sigmoid  L = ln(1 + exp(l)) - y · l       dL/dl   = σ(l) - y
 */
import type { OutputSpec } from '../../model/networkSpec';

export interface RowLoss {
  /** Nats. */
  loss: number;
  /** Whether the most likely class is the target (ties: the lowest id). */
  correct: boolean;
  /** Gradient of the loss by the logits, same length. */
  dLogits: Float64Array;
}

/** `logits` [V], or [1] for a sigmoid, whose target is 0 or 1. */
export function crossEntropy(output: OutputSpec, logits: Float64Array, target: number): RowLoss {
  if (output.kind === 'sigmoid') {
    const l = logits[0];
    // ln(1 + exp(l)) without overflow.
    const softplus = Math.max(l, 0) + Math.log1p(Math.exp(-Math.abs(l)));
    const p = 1 / (1 + Math.exp(-l));
    return { loss: softplus - target * l, correct: l > 0 === (target === 1), dLogits: Float64Array.of(p - target) };
  }
  let best = 0;
  for (let j = 1; j < logits.length; j++) if (logits[j] > logits[best]) best = j;
  // Exponents are taken relative to the largest logit, so that none overflows.
  const largest = logits[best];
  const dLogits = logits.map((l) => Math.exp(l - largest));
  const sum = dLogits.reduce((a, b) => a + b, 0);
  for (let j = 0; j < dLogits.length; j++) dLogits[j] /= sum;
  dLogits[target] -= 1;
  return { loss: Math.log(sum) + largest - logits[target], correct: best === target, dLogits };
}
