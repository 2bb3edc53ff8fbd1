/**
 * Chooses what is offered at a cursor. Each candidate has the probability that all of it comes next. Its first word must
 * be as likely as the eagerness demands, and the whole must have a probability of at least a quarter. Of all such
 * texts, the one with the highest expected number of saved keys is offered.
 */
import type { CompletionRequest, CompletionResult } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { silentTokens, type LanguageModel } from '../generation/languageModel';
import type { Predictor } from '../generation/predictor';
import { prime } from '../generation/prime';
import { softmax } from '../generation/sampler';
import type { StateCache } from '../generation/stateCache';
import { gatherCharacters, gatherWords, type Candidate } from './candidates';
import { textBefore } from './cursor';
import { expectedSaving, fewestCharacters, leastOfWhole, usualLeastProbability } from './eagerness';
import { isInformative, leadingInto } from './following';
import { explore } from './search';

/** When alternatives are requested, everything at least this likely is offered. */
const leastAsked = 0.01;
const maximumAlternatives = 16;

/**
 * One offer, or the requested number of alternatives. `outside`: the same predictor without the document around the
 * cursor, if that is known to `predictor`. Throws `invalidInput` for a number out of range, and `cancelled`.
 */
export async function offer(
  model: LanguageModel,
  predictor: Predictor,
  request: CompletionRequest,
  cache?: StateCache,
  signal?: AbortSignal,
  outside = predictor,
): Promise<CompletionResult> {
  const { alternatives } = request;
  if (!(Number.isInteger(alternatives) && alternatives >= 1 && alternatives <= maximumAlternatives)) {
    throw new InklingError('invalidInput', `Ask for 1 to ${maximumAlternatives} alternatives.`);
  }
  const began = performance.now();
  const isAsked = alternatives > 1;
  const { candidates, steps } = await candidatesAt(
    model,
    predictor,
    {
      ...request,
      first: isAsked ? leastAsked : (model.leastProbability ?? usualLeastProbability)[request.eagerness],
      whole: isAsked ? leastAsked : leastOfWhole,
      fewest: isAsked ? () => 1 : fewestCharacters,
    },
    cache,
    signal,
    outside,
  );
  const best = bestOfEachFirstWord(candidates);
  const items = isAsked ? best.sort((a, b) => wholeOf(b) - wholeOf(a)).slice(0, alternatives) : best.slice(0, 1);
  return {
    items: items.map((item) => ({ text: item.text, probability: wholeOf(item) })),
    engineMs: performance.now() - began,
    stepsRun: steps,
  };
}

/** Where to search and for what. */
interface Place extends Pick<CompletionRequest, 'prefix' | 'suffix' | 'extent' | 'maximumLength' | 'never'> {
  /** See `Wanted`. */
  first: number;
  whole: number;
  /** The minimum number of characters. */
  fewest: (text: string) => number;
}

/** All candidates at a cursor, and the number of steps that were run. Throws `cancelled`. */
export async function candidatesAt(
  model: LanguageModel,
  predictor: Predictor,
  { prefix, suffix, extent, maximumLength, never, first, whole, fewest }: Place,
  cache?: StateCache,
  signal?: AbortSignal,
  outside = predictor,
): Promise<{ candidates: Candidate[]; steps: number }> {
  const before = textBefore(model, prefix);
  if (!before) return { candidates: [], steps: 0 };
  const primed = await prime(model, predictor, before.ids, cache, signal);
  const start = { context: primed.context, probabilities: firstProbabilities(model, primed.logits, before.partial) };
  const wanted = { extent, first, whole, never: new Set(never.map((word) => word.toLowerCase())) };
  const gathering =
    model.vocabulary.unit === 'word'
      ? gatherWords(model.vocabulary, prefix, before.partial, wanted)
      : gatherCharacters(model.vocabulary, before.text, wanted);
  const explored = await explore(predictor, start, gathering.root, gathering, maximumLength, signal);
  const steps = primed.steps + explored;
  const candidates = fitting(gathering.candidates, before.text, suffix, fewest);
  if (candidates.length === 0 || !isInformative(suffix)) return { candidates, steps };
  const texts = candidates.map(({ text }) => text);
  const leads = leadingInto(model, outside, start, texts, before.partial, suffix);
  return { candidates: candidates.filter((_, i) => leads[i]), steps };
}

/** The probabilities of the token at the cursor, [V]; for a model of words, given the partial word before it. */
function firstProbabilities({ vocabulary }: LanguageModel, logits: Float32Array, partial: string): Float32Array {
  const probabilities = softmax(logits, 0, new Float32Array(vocabulary.size));
  for (const id of silentTokens(vocabulary)) probabilities[id] = 0;
  if (partial === '') return probabilities;
  const beginning = partial.toLowerCase();
  let total = 0;
  for (let id = 0; id < probabilities.length; id++) {
    if (probabilities[id] > 0 && vocabulary.tokenText(id).startsWith(beginning)) total += probabilities[id];
    else probabilities[id] = 0;
  }
  if (total > 0) for (let id = 0; id < probabilities.length; id++) probabilities[id] /= total;
  return probabilities;
}

/** Those that are long enough and do not end with what already follows the cursor, such as a full stop or a word. */
function fitting(
  candidates: readonly Candidate[],
  before: string,
  suffix: string,
  fewest: (text: string) => number,
): Candidate[] {
  const rest = suffix.trimEnd();
  const repeats = (text: string): boolean => {
    const written = before.slice(-rest.length) + text;
    for (let length = Math.min(rest.length, written.length); length > 0; length--) {
      if (written.endsWith(rest.slice(0, length))) return true;
    }
    return false;
  };
  return candidates.filter(({ text }) => [...text].length >= fewest(text) && !repeats(text));
}

/** The candidate with the highest expected saving for each first word, the highest first. */
export function bestOfEachFirstWord(candidates: readonly Candidate[]): Candidate[] {
  const best = new Map<string, { candidate: Candidate; saving: number }>();
  for (const candidate of candidates) {
    const word = candidate.text.slice(0, candidate.ends[0].length);
    const saving = expectedSaving(candidate);
    if (saving > (best.get(word)?.saving ?? -Infinity)) best.set(word, { candidate, saving });
  }
  return [...best.values()].sort((a, b) => b.saving - a.saving).map(({ candidate }) => candidate);
}

function wholeOf({ ends }: Candidate): number {
  return ends[ends.length - 1].probability;
}
