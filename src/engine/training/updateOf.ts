/** What the optimiser needs for one step, from the settings of the run. */
import type { TrainingConfig } from '../../common/trainingConfig';
import { updateDefaults, type Update } from '../backends/backend';
import { Random } from '../random';

/** `targets`: the number of targets of the batch. `step`: the number of steps before this one. */
export function updateOf(
  { optimiser, objective, seed }: Pick<TrainingConfig, 'optimiser' | 'objective' | 'seed'>,
  { learningRate, targets, step }: { learningRate: number; targets: number; step: number },
): Update {
  return {
    ...updateDefaults,
    ...optimiser,
    learningRate,
    lossScale: objective.reduction === 'sum' ? 1 : 1 / Math.max(1, targets),
    dropoutKey: new Random(seed, step).uint32() | 0,
  };
}
