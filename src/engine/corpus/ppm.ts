/**
 * Prediction by partial matching (Cleary and Witten 1984; escapes by Moffat's method C; symbols that a longer context
 * has excluded are left out of the shorter ones; counts are updated down to the context that predicted the symbol). The
 * best of the classic compressors of text, and like them online: it learns from each symbol once it has predicted it.
 */
import { Counts } from '../memory/counts';

/** The length of the longest context. */
const longest = 5;

export class Ppm {
  /** The counts of the contexts of each length. */
  private readonly orders = Array.from({ length: longest + 1 }, () => new Counts());
  private readonly hashes = new Uint32Array(longest + 1);
  /** The symbols excluded by longer contexts, marked with the number of the current step. */
  private readonly excluded: Uint32Array;
  private step = 0;

  /** `alphabet`: the number of different symbols, which are 0, 1, …. */
  constructor(private readonly alphabet: number) {
    this.excluded = new Uint32Array(alphabet);
  }

  /** The bits of the symbol at `position` of a text, which is then learned. */
  next(symbols: Uint32Array, position: number): number {
    const { orders, hashes, excluded } = this;
    const symbol = symbols[position];
    const most = Math.min(longest, position);
    this.hash(symbols, position, most);
    this.step++;
    let bits = 0;
    let left = this.alphabet;
    let order = most;
    for (; order >= 0; order--) {
      const counts = orders[order];
      const context = counts.find(hashes[order]);
      if (context === 0) continue;
      let total = 0;
      let kinds = 0;
      let own = 0;
      for (let entry = counts.firstEntry(context); entry !== 0; entry = counts.nextEntry(entry)) {
        const other = counts.symbolOf(entry);
        if (excluded[other] === this.step) continue;
        kinds++;
        total += counts.countOf(entry);
        if (other === symbol) own = counts.countOf(entry);
        excluded[other] = this.step;
      }
      if (kinds === 0) continue;
      // All other symbols are excluded: there is nothing to escape to.
      const escapes = kinds < left ? kinds : 0;
      left -= kinds;
      if (own > 0) {
        bits -= Math.log2(own / (total + escapes));
        break;
      }
      bits -= Math.log2(escapes / (total + escapes));
    }
    if (order < 0) bits += Math.log2(left);
    for (let learned = most; learned >= Math.max(0, order); learned--) orders[learned].add(hashes[learned], symbol);
    return bits;
  }

  /** The hashes of the last 0 to `most` symbols before `position`. */
  private hash(symbols: Uint32Array, position: number, most: number): void {
    let hash = 0x9e3779b1;
    this.hashes[0] = hash;
    for (let back = 1; back <= most; back++) {
      hash = Math.imul(hash ^ symbols[position - back], 0x85ebca6b);
      hash ^= hash >>> 15;
      hash = Math.imul(hash + back, 0xc2b2ae35);
      hash ^= hash >>> 13;
      this.hashes[back] = hash;
    }
  }
}
