/**
 * Everything that a run carries from one step to the next. It can be stored and restored, so that a run split in two
 * equals an uninterrupted one.
 */
import type { OptimiserState } from '../backends/backend';
import type { BatchSourceState } from '../corpus/batchSource';
import type { GuardState } from './divergenceGuard';
import type { LossSums } from './lossSums';
import type { OverfittingState } from './overfitting';
import type { ScheduleState } from './schedule';

/** Everything but the arrays; plain JSON. */
export interface RunProgress {
  /** The number of updates so far. */
  step: number;
  /** Complete passes over the text so far. */
  epoch: number;
  /** Seconds of training, over all sittings. */
  seconds: number;
  /** The number of targets trained on, including repeats. */
  characters: number;
  /** Of the current epoch. */
  epochSums: LossSums;
  /** Of the last complete epoch. */
  lastEpochSums: LossSums;
  smoothedLoss: number | null;
  /** The best weights so far: their held-out or training loss (null before one is measured), and when it was measured. */
  best: { loss: number | null; step: number; epoch: number };
  evaluationsWithoutBest: number;
  guardEvents: number;
  schedule: ScheduleState;
  guard: GuardState;
  overfitting: OverfittingState;
  batches: BatchSourceState;
  /** What is still to be done after the last step. */
  due: { epochEnded: boolean; evaluation: boolean; samples: boolean } | null;
}

/** The losses of the current epoch or, at its beginning, of the last one. Empty right after the guard intervened. */
export function recentLosses({ epochSums, lastEpochSums }: RunProgress): LossSums {
  return epochSums.targets > 0 ? epochSums : lastEpochSums;
}

export interface RunState {
  progress: RunProgress;
  /** The current weights of training. */
  parameters: Float32Array;
  /** The best weights so far. */
  bestParameters: Float32Array;
  optimiser: OptimiserState;
  /** Recurrent state carried from batch to batch, [B, stateSize]; may be empty. */
  carried: Float32Array;
}
