/** Makes the memory of a model from the text that it is trained on. */
import { noToken, type Network } from '../backends/backend';
import { unknownIn, type Corpus, type Span } from '../corpus/corpus';
import { heldOutSpans, trainSpans } from '../corpus/spans';
import type { Vocabulary } from '../corpus/vocabulary';
import type { Predictor } from '../generation/predictor';
import { Contexts, letterOrders } from './contexts';
import { learnText } from './learnText';
import { firstTables } from './mixture';
import { learningPredictor } from './learningPredictor';
import { openMemory, type ModelMemory } from './modelMemory';
import { readWithMemory, type Reading } from './reading';

/** Only the end of a longer text is remembered. */
const mostTokens = 8_000_000;

/**
 * The memory of a model that has not read anything yet: for a network that knows the language of a text but not the
 * text.
 */
export function emptyMemory(vocabulary: Vocabulary): ModelMemory {
  return rememberTokens(new Uint16Array(0), vocabulary);
}

/**
 * An empty memory, fitted for use beside a network that reads `tokens`, a text on which it was not trained, and
 * remembers what it has read.
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
 * The memory of a corpus: its training part is counted, and its held-out part determines how far to trust the counts
 * beside this network, which must be one that is trained at every step. The reading of the held-out part is undefined
 * if there is none, and once `isInterrupted` returns true.
 */
export async function rememberCorpus(
  network: Network,
  corpus: Corpus,
  isInterrupted = (): boolean => false,
): Promise<{ memory: ModelMemory; heldOut: Reading | undefined }> {
  const { ids, vocabulary } = corpus;
  const memory = rememberTokens(tokensOf(corpus, trainSpans(corpus)), vocabulary);
  const spans = heldOutSpans(corpus).map((span) => ({ ...span, contextStart: span.fileStart }));
  const heldOut = await readWithMemory(network, memory, vocabulary, ids, spans, {
    fits: true,
    online: true,
    isInterrupted,
  });
  return heldOut ? { memory: { ...memory, tables: heldOut.tables }, heldOut } : { memory, heldOut };
}

/**
 * The memory of a text, with the default mixture. `noToken` marks the beginning of a text, and tokens without an id.
 */
export function rememberTokens(tokens: Uint16Array, vocabulary: Vocabulary): ModelMemory {
  // Among the longest contexts, those that occurred once take most of the room and make almost no difference.
  const keepsSingle = (chain: 'letters' | 'words', order: number): boolean =>
    chain === 'letters' ? order < letterOrders : order < 2;
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
