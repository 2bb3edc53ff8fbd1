/** The loss of a network on the held-out part of a text. */
import type { Network } from '../backends/backend';
import type { BatchPlan } from '../corpus/batchPlan';
import { unlessCancelled } from '../../common/errors';
import { TimeSlice } from '../timeSlice';
import { accuracyOf, addLoss, meanLoss, noLoss } from './lossSums';

export interface Evaluation {
  /** Nats per target. */
  loss: number;
  accuracy: number;
  targets: number;
}

/**
 * The mean loss over at most `maximumTargets` held-out targets, without dropout; undefined if nothing is held out. Ends
 * early if `isInterrupted` returns true. The recurrent state of training is not changed.
 */
export async function evaluateHeldOut(
  network: Network,
  plan: BatchPlan,
  maximumTargets: number,
  isInterrupted: () => boolean,
): Promise<Evaluation | undefined | 'interrupted'> {
  const slice = new TimeSlice();
  const sums = noLoss();
  for (const batch of plan.heldOut(maximumTargets)) {
    const result = await unlessCancelled(network.evaluate(batch, { isInterrupted }));
    if (slice.isOver) await slice.renew();
    if (!result || isInterrupted()) return 'interrupted';
    addLoss(sums, result);
  }
  const { targets } = sums;
  return targets === 0 ? undefined : { loss: meanLoss(sums)!, accuracy: accuracyOf(sums)!, targets };
}
