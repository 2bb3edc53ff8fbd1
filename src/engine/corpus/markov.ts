/**
 * An order-n Markov model of characters, n = 0 to 6, with the interpolated smoothing of Kneser and Ney (1995):
 *
 *   p(w | h)  = (max(c(hw) - D, 0) + D · t(h) · p'(w | h')) / c(h)
 *   p'(w | h) = the same with n(hw) in place of c(hw)
 *
 * c(hw) how often w followed the context h, n(hw) how many different characters preceded hw, c(h) and n(h) the sums of
 * these, t(h) how many different characters followed h, h' the context without its first character, and the discount D
 * = n₁ / (n₁ + 2 n₂) of each length, nᵢ the number of strings counted i times. Below the empty context, all symbols are
 * equally likely; a context that was never seen is shortened. After every context the probabilities of all symbols sum
 * to 1, so the model's bits can be compared with a network's.
 */
import { TimeSlice } from '../timeSlice';

export const maximumOrder = 6;

/** A discount of 0 would leave nothing for what was never seen. */
const discountBounds = { low: 0.1, high: 0.9 };

/** Symbols between two checks of the clock. */
const symbolsPerCheck = 256;

/** All strings of up to `maximumOrder` + 1 symbols of a text, with their counts, as a tree kept in flat arrays. */
class CountTree {
  /** How often a node's string occurs. */
  counts = new Uint32Array(1 << 16);
  /** Sum of the counts of its children, and their number. */
  followers = new Uint32Array(1 << 16);
  kinds = new Uint32Array(1 << 16);
  private nodes = 1;
  /** Open addressing: slot → child node, looked up by parent and symbol. */
  private slots = new Uint32Array(1 << 17);
  private parents = new Uint32Array(1 << 16);
  private symbols = new Uint32Array(1 << 16);

  /** The child of a node, or 0 if there is none (0 is the root, which is never a child). */
  find(node: number, symbol: number): number {
    return this.slots[this.slotOf(node, symbol)];
  }

  /** Counts one more `symbol` after a node's string. Returns the child. */
  count(node: number, symbol: number): number {
    if (this.nodes === this.counts.length) this.grow();
    const slot = this.slotOf(node, symbol);
    const child = this.slots[slot] || this.add(slot, node, symbol);
    this.counts[child]++;
    this.followers[node]++;
    return child;
  }

  /** How often each string occurs, and after how many different characters: computed once everything is counted. */
  statistics(): { occurrences: Statistics; continuations: Statistics } {
    const { nodes, parents, symbols, counts, followers, kinds } = this;
    const suffixes = new Uint32Array(nodes);
    const lengths = new Uint8Array(nodes);
    const continuations = new Uint32Array(nodes);
    // A string's number is above that of its beginning, and its end without the first character was counted as well.
    for (let node = 1; node < nodes; node++) {
      const parent = parents[node];
      lengths[node] = lengths[parent] + 1;
      if (parent === 0) continue;
      suffixes[node] = this.find(suffixes[parent], symbols[node]);
      continuations[suffixes[node]]++;
    }
    const sums = new Uint32Array(nodes);
    const different = new Uint32Array(nodes);
    for (let node = 1; node < nodes; node++) {
      if (continuations[node] === 0) continue;
      sums[parents[node]] += continuations[node];
      different[parents[node]]++;
    }
    return {
      occurrences: { counts, sums: followers, kinds, discounts: discountsOf(counts, lengths) },
      continuations: {
        counts: continuations,
        sums,
        kinds: different,
        discounts: discountsOf(continuations, lengths),
      },
    };
  }

  private add(slot: number, parent: number, symbol: number): number {
    const child = this.nodes++;
    this.slots[slot] = child;
    this.parents[child] = parent;
    this.symbols[child] = symbol;
    this.kinds[parent]++;
    return child;
  }

  private slotOf(parent: number, symbol: number): number {
    const mask = this.slots.length - 1;
    let hash = Math.imul(parent, 0x9e3779b1) ^ Math.imul(symbol + 1, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const node = this.slots[slot];
      if (node === 0 || (this.parents[node] === parent && this.symbols[node] === symbol)) return slot;
    }
  }

