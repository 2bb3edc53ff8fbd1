// Updates of `bytes` bytes of parameters, element by element. The gradient is first clipped to [-limit, limit] (0: not
// clipped) and then multiplied by `scale`, which clips it by norm.
import { vec, BYTES, load, store, splat, add, sub, mul, div, sqrt, min, max, madd } from './lanes';

// @ts-ignore: decorator
@inline function clipped(g: usize, limit: f32, scale: f32): vec {
  const x = load(g);
  return mul(limit > 0 ? max(min(x, splat(limit)), splat(-limit)) : x, splat(scale));
}

/** w −= rate·g */
export function sgd(w: usize, g: usize, bytes: usize, rate: f32, limit: f32, scale: f32): void {
  for (const end = w + bytes; w < end; w += BYTES, g += BYTES) {
    store(w, sub(load(w), mul(splat(rate), clipped(g, limit, scale))));
  }
}

/** v = ρv + (1−ρ)g²;  w −= rate·g / (√v + ε)  (Tieleman and Hinton 2012; ε outside the root, as in Keras) */
export function rmsprop(
  w: usize, g: usize, v: usize, bytes: usize, rate: f32, rho: f32, epsilon: f32, limit: f32, scale: f32,
): void {
  for (const end = w + bytes; w < end; w += BYTES, g += BYTES, v += BYTES) {
    const x = clipped(g, limit, scale);
    const square = madd(splat(rho), load(v), mul(splat(1 - rho), mul(x, x)));
    store(v, square);
    store(w, sub(load(w), div(mul(splat(rate), x), add(sqrt(square), splat(epsilon)))));
  }
}

/**
 * Adam (Kingma and Ba, 2015): m = β₁m + (1−β₁)g;  v = β₂v + (1−β₂)g²;  w −= rate·(m/c₁) / (√(v/c₂) + ε),
 * with cᵢ = 1 − βᵢᵗ given as `mScale` = 1/c₁ and `vScale` = 1/c₂.
 */
export function adam(
  w: usize, g: usize, m: usize, v: usize, bytes: usize, rate: f32, beta1: f32, beta2: f32, epsilon: f32,
  mScale: f32, vScale: f32, limit: f32, scale: f32,
): void {
  for (const end = w + bytes; w < end; w += BYTES, g += BYTES, m += BYTES, v += BYTES) {
    const x = clipped(g, limit, scale);
    const mean = madd(splat(beta1), load(m), mul(splat(1 - beta1), x));
    const square = madd(splat(beta2), load(v), mul(splat(1 - beta2), mul(x, x)));
    store(m, mean);
    store(v, square);
    const step = div(mul(mean, splat(mScale)), add(sqrt(mul(square, splat(vScale))), splat(epsilon)));
    store(w, sub(load(w), mul(splat(rate), step)));
  }
}

/** w ·= factor: weight decay. */
export function decay(w: usize, bytes: usize, factor: f32): void {
  for (const end = w + bytes; w < end; w += BYTES) store(w, mul(load(w), splat(factor)));
}

/** Σ g² over `bytes` bytes of elements clipped to [-limit, limit] (0: not clipped), summed in float64 in fixed order. */
export function sumOfSquares(g: usize, bytes: usize, limit: f32): f64 {
  if (BYTES == 4) {
    let sum: f64 = 0;
    for (const end = g + bytes; g < end; g += 4) {
      let x = f32.load(g);
      if (limit > 0) x = f32.max(f32.min(x, limit), -limit);
      sum += <f64>x * <f64>x;
    }
    return sum;
  }
  // `bytes` is a multiple of a panel's row; four chains of two hide each other's latency.
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (const end = g + bytes; g < end; g += 32) {
    const a = clipped(g, limit, 1), b = clipped(g + 16, limit, 1);
    const a0 = f64x2.promote_low_f32x4(a), a1 = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, a, 2, 3, 2, 3));
    const b0 = f64x2.promote_low_f32x4(b), b1 = f64x2.promote_low_f32x4(v128.shuffle<i32>(b, b, 2, 3, 2, 3));
    s0 = f64x2.add(s0, f64x2.mul(a0, a0)); s1 = f64x2.add(s1, f64x2.mul(a1, a1));
    s2 = f64x2.add(s2, f64x2.mul(b0, b0)); s3 = f64x2.add(s3, f64x2.mul(b1, b1));
  }
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}
