/**
 * All that a run carries from one step to the next. What of it is stored, and restored, makes a run that was cut in two
 * equal to one that was left alone.
 */
import type { OptimiserState } from '../backends/backend';
import type { BatchSourceState } from '../corpus/batchSource';
import type { GuardState } from './divergenceGuard';
import type { LossSums } from './lossSums';
import type { OverfittingState } from './overfitting';
import type { ScheduleState } from './schedule';

/** Everything but the arrays; plain JSON. */
export interface RunProgress {
  /** Updates done. */
  step: number;
  /** Whole passes over the text done. */
  epoch: number;
  /** Seconds of training, over all sittings. */
  seconds: number;
  /** Targets trained on, repeats counted. */
  characters: number;
  /** Of the epoch under way. */
  epochSums: LossSums;
  /** Of the last whole epoch. */
  lastEpochSums: LossSums;
  smoothedLoss: number | null;
  /** The best weights so far: their held-out or training loss (null: none was measured yet) and when it was. */
  best: { loss: number | null; step: number; epoch: number };
  evaluationsWithoutBest: number;
  guardEvents: number;
  schedule: ScheduleState;
  guard: GuardState;
  overfitting: OverfittingState;
  batches: BatchSourceState;
  /** What follows the last step and has not been done yet. */
  due: { epochEnded: boolean; evaluation: boolean; samples: boolean } | null;
}

export interface RunState {
  progress: RunProgress;
  /** The weights as training left them. */
  parameters: Float32Array;
  /** The best weights so far. */
  bestParameters: Float32Array;
  optimiser: OptimiserState;
  /** Recurrent state carried from batch to batch, [B, stateSize]; may be empty. */
  carried: Float32Array;
}
