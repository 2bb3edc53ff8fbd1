/**
 * A distribution at another temperature and with cuts, for views that show what sampling does:
 *
 *   q_i = p_i^(1/T) / Σ_j p_j^(1/T)
 *
 * then top-k, top-p and min-p, each applied to what the previous one left, as in the sampler.
 */
import type { SamplingOptions } from './engineProtocol';

export interface Reweighed {
  /** Of being drawn; 0 if it is cut. */
  probability: number;
  /** Whether a cut removes it. */
  isCut: boolean;
}

/**
 * `probabilities`: at temperature 1, of everything that can be drawn, the most likely first. Returns the same order.
 */
export function reweigh(
  probabilities: readonly number[],
  { temperature, topK = Infinity, topP = 1, minP = 0 }: Pick<SamplingOptions, 'temperature' | 'topK' | 'topP' | 'minP'>,
): Reweighed[] {
  const highest = probabilities[0] ?? 1;
  // Relative to the most likely one, so that a low temperature does not make everything 0; at 0, only that one is left.
  const weights = probabilities.map((p, i) =>
    temperature === 0 ? Number(i === 0) : p > 0 ? (p / highest) ** (1 / temperature) : 0,
  );
  const inTopK = weights.slice(0, topK).reduce((sum, weight) => sum + weight, 0);
  let reached = 0;
  const kept = weights.map((weight, i) => {
    const stays = i < topK && (i === 0 || reached < topP * inTopK) && weight >= minP;
    if (i < topK) reached += weight;
    return stays;
  });
  const total = weights.reduce((sum, weight, i) => (kept[i] ? sum + weight : sum), 0);
  return weights.map((weight, i) => ({
    probability: kept[i] ? weight / total : 0,
    isCut: !kept[i] && weight > 0,
  }));
}
