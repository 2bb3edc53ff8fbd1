/**
 * Reads a text in order with a network and a memory, and measures how well the network and the mixture of both predict
 * it. Static: the memory counts nothing of the text, and the weights of the mixture stay as they are unless they are to
 * be fitted to it. Online: both learn from each token once it has been scored.
 */
import { noToken, type Network } from '../backends/backend';
import { unknownIn, type TokenIds } from '../corpus/corpus';
import type { ReadingSpan } from '../corpus/readingBatches';
import type { Vocabulary } from '../corpus/vocabulary';
import { TimeSlice } from '../timeSlice';
import { placeNumbers } from './contexts';
import { logitsInOrder } from './logitsInOrder';
import { Layer, type Memory } from './memory';
import { Mixture, type MixtureTables } from './mixture';
import { openMemory, type ModelMemory } from './modelMemory';

/** Sums over the tokens that the model knows, in nats. */
export interface Reading {
  targets: number;
  network: number;
  static: number;
  /** 0 unless requested. */
  online: number;
  /** How many tokens the static mixture ranked first. */
  correct: number;
  /** The static nats of successive stretches of `stretchTokens`; the last one may be shorter. */
  stretches: number[];
  /** The tables of the static mixture, fitted to the text if requested. */
  tables: MixtureTables;
}

interface ReadingOptions {
  /** Whether the weights of the static mixture learn from each token, too, once it has been scored. */
  fits?: boolean;
  /** Whether to read online as well. */
  online?: boolean;
  isInterrupted?: () => boolean;
}

/** The number of tokens read before a span as its context. */
const contextTokens = 64;
/** About two paragraphs: the nats of neighbouring tokens depend on each other, those of stretches this long hardly do. */
const stretchTokens = 500;

/**
 * Reads the spans one after another. Undefined if there is nothing to predict, or if `isInterrupted` returns true
 * before the end.
 */
export async function readWithMemory(
  network: Network,
  memory: ModelMemory,
  vocabulary: Vocabulary,
  ids: TokenIds,
  spans: readonly ReadingSpan[],
  { fits = false, online = false, isInterrupted = (): boolean => false }: ReadingOptions,
): Promise<Reading | undefined> {
  const unknown = unknownIn(ids);
  const classes = vocabulary.size;
  const still = openMemory(memory, vocabulary);
  const layer = new Layer();
  const learning = still.under([layer]);
  const mixtures = { static: new Mixture(classes, memory.tables), online: new Mixture(classes, memory.tables) };
  const place = new Float32Array(placeNumbers);
  const row = new Float32Array(classes);
  const sums = { targets: 0, network: 0, static: 0, online: 0, correct: 0 };
  const stretches: number[] = [];
  // The first half brings the tables close to their best values; the means are taken over the second half.
  const middle = Math.floor(spans.reduce((sum, { start, end }) => sum + end - start, 0) / 2);
  const slice = new TimeSlice();
  const tokenAt = (position: number): number => (ids[position] === unknown ? noToken : ids[position]);

  /** The nats of the current token. Sets `row` to ln p of the mixture. */
  const score = (mixture: Mixture, own: Memory, logits: Float32Array, at: number, token: number): number => {
    row.set(logits.subarray(at, at + classes));
    own.predict(place, 0);
    mixture.mix(row, 0, own);
    return -row[token];
  };

  for (const span of spans) {
    still.contexts.start(place, 0);
    for (let i = Math.max(span.contextStart, span.start - contextTokens); i < span.start; i++) {
      still.contexts.advance(place, 0, tokenAt(i));
    }
    let position = span.start;
    for await (const { start, end, logits } of logitsInOrder(network, ids, span, isInterrupted)) {
      if (isInterrupted()) return undefined;
      // The first token of a text is not predicted.
      while (position < start) still.contexts.advance(place, 0, tokenAt(position++));
      for (; position < end; position++) {
        const token = tokenAt(position);
        if (token !== noToken) {
          const at = (position - start) * classes;
          const nats = score(mixtures.static, still, logits, at, token);
          if (sums.targets % stretchTokens === 0) stretches.push(0);
          stretches[stretches.length - 1] += nats;
          sums.static += nats;
          sums.targets++;
          sums.network -= mixtures.static.networkLog(token);
          if (mostLikely(row) === token) sums.correct++;
          if (fits) mixtures.static.learn(token);
          if (sums.targets === middle) mixtures.static.beginMean();
          if (online) {
            sums.online += score(mixtures.online, learning, logits, at, token);
            mixtures.online.learn(token);
            learning.learn(layer, place, token);
          }
        }
        still.contexts.advance(place, 0, token);
        if (!slice.isOver) continue;
        await slice.renew();
        if (isInterrupted()) return undefined;
      }
    }
    if (isInterrupted()) return undefined;
  }
  return sums.targets > 0 ? { ...sums, stretches, tables: mixtures.static.tables() } : undefined;
}

function mostLikely(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
  return best;
}
