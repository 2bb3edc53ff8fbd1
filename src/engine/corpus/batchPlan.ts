/**
 * The interface of every way to cut a corpus into batches. The four ways are textStreams, windows, lines and
 * linePrefixes.
 */
import type { Batch } from '../backends/backend';
import type { Random } from '../random';

export interface BatchPlan {
  /** The largest batch and the most steps of any batch, training or held out: what a network must have capacity for. */
  readonly limits: { batch: number; steps: number };
  readonly stepsPerEpoch: number;
  /** Targets of one epoch: tokens, windows or line prefixes. */
  readonly trainTargets: number;
  /** Held-out targets; 0 if no evaluation is possible. */
  readonly heldOutTargets: number;
  /** Arranges the batches of an epoch. */
  startEpoch(epoch: number, random: Random): void;
  /** Batch `step` of that epoch, valid until the next batch is requested. */
  batch(step: number): Batch;
  /**
   * The batches of an evaluation on the held-out part, under the same objective as training; none if nothing is held
   * out. At most about `maximumTargets` targets, spread evenly over the part. Running text trained at every step is
   * read in long streams that carry their state. Each stream starts with some preceding text as context only, so that
   * every target is predicted as if the text had been read from further back, and counts once.
   */
  heldOut(maximumTargets?: number): Generator<Batch>;
}
