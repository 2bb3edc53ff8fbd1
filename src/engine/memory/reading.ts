/**
 * Reads a text in order with a network and a memory, and says how well each knows it. Static: nothing is learned from the
 * text. Online: the memory and the weights of the mixture learn from each token after it was scored.
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

/** Sums over the tokens that the model knows, nats. */
export interface Reading {
  targets: number;
  network: number;
  static: number;
  /** Only where it was asked for. */
  online: number;
  /** Tokens that the static mixture thought most likely. */
  correct: number;
  /** The static mixture's tables, fitted on what was read. */
  tables: MixtureTables;
}

export interface ReadingOptions {
  /** The weights of the static mixture follow what is read too, each token scored first. */
  fits?: boolean;
  /** Also reads online. */
  online?: boolean;
  isInterrupted?: () => boolean;
}

/** Tokens before a span that say where it stands. */
const contextTokens = 64;

/** Reads the spans one after the other. Undefined where nothing is to be predicted, and once `isInterrupted`. */
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
  // The first half leads to tables that fit, the second says their means.
  const middle = Math.floor(spans.reduce((sum, { start, end }) => sum + end - start, 0) / 2);
  const slice = new TimeSlice();
  const tokenAt = (position: number): number => (ids[position] === unknown ? noToken : ids[position]);

  /** Nats of the token at hand; `row` becomes the mixture. */
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
    for await (const { start, end, logits } of logitsInOrder(network, ids, span)) {
      // A text's first token is not predicted.
      if (isInterrupted()) return undefined;
      while (position < start) still.contexts.advance(place, 0, tokenAt(position++));
      for (; position < end; position++) {
        const token = tokenAt(position);
        if (token !== noToken) {
          const at = (position - start) * classes;
          sums.targets++;
          sums.static += score(mixtures.static, still, logits, at, token);
          sums.network -= mixtures.static.networkLog(token);
          if (mostLikely(row) === token) sums.correct++;
          if (fits) mixtures.static.learn(token);
          if (sums.targets === middle) mixtures.static.beginMean();
          if (online) {
            sums.online += score(mixtures.online, learning, logits, at, token);
            mixtures.online.learn(token);
            learning.learn(layer, place, 0, token);
          }
        }
        still.contexts.advance(place, 0, token);
        if (!slice.isOver) continue;
        await slice.renew();
        if (isInterrupted()) return undefined;
      }
    }
  }
  return sums.targets > 0 ? { ...sums, tables: mixtures.static.tables() } : undefined;
}

function mostLikely(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
  return best;
}
