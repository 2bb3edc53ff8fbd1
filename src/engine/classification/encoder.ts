/**
 * Texts in the network's input format: a table of input vectors, one row for each distinct token, and row ids. The
 * table is the network's embedding, built for the given texts, so that it contains every word.
 *
 * An input vector consists of the word's vector, its spelling features (inputVectors.ts) and its evidence
 * (evidence.ts).
 */
import { noToken } from '../backends/backend';
import type { Evidence } from './evidence';
import { inputVector, shapeFeatures, tokenKey } from './inputVectors';
import type { Token } from './tokens';
import type { WordVectors } from './wordVectors';

/** The maximum number of rows of a backend's embedding. */
const rowLimit = 65535;

export class Encoder {
  constructor(
    readonly vectors: WordVectors,
    readonly evidence?: Evidence,
    /** Input vectors changed by training, by token key. */
    readonly learned?: ReadonlyMap<string, Float32Array>,
  ) {}

  /** Numbers in an input vector. */
  get size(): number {
    return this.vectors.dimensions + shapeFeatures + (this.evidence?.size ?? 0);
  }

  /** The input vector of a token, [size]. */
  input(token: Token): Float32Array {
    const learned = this.learned?.get(tokenKey(token));
    if (learned) return learned;
    const result = new Float32Array(this.size);
    const plain = inputVector(token, this.vectors);
    result.set(plain);
    if (this.evidence) result.set(this.evidence.of(token), plain.length);
    return result;
  }
}

export interface EncodedTexts {
  /** Row ids of each text. */
  sequences: Uint16Array[];
  /** [rows, size] */
  table: Float32Array;
  rows: number;
  /** Token key of each row. */
  keys: string[];
}

/**
 * Encodes `texts`; text i by `encoders[encoderOf[i]]` (all of one size), so a token may have one row per encoder. At
 * most `limit` rows are created, for the most frequent tokens; the others are zero vectors.
 */
export function encodeTexts(
  texts: Token[][],
  encoders: Encoder[],
  encoderOf: ArrayLike<number> = new Uint8Array(texts.length),
  limit = rowLimit,
): EncodedTexts {
  const entries = new Map<string, { token: Token; encoder: number; count: number; row: number }>();
  const keyed = texts.map((tokens, i) =>
    tokens.map((token) => {
      const key = `${encoderOf[i]} ${tokenKey(token)}`;
      let entry = entries.get(key);
      if (!entry) entries.set(key, (entry = { token, encoder: encoderOf[i], count: 0, row: noToken }));
      entry.count++;
      return entry;
    }),
  );
  let kept = [...entries.values()];
  if (kept.length > limit) kept = kept.sort((a, b) => b.count - a.count).slice(0, limit);
  const { size } = encoders[0];
  const rows = Math.max(1, kept.length);
  const table = new Float32Array(rows * size);
  kept.forEach((entry, row) => {
    entry.row = row;
    table.set(encoders[entry.encoder].input(entry.token), row * size);
  });
  return {
    sequences: keyed.map((list) => Uint16Array.from(list, (entry) => entry.row)),
    table,
    rows,
    keys: kept.map((entry) => tokenKey(entry.token)),
  };
}
