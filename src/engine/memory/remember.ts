/** Makes the memory of a model from the text that it is trained on. */
import { noToken, type Network } from '../backends/backend';
import { unknownIn, type Corpus, type Span } from '../corpus/corpus';
import { heldOutSpans, trainSpans } from '../corpus/spans';
import type { Vocabulary } from '../corpus/vocabulary';
import type { Predictor } from '../generation/predictor';
import { Contexts, letterOrders } from './contexts';
import { learnText } from './learnText';
import type { Chain } from './memory';
import { firstTables, type MixtureTables } from './mixture';
import { learningPredictor } from './learningPredictor';
import { openMemory, type ModelMemory } from './modelMemory';
import { readWithMemory, type Reading } from './reading';

/** Of a longer text, only the end is remembered. */
const mostTokens = 8_000_000;

/** The memory of a model that has not read anything yet, such as a base. */
export function emptyMemory(vocabulary: Vocabulary): ModelMemory {
  return rememberTokens(new Uint16Array(0), vocabulary);
}

/**
 * An empty memory whose mixture is fitted to reading a new text: the network reads `tokens`, on which it was not
 * trained, while a memory learns them.
 */
export function emptyMemoryFitted(network: Predictor, vocabulary: Vocabulary, tokens: Uint16Array): ModelMemory {
  const { base, tables } = emptyMemory(vocabulary);
  const reader = learningPredictor(network, openMemory({ base, tables }, vocabulary), tables);
  // The beginning brings the weights close to their best values; the means are taken over the rest.
  const beginning = Math.floor(tokens.length / 6);
  reader.learn(tokens.subarray(0, beginning));
  reader.mixture.beginMean();
  reader.learn(tokens.subarray(beginning));
  return { base, tables: reader.mixture.tables() };
}

/**
 * The memory of the training part of a corpus. `tables`, if known from a network like the one beside it, are a better
 * start than the default mixture.
 */
export function rememberTraining(corpus: Corpus, tables?: MixtureTables): ModelMemory {
  const memory = rememberTokens(tokensOf(corpus, trainSpans(corpus)), corpus.vocabulary);
  return tables ? { ...memory, tables } : memory;
}

/**
 * Reads the held-out part of a corpus, or its first `mostTargets` tokens, with the memory of its training part beside
 * this network, which must be one that is trained at every step. The tables of the result are fitted to that part.
 * Undefined if nothing is held out, or if `isInterrupted` returns true before the end.
 */
export async function readHeldOut(
  network: Network,
  memory: ModelMemory,
  corpus: Corpus,
  isInterrupted = (): boolean => false,
  mostTargets = Infinity,
): Promise<Reading | undefined> {
  const { ids, vocabulary } = corpus;
  let left = mostTargets;
  const spans = heldOutSpans(corpus).flatMap(({ start, end, fileStart }) => {
    if (left <= 0) return [];
    const cut = Math.min(end, start + left);
    left -= cut - start;
    return [{ start, end: cut, contextStart: fileStart }];
  });
  return readWithMemory(network, memory, vocabulary, ids, spans, { fits: true, online: true, isInterrupted });
}

/**
 * The memory of a text, with the default mixture. `noToken` marks the beginning of a text, and tokens without an id.
 */
export function rememberTokens(tokens: Uint16Array, vocabulary: Vocabulary): ModelMemory {
  // Of the longest contexts, those that occurred once take most of the space and make almost no difference.
  const keepsSingle = (chain: Chain, order: number): boolean => order < (chain === 'letters' ? letterOrders : 2);
  const base = learnText(tokens, new Contexts(vocabulary), vocabulary.size, { keepsSingle });
  return { base, tables: firstTables() };
}

/** The tokens of the spans, each preceded by `noToken`; at most the last `mostTokens`. */
function tokensOf({ ids }: Corpus, spans: readonly Span[]): Uint16Array {
  const unknown = unknownIn(ids);
  const all = spans.reduce((sum, { start, end }) => sum + 1 + end - start, 0);
  const tokens = new Uint16Array(Math.min(all, mostTokens));
  let to = tokens.length;
  for (const { start, end } of spans.toReversed()) {
    for (let i = end - 1; i >= start && to > 0; i--) tokens[--to] = ids[i] === unknown ? noToken : ids[i];
    if (to > 0) tokens[--to] = noToken;
  }
  return tokens;
}
