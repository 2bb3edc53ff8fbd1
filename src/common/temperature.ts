/**
 * A distribution at another temperature and under cuts, for views that show what sampling does:
 *
 *   q_i = p_i^(1/T) / Σ_j p_j^(1/T)
 *
 * then top-k, top-p and min-p, each on what the one before left, as the sampler draws.
 */
import type { SamplingOptions } from './engineProtocol';

export interface Reweighed {
  /** Of being drawn; 0 for what is cut. */
  probability: number;
  /** Whether a cut takes it away. */
  isCut: boolean;
}

/** `probabilities` at temperature 1, the likeliest first, of all that can be drawn; the same order comes back. */
export function reweigh(
  probabilities: readonly number[],
  { temperature, topK = Infinity, topP = 1, minP = 0 }: Pick<SamplingOptions, 'temperature' | 'topK' | 'topP' | 'minP'>,
): Reweighed[] {
  const highest = probabilities[0] ?? 1;
  // Relative to the likeliest, so that a low temperature does not end in zeros everywhere; 0 leaves that one alone.
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
