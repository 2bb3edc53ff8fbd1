/** What a model considers next after a text: the most likely tokens with their probabilities (T = 1). */
import type { Considered } from '../../common/engineProtocol';
import { encodeText, silentTokens, type LanguageModel } from './languageModel';
import type { Predictor } from './predictor';
import { prime } from './prime';
import { softmax } from './sampler';
import type { StateCache } from './stateCache';

/** At most `count` tokens, the most likely first. Throws `cancelled`. */
export async function considered(
  model: LanguageModel,
  predictor: Predictor,
  prompt: string,
  count: number,
  cache?: StateCache,
  signal?: AbortSignal,
): Promise<Considered[]> {
  const primed = await prime(model, predictor, encodeText(model, prompt).ids, cache, signal);
  const probabilities = softmax(primed.logits, 0, new Float32Array(predictor.classes));
  const silent = new Set(silentTokens(model.vocabulary));
  return [...probabilities.keys()]
    .filter((id) => !silent.has(id))
    .sort((a, b) => probabilities[b] - probabilities[a] || a - b)
    .slice(0, Math.max(0, count))
    .map((id) => ({ token: model.vocabulary.tokenText(id), probability: probabilities[id] }));
}
