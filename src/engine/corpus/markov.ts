/**
 * An order-n Markov model of characters, n = 0 to 6, interpolated as Witten and Bell (1991) do:
 *
 *   p(w | h) = (c(hw) + t(h) · p(w | h')) / (c(h) + t(h))
 *
 * c(hw) how often w followed the context h, c(h) the sum of these, t(h) how many different characters followed h, and
 * h' the context without its first character. Below the empty context, all symbols are equally likely. After every
 * context the probabilities of all symbols sum to 1, so the model's bits can be compared with a network's.
 */

export const maximumOrder = 6;

/** Symbols between two turns of the event loop. */
const symbolsATurn = 1 << 12;

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

export class MarkovModel {
  private readonly tree = new CountTree();

  private constructor(private readonly alphabet: number) {}

  /** Counts a training text: symbols from 0 to `alphabet` - 1. */
  static async train(symbols: ArrayLike<number>, alphabet: number): Promise<MarkovModel> {
    const model = new MarkovModel(alphabet);
    for (let i = 0; i < symbols.length; i++) {
      let node = 0;
      const end = Math.min(symbols.length, i + maximumOrder + 1);
      for (let j = i; j < end; j++) node = model.tree.count(node, symbols[j]);
      if (i % symbolsATurn === symbolsATurn - 1) await turn();
    }
    return model;
  }

  /** Probability of the symbol at `position` after the symbols before it, for each order from 0 to `maximumOrder`. */
  probabilities(symbols: ArrayLike<number>, position: number): Float64Array {
    const { tree } = this;
    const byOrder = new Float64Array(maximumOrder + 1);
    let probability = 1 / this.alphabet;
    for (let order = 0; order <= maximumOrder; order++) {
      const context = order <= position ? this.contextNode(symbols, position - order, position) : undefined;
      if (context !== undefined && tree.followers[context] > 0) {
        const seen = tree.find(context, symbols[position]);
        const count = seen ? tree.counts[seen] : 0;
        const kinds = tree.kinds[context];
        probability = (count + kinds * probability) / (tree.followers[context] + kinds);
      }
      byOrder[order] = probability;
    }
    return byOrder;
  }

  /** Mean bits per symbol of symbols[from …], for each order. The symbols before `from` are the first context. */
  async bitsPerSymbol(symbols: ArrayLike<number>, from: number): Promise<Float64Array> {
    const bits = new Float64Array(maximumOrder + 1);
    for (let position = from; position < symbols.length; position++) {
      const byOrder = this.probabilities(symbols, position);
      for (let order = 0; order <= maximumOrder; order++) bits[order] -= Math.log2(byOrder[order]);
      if (position % symbolsATurn === symbolsATurn - 1) await turn();
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

/** Yields to pending events. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
