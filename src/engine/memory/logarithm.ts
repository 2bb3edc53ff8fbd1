/**
 * ln x in plain arithmetic: x = 2^e m, 1/√2 ≤ m < √2, ln m = 2 artanh((m - 1) / (m + 1)) as a series up to the 13th
 * power. The relative error is below 1e-12. It exists for the same reason as `exponential`: Math.log is slow after the
 * kernels' AVX instructions.
 */
const number = new Float64Array(1);
const words = new Int32Array(number.buffer);
/**
 * The index of the word with sign and exponent on little-endian machines, the only ones on which Node.js runs VS Code.
 */
const high = 1;

/** Only for normal numbers x > 0. */
export function logarithm(x: number): number {
  number[0] = x;
  let exponent = (words[high] >>> 20) - 1023;
  words[high] = (words[high] & 0xfffff) | 0x3ff00000;
  let mantissa = number[0];
  if (mantissa > Math.SQRT2) {
    mantissa *= 0.5;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const t = s * s;
  const series = 1 + t * (1 / 3 + t * (1 / 5 + t * (1 / 7 + t * (1 / 9 + t * (1 / 11 + t * (1 / 13 + t * (1 / 15)))))));
  return exponent * Math.LN2 + 2 * s * series;
}
