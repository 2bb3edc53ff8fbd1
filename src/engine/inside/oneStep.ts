/**
 * One training step in detail: the loss of the network on one example, the gradient of that loss by tensor, and the
 * resulting state of the network. Nothing is updated. The example is read from a zero state and without dropout, so
 * that the figures depend only on the weights and the example.
 */
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Batch, CreateNetwork, Stepper } from '../backends/backend';
import { countTargets } from '../corpus/batchBuffer';
import { outputSize, parameterLayout, stateSize, type NetworkSpec } from '../model/networkSpec';
import { updateOf } from '../training/updateOf';

export interface TensorGradient {
  /** Euclidean norm, before clipping. */
  norm: number;
  /** The largest absolute value, before clipping. */
  largest: number;
  /** Share of the elements that `optimiser.clipValue` would cut. */
  clippedShare: number;
}

export interface OneStep {
  /** By the run's reduction: the sum of the losses of the example, or their mean. */
  lossNats: number;
  /** By tensor name. */
  gradients: Record<string, TensorGradient>;
  /** Norm of the whole gradient before clipping and after it. */
  norm: number;
  clippedNorm: number;
  /** The last recurrent layer's output after the last step, [H]: what the output layer reads. */
  hidden: number[];
}

/** The network without its dropout. */
export function withoutDropout(spec: NetworkSpec): NetworkSpec {
  return { ...spec, layers: spec.layers.map((layer) => ({ ...layer, dropout: 0 })) };
}

/** `batch` has one row. `spec` is that of `parameters` and of the stepper. Throws what the backend throws. */
export async function examineStep(
  { spec, parameters, config }: { spec: NetworkSpec; parameters: Float32Array; config: TrainingConfig },
  batch: Batch,
  createNetwork: CreateNetwork,
  stepper: Stepper,
): Promise<OneStep> {
  const fresh: Batch = { ...batch, state: 'zero', resetRows: undefined };
  const targets = countTargets(fresh);
  const { lossScale, clipValue, clipNorm } = updateOf(config, { learningRate: 0, targets, step: 0 });
  const network = await createNetwork(withoutDropout(spec), parameters, { batch: 1, steps: batch.steps });
  try {
    const { lossSum, gradients } = await network.gradients(fresh, lossScale, 0);
    const clipped = clip(gradients, clipValue, clipNorm);
    return {
      lossNats: lossSum * lossScale,
      gradients: Object.fromEntries(
        parameterLayout(spec).map(({ name, offset, size }) => {
          return [name, describe(gradients.subarray(offset, offset + size), clipValue)];
        }),
      ),
      norm: normOf(gradients),
      clippedNorm: normOf(clipped),
      hidden: lastHidden(spec, fresh, stepper),
    };
  } finally {
    network.dispose();
  }
}

function describe(values: Float32Array, clipValue: number): TensorGradient {
  let largest = 0;
  let cut = 0;
  for (const value of values) {
    largest = Math.max(largest, Math.abs(value));
    if (clipValue > 0 && Math.abs(value) > clipValue) cut++;
  }
  return { norm: normOf(values), largest, clippedShare: cut / values.length };
}

/** As the optimisers do: element by element first, then the whole. */
function clip(gradients: Float32Array, clipValue: number, clipNorm: number): Float32Array {
  const clipped = clipValue > 0 ? gradients.map((g) => Math.max(-clipValue, Math.min(clipValue, g))) : gradients;
  const norm = normOf(clipped);
  return clipNorm > 0 && norm > clipNorm ? clipped.map((g) => (g * clipNorm) / norm) : clipped;
}

function normOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** The top layer's h after the row has been read. */
function lastHidden(spec: NetworkSpec, { inputs }: Batch, stepper: Stepper): number[] {
  const states = new Float32Array(stateSize(spec));
  const logits = new Float32Array(outputSize(spec));
  for (const input of inputs) stepper.step(Uint16Array.of(input), states, logits);
  const { units } = spec.layers.at(-1)!;
  const behind = spec.cell === 'lstm' ? units : 0;
  return [...states.subarray(states.length - behind - units, states.length - behind)];
}
