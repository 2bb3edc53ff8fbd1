/**
 * Counts a whole text at once, for the memory's lowest layer. The counts are the same as those from learning its tokens
 * one by one (`Memory.learn`), but sorting replaces searching, which is several times as fast and needs no room to
 * grow.
 *
 * The work goes from the longest context of a chain to the shortest. The positions in the text are sorted by the hash
 * of their context; each distinct pair of a context and the token after it becomes an entry, and one of its positions
 * is passed on to the next shorter context, where it counts once.
 */
import { noToken } from '../backends/backend';
import { letterOrders, placeNumbers, wordOrders, type Contexts } from './contexts';
import type { BaseLayer } from './memory';
import { bitsFor, maximumCount, PackedCounts } from './packedCounts';

/**
 * The counts of a text's tokens. `noToken` marks the boundary between two texts, and tokens without an id.
 * `keepsSingle(chain, order)`: whether to keep contexts of that order that occur only once.
 */
export function learnText(
  tokens: Uint16Array,
  contexts: Contexts,
  classes: number,
  keepsSingle: (chain: 'letters' | 'words', order: number) => boolean = (): boolean => true,
): BaseLayer {
  const sorter = new Sorter(tokens, classes);
  const letters = sorter.chain(
    letterOrders + 1,
    (order, position) => contexts.lettersBefore(tokens, position, order),
    (order) => keepsSingle('letters', order),
  );
  if (!contexts.hasWords) return { letters, words: [] };
  const hashes = wordHashes(tokens, contexts);
  const words = sorter.chain(
    wordOrders,
    (order, position) => hashes[order][position],
    (order) => keepsSingle('words', order),
  );
  return { letters, words };
}

/** The hashes of the contexts of words before each token: [wordOrders][tokens]. */
function wordHashes(tokens: Uint16Array, contexts: Contexts): Uint32Array[] {
  const hashes = Array.from({ length: wordOrders }, () => new Uint32Array(tokens.length));
  const place = new Float32Array(placeNumbers);
  const here = new Uint32Array(wordOrders);
  contexts.start(place, 0);
  for (let i = 0; i < tokens.length; i++) {
    contexts.words(place, 0, here);
    for (let order = 0; order < wordOrders; order++) hashes[order][i] = here[order];
    contexts.advance(place, 0, tokens[i]);
  }
  return hashes;
}

const radixBits = 11;
const radix = 1 << radixBits;

class Sorter {
  private readonly keys: Uint32Array;
  private readonly otherKeys: Uint32Array;
  private readonly otherPlaces: Uint32Array;
  /** How often each token followed the current context. */
  private readonly counted: Uint32Array;
  /** The tokens that followed it. */
  private readonly symbols: Uint16Array;
  private readonly bits: number;

  constructor(
    private readonly tokens: Uint16Array,
    classes: number,
  ) {
    this.bits = bitsFor(tokens.length);
    this.keys = new Uint32Array(tokens.length);
    this.otherKeys = new Uint32Array(tokens.length);
    this.otherPlaces = new Uint32Array(tokens.length);
    this.counted = new Uint32Array(classes);
    this.symbols = new Uint16Array(classes);
  }

  /** The counts of each order, the shortest first. */
  chain(
    orders: number,
    hashOf: (order: number, position: number) => number,
    keepsSingle: (order: number) => boolean,
  ): PackedCounts[] {
    const places = new Uint32Array(this.tokens.length);
    let count = 0;
    for (let i = 0; i < this.tokens.length; i++) if (this.tokens[i] !== noToken) places[count++] = i;
    const result: PackedCounts[] = [];
    for (let order = orders - 1; order >= 0; order--) {
      for (let j = 0; j < count; j++) this.keys[j] = hashOf(order, places[j]) >>> (32 - this.bits);
      this.sort(places, count);
      const packed = this.count(places, count, keepsSingle(order));
      result.unshift(packed.counts);
      count = packed.distinct;
    }
    return result;
  }

  /** Sorts the first `count` places by their keys, and the keys with them. */
  private sort(places: Uint32Array, count: number): void {
    const { keys, otherKeys, otherPlaces } = this;
    sortByDigit(0, keys, places, otherKeys, otherPlaces, count);
    sortByDigit(radixBits, otherKeys, otherPlaces, keys, places, count);
    sortByDigit(2 * radixBits, keys, places, otherKeys, otherPlaces, count);
    keys.set(otherKeys.subarray(0, count));
    places.set(otherPlaces.subarray(0, count));
  }

  /** Counts the sorted places; moves one place for each pair of a context and a token to the front of `places`. */
  private count(places: Uint32Array, count: number, keepsSingle: boolean): { counts: PackedCounts; distinct: number } {
    const { keys, tokens, counted, symbols } = this;
    let distinct = 0;
    const contexts = new Uint32Array(count);
    const starts = new Uint32Array(count + 1);
    const entries = new Uint32Array(count);
    let contextCount = 0;
    let entryCount = 0;
    for (let first = 0, end = 0; first < count; first = end) {
      const key = keys[first];
      let kinds = 0;
      for (; end < count && keys[end] === key; end++) {
        const symbol = tokens[places[end]];
        if (counted[symbol]++ > 0) continue;
        symbols[kinds++] = symbol;
        places[distinct++] = places[end];
      }
      if (end - first > 1 || keepsSingle) {
        if (kinds > 1) sortFirst(symbols, kinds);
        contexts[contextCount++] = key;
        for (let i = 0; i < kinds; i++) {
          entries[entryCount++] = symbols[i] * 0x10000 + Math.min(counted[symbols[i]], maximumCount);
        }
        starts[contextCount] = entryCount;
      }
      for (let i = 0; i < kinds; i++) counted[symbols[i]] = 0;
    }
    const counts = new PackedCounts(
      this.bits,
      contexts.slice(0, contextCount),
      starts.slice(0, contextCount + 1),
      entries.slice(0, entryCount),
    );
    return { counts, distinct };
  }
}

/** One pass of a radix sort: stable, by the bits of the keys from `shift` on. */
function sortByDigit(
  shift: number,
  fromKeys: Uint32Array,
  fromPlaces: Uint32Array,
  toKeys: Uint32Array,
  toPlaces: Uint32Array,
  count: number,
): void {
  const next = new Uint32Array(radix);
  for (let j = 0; j < count; j++) next[(fromKeys[j] >>> shift) & (radix - 1)]++;
  let at = 0;
  for (let d = 0; d < radix; d++) {
    const size = next[d];
    next[d] = at;
    at += size;
  }
  for (let j = 0; j < count; j++) {
    const key = fromKeys[j];
    const to = next[(key >>> shift) & (radix - 1)]++;
    toKeys[to] = key;
    toPlaces[to] = fromPlaces[j];
  }
}

/** Sorts the first `count` numbers. Most contexts have two or three, for which a call of `sort` takes much longer. */
function sortFirst(numbers: Uint16Array, count: number): void {
  if (count > 32) {
    numbers.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const number = numbers[i];
    let at = i;
    for (; at > 0 && numbers[at - 1] > number; at--) numbers[at] = numbers[at - 1];
    numbers[at] = number;
  }
}
