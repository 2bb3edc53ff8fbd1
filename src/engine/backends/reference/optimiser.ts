/**
 * Gradient clipping and the update rules, in float64.
 *
 *   SGD      w -= η g
 *   RMSprop  v = ρ v + (1-ρ) g²;  w -= η g / (√v + ε)                                  (Tieleman and Hinton 2012; Keras)
 *   Adam     m = β₁ m + (1-β₁) g;  v = β₂ v + (1-β₂) g²;  w -= η m̂ / (√v̂ + ε)          (Kingma and Ba 2015)
 *            m̂ = m / (1-β₁ᵗ),  v̂ = v / (1-β₂ᵗ)
 *
 * With weight decay λ every rule also subtracts η λ w, of the weight before the update (Loshchilov and Hutter 2019; with
 * plain SGD this is L2 regularisation).
 */
import type { TensorSpec } from '../../model/networkSpec';
import { slotsOf, type Update } from '../backend';

export interface OptimiserSlots {
  kind: Update['kind'];
  /** The number of updates so far. */
  updates: number;
  /** None for SGD, [v] for RMSprop, [m, v] for Adam; each as long as the parameter block. */
  slots: Float64Array[];
}

/** The slots before the first update: zeros for this many parameters. */
export function newOptimiserSlots(kind: Update['kind'], parameters: number): OptimiserSlots {
  return { kind, updates: 0, slots: Array.from({ length: slotsOf[kind] }, () => new Float64Array(parameters)) };
}

/** The Euclidean norm. */
export function norm(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum);
}

/**
 * Clips in place: each element to ±clipValue, then the whole gradient to the Euclidean norm clipNorm; 0 means no
 * clipping.
 */
export function clip(gradients: Float64Array, clipValue: number, clipNorm: number): void {
  if (clipValue > 0) {
    for (let i = 0; i < gradients.length; i++) {
      gradients[i] = Math.max(-clipValue, Math.min(clipValue, gradients[i]));
    }
  }
  if (clipNorm > 0) {
    const length = norm(gradients);
    if (length > clipNorm) for (let i = 0; i < gradients.length; i++) gradients[i] *= clipNorm / length;
  }
}

/** One update of the trainable tensors, in place. `gradients` are already clipped. */
export function applyUpdate(
  parameters: Float64Array,
  gradients: Float64Array,
  layout: TensorSpec[],
  state: OptimiserSlots,
  update: Update,
): void {
  state.updates += 1;
  for (const { offset, size, trainable } of layout) {
    if (!trainable) continue;
    for (let i = offset; i < offset + size; i++) {
      const decay = update.learningRate * update.weightDecay * parameters[i];
      parameters[i] -= stepOf(gradients[i], i, state, update) + decay;
    }
  }
}

/** What is subtracted from one parameter; updates its slots. */
function stepOf(g: number, i: number, state: OptimiserSlots, update: Update): number {
  const { learningRate, beta1, beta2, rho, epsilon } = update;
  switch (state.kind) {
    case 'sgd':
      return learningRate * g;
    case 'rmsprop': {
      const [v] = state.slots;
      v[i] = rho * v[i] + (1 - rho) * g * g;
      return (learningRate * g) / (Math.sqrt(v[i]) + epsilon);
    }
    case 'adam': {
      const [m, v] = state.slots;
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      const mHat = m[i] / (1 - beta1 ** state.updates);
      const vHat = v[i] / (1 - beta2 ** state.updates);
      return (learningRate * mHat) / (Math.sqrt(vHat) + epsilon);
    }
  }
}
