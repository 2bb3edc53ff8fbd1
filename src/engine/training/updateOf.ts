/** The parameters of an optimiser for one step, from the settings of the run. */
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Update } from '../backends/backend';
import { Random } from '../random';

/** `targets`: of the step's batch; `step`: steps before it. */
export function updateOf(
  { optimiser, objective, seed }: Pick<TrainingConfig, 'optimiser' | 'objective' | 'seed'>,
  { learningRate, targets, step }: { learningRate: number; targets: number; step: number },
): Update {
  return {
    kind: optimiser.kind,
    learningRate,
    beta1: optimiser.beta1 ?? 0.9,
    beta2: optimiser.beta2 ?? 0.999,
    rho: optimiser.rho ?? 0.9,
    epsilon: optimiser.epsilon ?? 1e-7,
    clipValue: optimiser.clipValue ?? 0,
    clipNorm: optimiser.clipNorm ?? 0,
    weightDecay: optimiser.weightDecay ?? 0,
    lossScale: objective.reduction === 'sum' ? 1 : 1 / Math.max(1, targets),
    dropoutKey: new Random(seed, step).uint32() | 0,
  };
}
