/** What every way of cutting a corpus into batches provides. The four ways lie in textStreams, windows, lines and linePrefixes. */
import type { Batch } from '../backends/backend';
import type { Random } from '../random';

export interface BatchPlan {
  /** The largest batch and the most steps of any batch, training or held out: what a network must have room for. */
  readonly limits: { batch: number; steps: number };
  readonly stepsPerEpoch: number;
  /** Targets of one epoch: tokens, windows or line prefixes. */
  readonly trainTargets: number;
  /** Targets that are held out; 0 where an evaluation is not possible. */
  readonly heldOutTargets: number;
  /** Lays out an epoch. */
  startEpoch(epoch: number, random: Random): void;
  /** Batch `step` of that epoch, valid until another batch is asked for. */
  batch(step: number): Batch;
  /**
   * The batches of an evaluation on the held-out part, under the same objective as training; none where nothing is held
   * out. At most about `maximumTargets` targets, spread evenly over the part. Running text trained every step is read
   * in long streams whose state is carried; each begins with some text before it as context only, so that every target
   * is predicted as if the text had been read from further up, and each counts once.
   */
  heldOut(maximumTargets?: number): Generator<Batch>;
}
