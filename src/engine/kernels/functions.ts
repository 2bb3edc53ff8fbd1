// exp, tanh and sigmoid on vectors.
import { vec, splat, loadSplat, add, sub, mul, div, min, max, madd, powerOfTwo, greater, keep } from './lanes';

/**
 * The constants are in memory (before the buffers of layout.ts): V8 rebuilds a vector constant wherever it is used,
 * with five instructions, whereas a load takes one.
 */
const constants = memory.data<f32>([
  // 0: tanh
  7.90531110763549805, -7.90531110763549805,
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5,
  6.37261928875436e-4, 4.89352455891786e-3,
  1.19825839466702e-6, 1.18534705686654e-4, 2.26843463243900e-3, 4.89352518554385e-3,
  // 13: sigmoid and slopes
  0.5, 1,
  // 15: exp
  -87, 88, 1.44269504088896341, 12582912, -0.693359375, 2.12194440e-4,
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
], 64);

// @ts-ignore: decorator
@inline function constant(i: usize): vec { return loadSplat(constants + (i << 2)); }

/**
 * eˣ, relative error below 2e-7; exactly 0 below -87 (so that padded logits drop out of a softmax).
 * x = n·ln 2 + r with |r| ≤ ln 2 / 2, then Cephes' expf polynomial in r (Moshier). Adding 1.5·2²³ rounds to a whole
 * number and leaves it in the lowest bits of the sum.
 */
// @ts-ignore: decorator
@inline export function exp(x: vec): vec {
  const low = greater(x, constant(15));
  x = max(min(x, constant(16)), constant(15));
  const rounded = madd(x, constant(17), constant(18));
  const n = sub(rounded, constant(18));
  let r = madd(n, constant(19), x);
  r = madd(n, constant(20), r);
  let y = constant(21);
  y = madd(y, r, constant(22));
  y = madd(y, r, constant(23));
  y = madd(y, r, constant(24));
  y = madd(y, r, constant(25));
  y = madd(y, r, constant(26));
  y = add(madd(mul(r, r), y, r), constant(14));
  return keep(low, mul(y, powerOfTwo(rounded)));
}

/** tanh x, within a few units in the last place: the rational minimax approximation used by Eigen, of degrees 13 and 6. */
// @ts-ignore: decorator
@inline export function tanh(x: vec): vec {
  x = max(min(x, constant(0)), constant(1));
  const s = mul(x, x);
  let p = madd(constant(2), s, constant(3));
  p = madd(p, s, constant(4));
  p = madd(p, s, constant(5));
  p = madd(p, s, constant(6));
  p = madd(p, s, constant(7));
  p = madd(p, s, constant(8));
  let q = madd(constant(9), s, constant(10));
  q = madd(q, s, constant(11));
  q = madd(q, s, constant(12));
  return div(mul(x, p), q);
}

/** 1 / (1 + e⁻ˣ) = (1 + tanh(x / 2)) / 2; absolute error below 1e-7. */
// @ts-ignore: decorator
@inline export function sigmoid(x: vec): vec {
  return madd(tanh(mul(x, constant(13))), constant(13), constant(13));
}

/** 1 − a */
// @ts-ignore: decorator
@inline export function oneMinus(a: vec): vec { return sub(constant(14), a); }
/** The slope of tanh where its value is y: 1 − y². */
// @ts-ignore: decorator
@inline export function slopeOfTanh(y: vec): vec { return sub(constant(14), mul(y, y)); }
/** The slope of the sigmoid where its value is y: y·(1 − y). */
// @ts-ignore: decorator
@inline export function slopeOfSigmoid(y: vec): vec { return mul(y, sub(constant(14), y)); }
