/**
 * ln x in plain arithmetic: x = 2^e m with m close to the middle c of one of 128 intervals, ln x = e ln 2 + ln c + ln(1 + r)
 * with r = m / c - 1, |r| < 2^-7, as a series up to the 6th power. The absolute error is below 1e-13, and the relative
 * error near 1 below 1e-13. It exists for the same reason as `exponential`: Math.log is slow after the kernels' AVX
 * instructions.
 */
const number = new Float64Array(1);
const words = new Int32Array(number.buffer);
/** The index of the word with sign and exponent on little-endian machines: VS Code runs on no others. */
const high = 1;

/** The high word of 0.703125: m lies between this and twice this, so that e is 0 for x near 1. */
const lowest = 0x3fe68000;
/** An interval holds the numbers that share the bits of the high word from this one on. */
const intervalBits = 13;
const intervals = 128;

/** 1 / c and ln c for each interval. The two that meet at 1 have c = 1, which makes ln exact there. */
const inverses = new Float64Array(intervals);
const logs = new Float64Array(intervals);
for (let i = 0; i < intervals; i++) {
  words[high] = lowest + (i << intervalBits);
  words[1 - high] = 0;
  const from = number[0];
  words[high] = lowest + ((i + 1) << intervalBits);
  const to = number[0];
  const middle = from === 1 || to === 1 ? 1 : (from + to) / 2;
  inverses[i] = 1 / middle;
  logs[i] = Math.log(middle);
}

/** 2^-e, from e = -1023 on. */
const largestExponent = 1023;
const powers = Float64Array.from({ length: 2 * largestExponent + 2 }, (_, i) => 2 ** (largestExponent - i));

/** ln x, for normal numbers x > 0 only. */
export function logarithm(x: number): number {
  number[0] = x;
  const above = words[high] - lowest;
  const exponent = above >> 20;
  const interval = (above >>> intervalBits) & (intervals - 1);
  const r = x * powers[exponent + largestExponent] * inverses[interval] - 1;
  const series = 1 - r * (1 / 2 - r * (1 / 3 - r * (1 / 4 - r * (1 / 5 - r * (1 / 6)))));
  return exponent * Math.LN2 + logs[interval] + r * series;
}
