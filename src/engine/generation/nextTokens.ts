/**
 * What could come next after a prompt, at several temperatures, as it would be drawn:
 *
 *   q_i = p_i^(1/T) / Σ_j p_j^(1/T)
 */
import type { SamplingOptions } from '../../common/engineProtocol';
import { encodeText, silentTokens, type LanguageModel } from './languageModel';
import type { Predictor } from './predictor';
import { prime } from './prime';
import { TokenSampler } from './sampler';

export interface NextToken {
  token: string;
  /** The probability of being drawn; 0 if cut off by top-k, top-p or min-p. */
  probability: number;
  /** The probability without the cut, for a token that is cut off. */
  cut?: number;
}

export interface NextTokens {
  temperature: number;
  /** Of the distribution that is drawn from: -Σ q ln q. */
  entropyNats: number;
  /** Every token that can be generated, the most likely first (ties: the lowest id). */
  tokens: NextToken[];
}

interface NextResult {
  distributions: NextTokens[];
  /** Tokens of the prompt that are unknown to the model. */
  unknown: string[];
}

/** One distribution for each temperature. Throws `invalidInput` for options out of range, and `corruptModel`. */
export async function nextTokens(
  model: LanguageModel,
  predictor: Predictor,
  prompt: string,
  temperatures: readonly number[],
  cuts: Pick<SamplingOptions, 'topK' | 'topP' | 'minP'>,
): Promise<NextResult> {
  const { ids, unknown } = encodeText(model, prompt);
  const { logits } = await prime(model, predictor, ids);
  const silent = silentTokens(model.vocabulary);
  const distribution = (options: Partial<SamplingOptions> & { temperature: number }): Float64Array =>
    new TokenSampler(predictor.classes, { length: 1, seed: 0, ...options }, silent).distribution(logits);
  const distributions = temperatures.map((temperature): NextTokens => {
    const drawn = distribution({ temperature, ...cuts });
    const whole = distribution({ temperature });
    const tokens = [...whole.keys()]
      .filter((id) => !silent.includes(id))
      .sort((a, b) => logits[b] - logits[a] || a - b)
      .map((id): NextToken => {
        const isCut = drawn[id] === 0 && whole[id] > 0;
        return {
          token: model.vocabulary.tokenText(id),
          probability: drawn[id],
          ...(isCut && { cut: whole[id] }),
        };
      });
    const entropyNats = drawn.reduce((sum, q) => (q > 0 ? sum - q * Math.log(q) : sum), 0);
    return { temperature, entropyNats, tokens };
  });
  return { distributions, unknown };
}
