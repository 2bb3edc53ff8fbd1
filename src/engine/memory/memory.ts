/**
 * A model of counts that complements the network: how likely each token is after the last few tokens, and after the
 * last few words.
 *
 * There are two chains of contexts (`contexts.ts`), each smoothed in the manner of Kneser and Ney (1995), from the
 * shortest context to the longest that is known:
 *
 *   p_k(w) = max(c_k(w) - d_k, 0) / n_k + d_k t_k / n_k · p_{k-1}(w)
 *
 * c_k(w) is how often w was counted after the context of order k, n_k the sum of these counts, and t_k the number of
 * distinct tokens counted. Below the shortest context of letters all tokens are equally likely; below the shortest
 * context of words is the prediction by letters. A token is counted in the longest context, and in a shorter one only
 * if it was new in the next longer one: c_k(w) is then the number of longer contexts in which w was seen. It depends on
 * what was counted and not on the order of counting, so any count can be taken back.
 *
 * The training text is the bottom layer and never changes. Whatever is learned later goes into layers above it, each as
 * if it alone followed the training text; removing a layer forgets it.
 */
import { InklingError } from '../../common/errors';
import { letterOrders, wordOrders, type Contexts } from './contexts';
import { Counts } from './counts';
import { maximumCount, type PackedCounts } from './packedCounts';

/**
 * d_k of a context of k tokens; chosen by how well the mixture with a network predicted held-out texts
 * (bench/RESULTS.md).
 */
const letterDiscounts = Float64Array.from({ length: letterOrders + 1 }, (_, order) => 0.5 + 0.05 * order);
/** The same for the current word alone, with one word before it, and with two. */
const wordDiscounts = Float64Array.of(0.5, 0.6, 0.7);

/** The orders that identify a copy: the longest ones whose contexts are kept even if they occur only once. */
const copyLetters = 5;
const copyWords = 1;

/** The weight of a count in a layer: layers are closer to what comes next than the training text is. */
const layerWeight = 2;

/** The counts of each order of both chains, the shortest first; no words if they are not distinguished. */
export interface BaseLayer {
  readonly letters: readonly PackedCounts[];
  readonly words: readonly PackedCounts[];
}

/** The counts of both chains for texts that may still change. */
export class Layer {
  /** The counts of texts that were learned at once; `letters` and `words` are changes to these. */
  ground: BaseLayer | undefined;
  letters = Array.from({ length: letterOrders + 1 }, () => new Counts());
  words = Array.from({ length: wordOrders }, () => new Counts());

  /** Replaces everything by `ground`, which must have kept all contexts. */
  begin(ground: BaseLayer): void {
    this.ground = ground;
    this.letters = this.letters.map(() => new Counts());
    this.words = this.words.map(() => new Counts());
  }

  /** How often `symbol` was counted in a context. */
  count(chain: Chain, order: number, hash: number, symbol: number): number {
    return this[chain][order].count(hash, symbol) + this.onGround(chain, order, hash, symbol);
  }

  /** Adds 1 or -1 to a count and returns the result. Throws `internal` if it would be negative. */
  change(chain: Chain, order: number, hash: number, symbol: number, by: 1 | -1): number {
    const below = this.onGround(chain, order, hash, symbol);
    const count = below + this[chain][order].change(hash, symbol, by);
    if (count >= 0) return count;
    this[chain][order].change(hash, symbol, 1);
    throw new InklingError('internal', 'The memory was asked to forget something it never learned.');
  }

  private onGround(chain: Chain, order: number, hash: number, symbol: number): number {
    return this.ground?.[chain][order].count(hash, symbol) ?? 0;
  }
}

export type Chain = 'letters' | 'words';

export class Memory {
  // The result of the last `predict`.
  /** The probability of each token, [V], by the letters before it. */
  readonly letters: Float64Array;
  /** The probability of each token, [V], by the words before it. */
  readonly words: Float64Array;
  /** Whether nothing was ever counted, which makes these probabilities meaningless. */
  knowsNothing = true;
  /** The length in tokens of the longest known context of letters, 0 to `letterOrders`. */
  foundLetters = 0;
  /** The number of known contexts of words, 0 to `wordOrders`. */
  foundWords = 0;
  /** The kinds of the last two tokens (`Contexts.kinds`). */
  kinds = 0;
  private readonly letterHashes = new Uint32Array(letterOrders + 1);
  private readonly wordHashes = new Uint32Array(wordOrders);
  /** The counts of one context, summed over the layers. */
  private readonly summed: Float64Array;
  /** The tokens for which `summed` holds a count, and their number. */
  private readonly symbols: Uint16Array;
  private distinct = 0;

  constructor(
    readonly contexts: Contexts,
    /** V. */
    readonly classes: number,
    readonly base: BaseLayer,
    readonly layers: readonly Layer[] = [],
  ) {
    this.letters = new Float64Array(classes);
    this.words = new Float64Array(classes);
    this.summed = new Float64Array(classes);
    this.symbols = new Uint16Array(classes);
  }

  /** The same memory with other layers. */
  under(layers: readonly Layer[]): Memory {
    return new Memory(this.contexts, this.classes, this.base, layers);
  }

  /**
   * Predicts the token at the place in `place[at…]`. If words are not distinguished, the prediction by words equals the
   * one by letters.
   */
  predict(place: Float32Array, at: number): void {
    const { contexts, letters, words } = this;
    this.hash(place, at);
    letters.fill(1 / this.classes);
    const known = this.refine(letters, 'letters', this.letterHashes, letterDiscounts);
    this.knowsNothing = known === 0;
    this.foundLetters = Math.max(0, known - 1);
    words.set(letters);
    if (contexts.hasWords) this.foundWords = this.refine(words, 'words', this.wordHashes, wordDiscounts);
    this.kinds = contexts.kinds(place, at);
  }

