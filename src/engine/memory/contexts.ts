/**
 * The contexts by which the memory counts at a position in a text, as hashes.
 *
 * Letters: the last 0 to `letterOrders` tokens. Words, for a model of characters: the part of the current word written
 * so far (or the spaces and punctuation since the last word), the same with the previous word, and with the two
 * previous words. A context of characters loses the previous word as soon as the current one is long; a context of
 * words does not.
 *
 * The position of a stream is a handful of whole numbers below 2^16, so that they can be stored in a context of float32
 * numbers (`Predictor`) and copied with it.
 */
import { noToken } from '../backends/backend';
import type { Vocabulary } from '../corpus/vocabulary';
import { spreadBits } from '../spreadBits';

/** The length of the longest context of tokens. */
export const letterOrders = 6;
/** The number of contexts of words, from the current word alone to the one with two words before it. */
export const wordOrders = 3;

/**
 * The numbers of a place: the last tokens, newest first; the current word, the previous one and the one before that,
 * each in two halves; whether a word has begun.
 */
export const placeNumbers = letterOrders + 2 * wordOrders + 1;
const wordsAt = letterOrders;
const inWordAt = letterOrders + 2 * wordOrders;

/** The number of kinds of tokens (`kindOf`). */
export const tokenKinds = 8;

const letterSeed = 0x3c6ef372;
const wordSeed = 0x1b873593;
const gapSeed = 0x0cc9e2d5;

export class Contexts {
  /** For each token, the code point of its lower-case form, and whether it belongs to words. */
  private readonly folded: Uint32Array;
  private readonly isWordToken: Uint8Array;
  private readonly kindOfToken: Uint8Array;
  /** Whether words are distinguished; they are not if each token is one. */
  readonly hasWords: boolean;

  constructor(vocabulary: Vocabulary) {
    this.hasWords = vocabulary.unit === 'character';
    this.folded = Uint32Array.from(
      { length: vocabulary.size },
      (_, id) => vocabulary.tokenText(id).toLowerCase().codePointAt(0) ?? 0,
    );
    this.isWordToken = Uint8Array.from({ length: vocabulary.size }, (_, id) =>
      /[\p{L}\p{M}\p{N}'’]/u.test(vocabulary.tokenText(id)) ? 1 : 0,
    );
    this.kindOfToken = Uint8Array.from({ length: vocabulary.size }, (_, id) => kindOf(vocabulary.tokenText(id)));
  }

  /** Writes the place before any text to `place[at…]`. */
  start(place: Float32Array, at: number): void {
    place.fill(noToken, at, at + letterOrders);
    place.fill(0, at + wordsAt, at + placeNumbers);
    writeHash(place, at + wordsAt, gapSeed);
  }

  /** Advances the place at `place[at…]` by one token. `noToken` resets it to the place before any text. */
  advance(place: Float32Array, at: number, token: number): void {
    if (token === noToken) return this.start(place, at);
    place.copyWithin(at + 1, at, at + letterOrders - 1);
    place[at] = token;
    if (!this.hasWords) return;
    const words = at + wordsAt;
    const wasInWord = place[at + inWordAt] === 1;
    const isInWord = this.isWordToken[token] === 1;
    let current = readHash(place, words);
    if (isInWord && !wasInWord) current = wordSeed;
    else if (!isInWord && wasInWord) {
      place.copyWithin(words + 2, words, words + 2 * (wordOrders - 1));
      current = gapSeed;
    }
    writeHash(place, words, spreadBits(current ^ Math.imul(this.folded[token] + 1, 0x9e3779b1)));
    place[at + inWordAt] = isInWord ? 1 : 0;
  }

  /** The hashes of the contexts of letters at a place, by length: [letterOrders + 1]. */
  letters(place: Float32Array, at: number, into: Uint32Array): void {
    let hash = letterSeed;
    into[0] = hash;
    for (let order = 1; order <= letterOrders; order++) {
      hash = spreadBits(hash ^ Math.imul(place[at + order - 1] + 1, 0x9e3779b1));
      into[order] = hash;
    }
  }

  /**
   * Writes to `into[from…]` the hashes of the last `order` tokens before the positions `places[from]` up to but not
   * including `places[to]`. They are the same hashes as those from `letters`.
   */
  lettersBefore(
    tokens: Uint16Array,
    places: Uint32Array,
    from: number,
    to: number,
    order: number,
    into: Uint32Array,
  ): void {
    for (let i = from; i < to; i++) {
      const position = places[i];
      let hash = letterSeed;
      let token = 0;
      for (let back = 1; back <= order; back++) {
        // The start of a text is padded with `noToken`.
        if (token !== noToken) token = position >= back ? tokens[position - back] : noToken;
        hash = spreadBits(hash ^ Math.imul(token + 1, 0x9e3779b1));
      }
      into[i] = hash;
    }
  }

  /** The hashes of the contexts of words at a place: [wordOrders]. */
  words(place: Float32Array, at: number, into: Uint32Array): void {
    let hash = place[at + inWordAt] === 1 ? wordSeed : gapSeed;
    for (let order = 0; order < wordOrders; order++) {
      hash = spreadBits(hash ^ readHash(place, at + wordsAt + 2 * order));
      into[order] = hash;
    }
  }

  /** The kinds of the last two tokens of a place, as one number below `tokenKinds` squared. */
  kinds(place: Float32Array, at: number): number {
    return tokenKinds * this.kindAt(place[at]) + this.kindAt(place[at + 1]);
  }

  private kindAt(token: number): number {
    return token === noToken ? 0 : this.kindOfToken[token];
  }
}

/** Start or end of a line, space, capital, vowel, other letter, digit, mark inside a word, anything else. */
function kindOf(token: string): number {
  if (/[\n\r]/.test(token)) return 0;
  if (/\s/u.test(token)) return 1;
  if (/\p{Lu}/u.test(token)) return 2;
  if (/^[aeiouyаеёиоуыэюяαεηιουω]/u.test(token.normalize('NFD'))) return 3;
  if (/[\p{L}\p{M}]/u.test(token)) return 4;
  if (/\p{N}/u.test(token)) return 5;
  return /['’-]/.test(token) ? 6 : 7;
}

function readHash(place: Float32Array, at: number): number {
  return (place[at] << 16) | place[at + 1];
}

function writeHash(place: Float32Array, at: number, hash: number): void {
  place[at] = hash >>> 16;
  place[at + 1] = hash & 0xffff;
}
