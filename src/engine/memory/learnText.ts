/**
 * Counts a whole text at once. The counts are the same as those from learning its tokens one by one (`Memory.learn`),
 * but sorting replaces searching, which is several times faster and needs no room to grow.
 *
 * The work goes from the longest context of a chain to the shortest. The positions in the text are sorted by the hash
 * of their context; each distinct pair of a context and the token after it becomes an entry, and one of its positions
 * is passed on to the next shorter context, where it counts once.
 */
import { noToken } from '../backends/backend';
import { TimeSlice } from '../timeSlice';
import { letterOrders, placeNumbers, wordOrders, type Contexts } from './contexts';
import type { BaseLayer, Chain, Memory } from './memory';
import { bitsFor, maximumCount, PackedCounts } from './packedCounts';

interface LearnTextOptions {
  /** Whether to keep contexts of an order that occur only once; by default all are kept. */
  keepsSingle?: (chain: Chain, order: number) => boolean;
  /** The number of highest bits to keep of each hash. */
  bits?: number;
  /**
   * Whether a layer below has counted `token` in a context; then it counts in no shorter one. Requires `bits` to be 32.
   */
  isBelow?: (chain: Chain, order: number, hash: number, token: number) => boolean;
}

/** The counts of a text's tokens. `noToken` marks the boundary between two texts, and tokens without an id. */
export function learnText(
  tokens: Uint16Array,
  contexts: Contexts,
  classes: number,
  options: LearnTextOptions = {},
): BaseLayer {
  const work = new Sorter(tokens, contexts, classes, options).learn();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/**
 * The counts of a text above `memory`'s base, for `Layer.begin`. Undefined if some were capped: they could not be taken
 * back exactly. Lets the thread do other work in between.
 */
export async function learnGround(tokens: Uint16Array, memory: Memory): Promise<BaseLayer | undefined> {
  const { contexts, classes } = memory;
  const isBelow: LearnTextOptions['isBelow'] = (...count) => memory.isInBase(...count);
  const work = new Sorter(tokens, contexts, classes, { bits: 32, isBelow }).learn();
  const slice = new TimeSlice();
  for (;;) {
    const { done, value } = work.next();
    if (done) return isCapped(value) ? undefined : value;
    if (slice.isOver) await slice.renew();
  }
}

function isCapped({ letters, words }: BaseLayer): boolean {
  return [...letters, ...words].some(({ entries }) => entries.some((entry) => (entry & maximumCount) === maximumCount));
}

/** The number of tokens that are handled between two opportunities for a pause. */
const atOnce = 1 << 15;

const radixBits = 11;
const radix = 1 << radixBits;

class Sorter {
  private readonly bits: number;
  private keys: Uint32Array;
  private otherKeys: Uint32Array;
  /** Positions of tokens, in the order of `keys`. */
  private places: Uint32Array;
  private otherPlaces: Uint32Array;
  private count = 0;
  /** How often each token followed the current context. */
  private readonly counted: Uint32Array;
  /** The tokens that followed it. */
  private readonly symbols: Uint16Array;

  constructor(
    private readonly tokens: Uint16Array,
    private readonly contexts: Contexts,
    classes: number,
    private readonly options: LearnTextOptions,
  ) {
    const { length } = tokens;
    this.bits = options.bits ?? bitsFor(length);
    this.keys = new Uint32Array(length);
    this.otherKeys = new Uint32Array(length);
    this.places = new Uint32Array(length);
    this.otherPlaces = new Uint32Array(length);
    this.counted = new Uint32Array(classes);
    this.symbols = new Uint16Array(classes);
  }

  /** Yields often, so that the caller can pause the work. */
  *learn(): Generator<undefined, BaseLayer> {
    const { tokens, contexts } = this;
    const letters = yield* this.chain('letters', letterOrders + 1, (order, from, to) =>
      contexts.lettersBefore(tokens, this.places, from, to, order, this.keys),
    );
    if (!contexts.hasWords) return { letters, words: [] };
    const hashes = yield* this.wordHashes();
    const words = yield* this.chain('words', wordOrders, (order, from, to) =>
      pick(hashes[order], this.places, from, to, this.keys),
    );
    return { letters, words };
  }

  /** The hashes of the contexts of words before each token: [wordOrders][tokens]. */
  private *wordHashes(): Generator<undefined, Uint32Array[]> {
    const { tokens, contexts } = this;
    const hashes = Array.from({ length: wordOrders }, () => new Uint32Array(tokens.length));
    const place = new Float32Array(placeNumbers);
    const here = new Uint32Array(wordOrders);
    contexts.start(place, 0);
    for (let i = 0; i < tokens.length; i++) {
      contexts.words(place, 0, here);
      for (let order = 0; order < wordOrders; order++) hashes[order][i] = here[order];
      contexts.advance(place, 0, tokens[i]);
      if (i % atOnce === 0) yield;
    }
    return hashes;
  }

  /** The counts of each order, the shortest first. `hash` writes the keys of a range of places. */
  private *chain(
    chain: Chain,
    orders: number,
    hash: (order: number, from: number, to: number) => void,
  ): Generator<undefined, PackedCounts[]> {
    this.count = 0;
    for (let i = 0; i < this.tokens.length; i++) if (this.tokens[i] !== noToken) this.places[this.count++] = i;
    const result: PackedCounts[] = [];
    for (let order = orders - 1; order >= 0; order--) {
      const unused = 32 - this.bits;
      for (let from = 0; from < this.count; from += atOnce) {
        const to = Math.min(this.count, from + atOnce);
        hash(order, from, to);
        for (let j = from; j < to; j++) this.keys[j] >>>= unused;
        yield;
      }
      for (let shift = 0; shift < this.bits; shift += radixBits) yield* this.sortByDigit(shift);
      result.unshift(yield* this.countSorted(chain, order));
    }
    return result;
  }

  /** One pass of a radix sort: stable, by the bits of the keys from `shift` on. */
  private *sortByDigit(shift: number): Generator<undefined, void> {
    const { keys, places, otherKeys, otherPlaces, count } = this;
    const next = new Uint32Array(radix);
    for (let j = 0; j < count; j++) next[(keys[j] >>> shift) & (radix - 1)]++;
    let at = 0;
    for (let d = 0; d < radix; d++) {
      const size = next[d];
      next[d] = at;
      at += size;
    }
    for (let from = 0; from < count; from += atOnce) {
      scatter(keys, places, from, Math.min(count, from + atOnce), shift, next, otherKeys, otherPlaces);
      yield;
    }
    this.keys = otherKeys;
    this.otherKeys = keys;
    this.places = otherPlaces;
    this.otherPlaces = places;
  }

  /** Counts the sorted places; moves one place for each pair of a context and a token to the front of `places`. */
  private *countSorted(chain: Chain, order: number): Generator<undefined, PackedCounts> {
    const { count, options } = this;
    const keepsSingle = options.keepsSingle?.(chain, order) ?? true;
    const { isBelow } = options;
    const isNew = isBelow && ((hash: number, token: number): boolean => !isBelow(chain, order, hash, token));
    const found: Found = {
      contexts: new Uint32Array(count),
      starts: new Uint32Array(count + 1),
      entries: new Uint32Array(count),
      contextCount: 0,
      entryCount: 0,
      distinct: 0,
      read: 0,
    };
    while (found.read < count) {
      this.countSome(found, Math.min(count, found.read + atOnce), keepsSingle, isNew);
      yield;
    }
    this.count = found.distinct;
    return new PackedCounts(
      this.bits,
      found.contexts.slice(0, found.contextCount),
      found.starts.slice(0, found.contextCount + 1),
      found.entries.slice(0, found.entryCount),
    );
  }

  /** Counts the contexts that begin before `until` in the sorted places. */
  private countSome(
    found: Found,
    until: number,
    keepsSingle: boolean,
    isNew: ((hash: number, token: number) => boolean) | undefined,
  ): void {
    const { keys, places, tokens, counted, symbols, count } = this;
    const { contexts, starts, entries } = found;
    let { contextCount, entryCount, distinct } = found;
    let first = found.read;
    while (first < until) {
      const key = keys[first];
      let end = first + 1;
      if (end === count || keys[end] !== key) {
        const place = places[first];
        if (!isNew || isNew(key, tokens[place])) places[distinct++] = place;
        if (keepsSingle) {
          contexts[contextCount++] = key;
          entries[entryCount++] = tokens[place] * 0x10000 + 1;
          starts[contextCount] = entryCount;
        }
        first = end;
        continue;
      }
      let kinds = 0;
      for (end = first; end < count && keys[end] === key; end++) {
        const place = places[end];
        const symbol = tokens[place];
        if (counted[symbol]++ > 0) continue;
        symbols[kinds++] = symbol;
        if (!isNew || isNew(key, symbol)) places[distinct++] = place;
      }
      if (kinds > 1) sortFirst(symbols, kinds);
      contexts[contextCount++] = key;
      for (let i = 0; i < kinds; i++) {
        const symbol = symbols[i];
        entries[entryCount++] = symbol * 0x10000 + Math.min(counted[symbol], maximumCount);
        counted[symbol] = 0;
      }
      starts[contextCount] = entryCount;
      first = end;
    }
    Object.assign(found, { contextCount, entryCount, distinct, read: first });
  }
}

/** The counts so far. */
interface Found {
  readonly contexts: Uint32Array;
  readonly starts: Uint32Array;
  readonly entries: Uint32Array;
  contextCount: number;
  entryCount: number;
  /** The number of places passed on to the next shorter context. */
  distinct: number;
  /** The number of sorted places that were read. */
  read: number;
}

/** Writes the hashes of the places `from` up to but not including `to`. */
function pick(hashes: Uint32Array, places: Uint32Array, from: number, to: number, into: Uint32Array): void {
  for (let j = from; j < to; j++) into[j] = hashes[places[j]];
}

function scatter(
  keys: Uint32Array,
  places: Uint32Array,
  from: number,
  to: number,
  shift: number,
  next: Uint32Array,
  toKeys: Uint32Array,
  toPlaces: Uint32Array,
): void {
  for (let j = from; j < to; j++) {
    const key = keys[j];
    const at = next[(key >>> shift) & (radix - 1)]++;
    toKeys[at] = key;
    toPlaces[at] = places[j];
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
