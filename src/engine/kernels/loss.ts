// Cross-entropies and their gradients, row by row. Logits are panels (see matrix.ts); the classes that pad to a
// multiple of 16 have a bias of -1e30, so their probability is exactly 0.
import { BYTES, load, loadNext, store, storeNext, splat, sub, mul, max, add, sumLanes, maxLanes } from './lanes';
import { exp } from './functions';

/**
 * Softmax and cross-entropy of `rows` rows. In: `logits`; `targets` 32-bit class ids, negative = no loss; `weights` one
 * factor per row, or 0. Out: `losses[r]` nats (0 without a target); `correct[r]` 1 if the first of the largest logits
 * is the target; `logits` = ∂(scale · weight · loss)/∂logits (0 without a target).
 */
export function softmaxLoss(
  logits: usize, stride: usize, rows: i32, classes: i32, targets: usize, losses: usize, correct: usize,
  weights: usize, scale: f32,
): void {
  const panels = <usize>((classes + 15) >> 4);
  for (let r: usize = 0; r < <usize>rows; r++) {
    const row = logits + (r << 6);
    const end = row + panels * stride;
    const target = i32.load(targets + (r << 2));
    f32.store(losses + (r << 2), 0);
    i32.store(correct + (r << 2), 0);
    if (target < 0) {
      for (let p = row; p < end; p += stride) {
        for (let i: usize = 0; i < 64; i += BYTES) store(p + i, splat(0));
      }
      continue;
    }
    let top = splat(-1e30);
    for (let p = row; p < end; p += stride) {
      for (let i: usize = 0; i < 64; i += BYTES) top = max(top, load(p + i));
    }
    const largest = maxLanes(top);
    const at = row + (<usize>(target >> 4)) * stride + ((<usize>(target & 15)) << 2);
    const targetLogit = f32.load(at);
    if (targetLogit == largest) {
      // Correct if no class before the target has the same logit.
      let first = true;
      for (let k = 0; k < target && first; k++) {
        if (f32.load(row + (<usize>(k >> 4)) * stride + ((<usize>(k & 15)) << 2)) == largest) first = false;
      }
      if (first) i32.store(correct + (r << 2), 1);
    }
    const shift = splat(largest);
    // Two neighbouring vectors per iteration, as in cells.ts.
    let sums = splat(0), sums2 = splat(0);
    for (let p = row; p < end; p += stride) {
      for (let i: usize = 0; i < 64; i += 2 * BYTES) {
        const e = exp(sub(load(p + i), shift)), e2 = exp(sub(loadNext(p + i), shift));
        store(p + i, e); storeNext(p + i, e2);
        sums = add(sums, e);
        sums2 = add(sums2, e2);
      }
    }
    const sum = sumLanes(add(sums, sums2));
    f32.store(losses + (r << 2), logOf(sum) - (targetLogit - largest));
    const factor = weights ? scale * f32.load(weights + (r << 2)) : scale;
    const normal = splat(factor / sum);
    for (let p = row; p < end; p += stride) {
      for (let i: usize = 0; i < 64; i += BYTES) store(p + i, mul(load(p + i), normal));
    }
    f32.store(at, f32.load(at) - factor);
  }
}

/** ln x for normal x > 0, to float32: x = m·2ᵉ, ln x = e·ln 2 + 2·atanh((m − 1) / (m + 1)) as a series in float64. */
function logOf(x: f32): f32 {
  const bits = reinterpret<i32>(x);
  let e = (bits >> 23) - 127;
  let m = <f64>reinterpret<f32>((bits & 0x007fffff) | 0x3f800000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    e++;
  }
  const z = (m - 1) / (m + 1), s = z * z;
  const series = 1 + s * (1.0 / 3 + s * (1.0 / 5 + s * (1.0 / 7 + s * (1.0 / 9 + s * (1.0 / 11 + s * (1.0 / 13))))));
  return <f32>(<f64>e * 0.6931471805599453 + 2 * z * series);
}

/** Sigmoid and binary cross-entropy: column 0 of one panel is the logit, targets are 0 or 1; the rest as `softmaxLoss`. */
export function sigmoidLoss(
  logits: usize, rows: i32, targets: usize, losses: usize, correct: usize, weights: usize, scale: f32,
): void {
  for (let r: usize = 0; r < <usize>rows; r++) {
    const at = logits + (r << 6);
    const target = i32.load(targets + (r << 2));
    const z = f32.load(at);
    for (let i: usize = 0; i < 64; i += BYTES) store(at + i, splat(0));
    f32.store(losses + (r << 2), 0);
    i32.store(correct + (r << 2), 0);
    if (target < 0) continue;
    // ln(1 + e^-|z|) + max(z, 0) - z·target, stable for large |z|.
    const e = maxLanes(exp(splat(-abs(z))));
    f32.store(losses + (r << 2), logOf(1 + e) + (z > 0 ? z : 0) - z * <f32>target);
    i32.store(correct + (r << 2), (z > 0 ? 1 : 0) == target ? 1 : 0);
    const p: f32 = z > 0 ? 1 / (1 + e) : e / (1 + e);
    const factor = weights ? scale * f32.load(weights + (r << 2)) : scale;
    f32.store(at, (p - <f32>target) * factor);
  }
}
