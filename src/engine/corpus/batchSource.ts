/**
 * The batches of a training run, epoch after epoch.
 *
 * Each epoch's order is drawn from the seed and the epoch's number alone. A position in the run is therefore two
 * numbers, and a source restored to it continues with exactly the batches that would have followed.
 */
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import type { Batch } from '../backends/backend';
import { Random } from '../random';
import { countTargets } from './batchBuffer';
import type { BatchPlan } from './batchPlan';

/** A position between two batches, counted from the start of the run. Plain JSON. */
export interface BatchSourceState {
  epoch: number;
  step: number;
}

export interface BatchSource {
  readonly stepsPerEpoch: number;
  /**
   * The next batch, valid until the next call; `tokens` is its number of targets; `epochEnded` is true for the last
   * batch of an epoch.
   */
  next(): { batch: Batch; epochEnded: boolean; tokens: number };
  state(): BatchSourceState;
  /** Throws `incompatibleModel` for a position outside the plan. */
  restore(state: BatchSourceState): void;
}

/** Generator streams from this number on belong to epochs. */
const epochStreams = 0x10000;

/** The training batches of a plan, from its first epoch on. */
export function trainingBatches(plan: BatchPlan, seed: number): BatchSource {
  let epoch = 0;
  let step = 0;
  let laidOut = -1;
  return {
    stepsPerEpoch: plan.stepsPerEpoch,
    next() {
      if (laidOut !== epoch) plan.startEpoch(epoch, new Random(seed, epochStreams + epoch));
      laidOut = epoch;
      const batch = plan.batch(step);
      const epochEnded = ++step === plan.stepsPerEpoch;
      if (epochEnded) {
        epoch++;
        step = 0;
      }
      return { batch, epochEnded, tokens: countTargets(batch) };
    },
    state: () => ({ epoch, step }),
    restore(state) {
      if (!(state.step >= 0 && state.step < plan.stepsPerEpoch && state.epoch >= 0)) {
        throw new InklingError(
          'incompatibleModel',
          sentence(
            'The checkpoint is at a step that does not exist with this text and these settings: start a new run.',
          ),
        );
      }
      ({ epoch, step } = state);
    },
  };
}
