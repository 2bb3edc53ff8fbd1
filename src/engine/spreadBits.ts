/** Spreads a hash over all of its 32 bits ("lowbias32", Ellis 2018). The result is signed. */
export function spreadBits(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}