  private grow(): void {
    const twice = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
      const wider = new Uint32Array(old.length * 2);
      wider.set(old);
      return wider;
    };
    this.counts = twice(this.counts);
    this.followers = twice(this.followers);
    this.kinds = twice(this.kinds);
    this.parents = twice(this.parents);
    this.symbols = twice(this.symbols);
    this.slots = new Uint32Array(this.slots.length * 2);
    for (let node = 1; node < this.nodes; node++) {
      this.slots[this.slotOf(this.parents[node], this.symbols[node])] = node;
    }
  }
}

/** One way of counting: by node, what is counted of its string, the sum over its children and their number. */
interface Statistics {
  counts: Uint32Array;
  sums: Uint32Array;
  kinds: Uint32Array;
  /** By the length of the context. */
  discounts: Float64Array;
}

/** D for each length of a context, from what is counted of the strings that are longer by one. */
function discountsOf(counts: Uint32Array, lengths: Uint8Array): Float64Array {
  const [once, twice] = [new Float64Array(maximumOrder + 1), new Float64Array(maximumOrder + 1)];
  for (let node = 1; node < lengths.length; node++) {
    if (counts[node] === 1) once[lengths[node] - 1]++;
    if (counts[node] === 2) twice[lengths[node] - 1]++;
  }
  const { low, high } = discountBounds;
  return once.map((n1, order) => Math.min(high, Math.max(low, n1 / Math.max(1, n1 + 2 * twice[order]))));
}

export class MarkovModel {
  private readonly tree = new CountTree();
  private statistics!: ReturnType<CountTree['statistics']>;

  private constructor(private readonly alphabet: number) {}

  /** Counts a training text: symbols from 0 to `alphabet` - 1. */
  static async train(symbols: ArrayLike<number>, alphabet: number): Promise<MarkovModel> {
    const model = new MarkovModel(alphabet);
    const slice = new TimeSlice();
    for (let i = 0; i < symbols.length; i++) {
      let node = 0;
      const end = Math.min(symbols.length, i + maximumOrder + 1);
      for (let j = i; j < end; j++) node = model.tree.count(node, symbols[j]);
      if (i % symbolsPerCheck === 0 && slice.isOver) await slice.renew();
    }
    model.statistics = model.tree.statistics();
    return model;
  }

  /** Probability of the symbol at `position` after the symbols before it, for each order from 0 to `maximumOrder`. */
  probabilities(symbols: ArrayLike<number>, position: number): Float64Array {
    const { occurrences, continuations } = this.statistics;
    const byOrder = new Float64Array(maximumOrder + 1).fill(1 / this.alphabet);
    /** By continuations, in the context that is shorter by one. */
    let lower = 1 / this.alphabet;
    for (let order = 0; order <= maximumOrder; order++) {
      const context = order <= position ? this.contextNode(symbols, position - order, position) : undefined;
      if (context === undefined || occurrences.sums[context] === 0) {
        if (order > 0) byOrder[order] = byOrder[order - 1];
        continue;
      }
      const string = this.tree.find(context, symbols[position]);
      byOrder[order] = smoothed(occurrences, context, string, order, lower);
      if (continuations.sums[context] > 0) lower = smoothed(continuations, context, string, order, lower);
    }
    return byOrder;
  }

  /** Mean bits per symbol of symbols[from …], for each order. The symbols before `from` are the first context. */
  async bitsPerSymbol(symbols: ArrayLike<number>, from: number): Promise<Float64Array> {
    const bits = new Float64Array(maximumOrder + 1);
    const slice = new TimeSlice();
    for (let position = from; position < symbols.length; position++) {
      const byOrder = this.probabilities(symbols, position);
      for (let order = 0; order <= maximumOrder; order++) bits[order] -= Math.log2(byOrder[order]);
      if (position % symbolsPerCheck === 0 && slice.isOver) await slice.renew();
    }
    return bits.map((sum) => sum / (symbols.length - from));
  }

  /** The node of symbols[start, end); undefined if that string was never seen. */
  private contextNode(symbols: ArrayLike<number>, start: number, end: number): number | undefined {
    let node = 0;
    for (let i = start; i < end; i++) {
      node = this.tree.find(node, symbols[i]);
      if (node === 0) return undefined;
    }
    return node;
  }
}

/** The discounted share of a string (0: never seen) among those with its context, plus its part of `lower`. */
function smoothed(
  { counts, sums, kinds, discounts }: Statistics,
  context: number,
  string: number,
  order: number,
  lower: number,
): number {
  const discount = discounts[order];
  const own = string === 0 ? 0 : Math.max(counts[string] - discount, 0);
  return (own + discount * kinds[context] * lower) / sums[context];
}