  /** Counts `token` at a place in `layer`, above this memory's base. */
  learn(layer: Layer, place: Float32Array, token: number): void {
    this.change(layer, place, token, 1);
  }

  /** Takes back what `learn` counted. Throws `internal` if it was not counted. */
  forget(layer: Layer, place: Float32Array, token: number): void {
    this.change(layer, place, token, -1);
  }

  /**
   * Whether a learned text continues with `token` in the same place: after the same last letters and, if words are
   * distinguished, after the same current and previous word.
   */
  isCopy(place: Float32Array, at: number, token: number): boolean {
    this.hash(place, at);
    return this.hasSeen(undefined, token) || this.layers.some((layer) => this.hasSeen(layer, token));
  }

  /** Whether `token` was counted in both contexts that identify a copy, in a layer or in the training text. */
  private hasSeen(layer: Layer | undefined, token: number): boolean {
    const isCounted = (chain: Chain, order: number, hash: number): boolean =>
      layer ? layer.count(chain, order, hash, token) > 0 : this.isInBase(chain, order, hash, token);
    return (
      isCounted('letters', copyLetters, this.letterHashes[copyLetters]) &&
      (!this.contexts.hasWords || isCounted('words', copyWords, this.wordHashes[copyWords]))
    );
  }

  private hash(place: Float32Array, at: number): void {
    this.contexts.letters(place, at, this.letterHashes);
    if (this.contexts.hasWords) this.contexts.words(place, at, this.wordHashes);
  }

  private change(layer: Layer, place: Float32Array, token: number, by: 1 | -1): void {
    this.hash(place, 0);
    this.changeChain(layer, 'letters', this.letterHashes, token, by);
    if (this.contexts.hasWords) this.changeChain(layer, 'words', this.wordHashes, token, by);
  }

  private changeChain(layer: Layer, chain: Chain, hashes: Uint32Array, token: number, by: 1 | -1): void {
    for (let order = hashes.length - 1; order >= 0; order--) {
      const count = layer.change(chain, order, hashes[order], token, by);
      // However often it was counted here, the next shorter context counts it once.
      if (Math.max(count, count - by) > 1 || this.isInBase(chain, order, hashes[order], token)) return;
    }
  }

  /** Whether the training text has `token` in a context. */
  isInBase(chain: Chain, order: number, hash: number, token: number): boolean {
    return this.base[chain][order].count(hash, token) > 0;
  }

  /** Interpolates a distribution with those of a chain of contexts, shortest first. Returns how many were known. */
  private refine(distribution: Float64Array, chain: Chain, hashes: Uint32Array, discounts: Float64Array): number {
    const base = this.base[chain];
    let found = 0;
    // The distribution is `scale` times what is in the array, so that an order touches only the tokens it has counted.
    let scale = 1;
    for (; found < hashes.length; found++) {
      const total = this.sum(base[found], chain, found, hashes[found]);
      if (total === 0) break;
      const { summed, symbols, distinct } = this;
      const discount = discounts[found];
      scale *= (discount * distinct) / total;
      const unit = 1 / (total * scale);
      for (let i = 0; i < distinct; i++) {
        const symbol = symbols[i];
        distribution[symbol] += (summed[symbol] - discount) * unit;
        summed[symbol] = 0;
      }
    }
    for (let i = 0; i < distribution.length; i++) distribution[i] *= scale;
    return found;
  }

  /**
   * Sums the counts of a context over the layers into `summed`, which must be zero before and after. Returns their
   * total.
   */
  private sum(base: PackedCounts, chain: Chain, order: number, hash: number): number {
    const { layers } = this;
    let total = 0;
    this.distinct = 0;
    const own = base.find(hash);
    if (own >= 0) total = this.addPacked(base, own, 1);
    for (let i = 0; i < layers.length; i++) {
      const layer = layers[i];
      const ground = layer.ground?.[chain][order];
      const below = ground ? ground.find(hash) : -1;
      if (ground && below >= 0) total += this.addPacked(ground, below, layerWeight);
      const counts = layer[chain][order];
      const above = counts.find(hash);
      if (above !== 0) total += this.addChanges(counts, above);
    }
    return total;
  }

  private addPacked({ entries, starts }: PackedCounts, context: number, weight: number): number {
    const { summed, symbols } = this;
    let { distinct } = this;
    let total = 0;
    const end = starts[context + 1];
    for (let at = starts[context]; at < end; at++) {
      const entry = entries[at];
      const symbol = entry >>> 16;
      const count = weight * (entry & maximumCount);
      if (summed[symbol] === 0) symbols[distinct++] = symbol;
      summed[symbol] += count;
      total += count;
    }
    this.distinct = distinct;
    return total;
  }

  private addChanges(counts: Counts, context: number): number {
    const { summed, symbols } = this;
    for (let entry = counts.firstEntry(context); entry !== 0; entry = counts.nextEntry(entry)) {
      const symbol = counts.symbolOf(entry);
      if (summed[symbol] === 0) symbols[this.distinct++] = symbol;
      summed[symbol] += layerWeight * counts.countOf(entry);
      // Every count below was taken back.
      if (summed[symbol] === 0) symbols[symbols.indexOf(symbol)] = symbols[--this.distinct];
    }
    return layerWeight * counts.total(context);
  }
}
