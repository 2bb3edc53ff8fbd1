/**
 * A random order of the numbers 0 … n-1 without a table: a keyed bijection on k-bit numbers, k the bits of n-1,
 * iterated until the value falls below n ("cycle walking", Black and Rogaway 2002). A hundred million windows are
 * shuffled in constant memory, and a resumed run needs only the key.
 */
import type { Random } from '../random';

const rounds = 4;

export class Permutation {
  private readonly mask: number;
  private readonly shift: number;
  private readonly adds: number[] = [];
  private readonly factors: number[] = [];

  /** An order of `n` numbers, 1 ≤ n ≤ 2³¹, drawn from `random`. */
  constructor(
    readonly n: number,
    random: Random,
  ) {
    const bits = Math.max(2, 32 - Math.clz32(n - 1));
    this.mask = 2 ** bits - 1;
    this.shift = bits >> 1;
    for (let round = 0; round < rounds; round++) {
      this.adds.push(random.uint32());
      // An odd factor is invertible modulo a power of two.
      this.factors.push(random.uint32() | 1);
    }
  }

  /** The number at position `i`, 0 ≤ i < n. */
  at(i: number): number {
    do {
      for (let round = 0; round < rounds; round++) {
        i = Math.imul(i + this.adds[round], this.factors[round]) & this.mask;
        i ^= i >>> this.shift;
      }
    } while (i >= this.n);
    return i;
  }
}
