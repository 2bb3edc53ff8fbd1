// Updates of `bytes` bytes of parameters, element by element. The gradient is first clipped to [-limit, limit] (limit 0:
// not) and then multiplied by `scale` (clipping by norm).
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

/** v = ρv + (1−ρ)g²;  w −= rate·g / (√v + ε)  (Hinton; epsilon outside the root, as Keras) */
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

/** Σ g² over `bytes` bytes, elements clipped to [-limit, limit] first (0: not), summed in float64 in fixed order. */
export function sumOfSquares(g: usize, bytes: usize, limit: f32): f64 {
  let sum: f64 = 0;
  for (const end = g + bytes; g < end; g += 4) {
    let x = f32.load(g);
    if (limit > 0) x = f32.max(f32.min(x, limit), -limit);
    sum += <f64>x * <f64>x;
  }
  return sum;
}
