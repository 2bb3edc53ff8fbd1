// exp, tanh and sigmoid on vectors.
import { vec, load, splat, add, sub, mul, div, min, max, madd, powerOfTwo, nearest, greater, keep } from './lanes';

/**
 * eˣ, relative error below 2e-7; exactly 0 below -87 (so that padded logits drop out of a softmax).
 * x = n·ln 2 + r with |r| ≤ ln 2 / 2, then Cephes' expf polynomial in r (Moshier).
 */
// @ts-ignore: decorator
@inline export function exp(x: vec): vec {
  const low = greater(x, splat(-87));
  x = max(min(x, splat(88)), splat(-87));
  const n = nearest(mul(x, splat(1.44269504088896341)));
  let r = madd(n, splat(-0.693359375), x);
  r = madd(n, splat(2.12194440e-4), r);
  let y = splat(1.9875691500e-4);
  y = madd(y, r, splat(1.3981999507e-3));
  y = madd(y, r, splat(8.3334519073e-3));
  y = madd(y, r, splat(4.1665795894e-2));
  y = madd(y, r, splat(1.6666665459e-1));
  y = madd(y, r, splat(5.0000001201e-1));
  y = add(madd(mul(r, r), y, r), splat(1));
  return keep(low, mul(y, powerOfTwo(n)));
}

/** tanh x, within a few units of the last place: the rational minimax approximation known from Eigen, odd of degree 13 over 6. */
// @ts-ignore: decorator
@inline export function tanh(x: vec): vec {
  x = max(min(x, splat(7.90531110763549805)), splat(-7.90531110763549805));
  const s = mul(x, x);
  let p = splat(-2.76076847742355e-16);
  p = madd(p, s, splat(2.00018790482477e-13));
  p = madd(p, s, splat(-8.60467152213735e-11));
  p = madd(p, s, splat(5.12229709037114e-8));
  p = madd(p, s, splat(1.48572235717979e-5));
  p = madd(p, s, splat(6.37261928875436e-4));
  p = madd(p, s, splat(4.89352455891786e-3));
  let q = splat(1.19825839466702e-6);
  q = madd(q, s, splat(1.18534705686654e-4));
  q = madd(q, s, splat(2.26843463243900e-3));
  q = madd(q, s, splat(4.89352518554385e-3));
  return div(mul(x, p), q);
}

/** 1 / (1 + e⁻ˣ) = (1 + tanh(x / 2)) / 2; absolute error below 1e-7. */
// @ts-ignore: decorator
@inline export function sigmoid(x: vec): vec {
  return madd(tanh(mul(x, splat(0.5))), splat(0.5), splat(0.5));
}
