/**
 * Detects overfitting: the held-out loss has risen for several evaluations while the training loss still falls. The
 * model is then memorising its text. Reported once per run.
 */
import { sentence, type Told } from '../../common/l10n';
import type { EpochEvent } from '../../common/trainEvents';

interface Point {
  epoch: number;
  step: number;
  trainLoss: number | null;
  heldOutLoss: number;
}
export interface OverfittingState {
  best: Point | null;
  worse: number;
  said: boolean;
}

/** The number of consecutive evaluations with a risen held-out loss after which overfitting is reported. */
const evaluationsBeforeSaying = 2;
/** As a share of the best held-out loss; smaller rises may be noise. */
const noticeableRise = 0.01;

export class OverfittingWatch {
  private current: OverfittingState = { best: null, worse: 0, said: false };

  /** Takes an evaluation; returns the sentence to show, if there is one. */
  observe(event: EpochEvent): Told | undefined {
    if (event.heldOutLoss === undefined) return undefined;
    const { epoch, step, trainLoss, heldOutLoss } = event;
    const state = this.current;
    if (state.best === null || heldOutLoss < state.best.heldOutLoss) {
      state.best = { epoch, step, trainLoss, heldOutLoss };
      state.worse = 0;
      return undefined;
    }
    const rises = heldOutLoss > state.best.heldOutLoss * (1 + noticeableRise) && falls(state.best.trainLoss, trainLoss);
    state.worse = rises ? state.worse + 1 : 0;
    if (state.said || state.worse < evaluationsBeforeSaying) return undefined;
    state.said = true;
    const { best } = state;
    return sentence(
      'Overfitting since epoch {0} (step {1}): the held-out loss rose from {2} to {3} nats while the training loss fell from {4} to {5}. More text, more dropout, fewer units or an earlier stop would help.',
      String(best.epoch),
      String(best.step),
      best.heldOutLoss.toFixed(3),
      heldOutLoss.toFixed(3),
      best.trainLoss!.toFixed(3),
      trainLoss!.toFixed(3),
    );
  }

  state(): OverfittingState {
    return structuredClone(this.current);
  }

  restore(state: OverfittingState): void {
    this.current = structuredClone(state);
  }
}

/** Whether a loss fell; false if either was not measured. */
function falls(before: number | null, after: number | null): boolean {
  return before !== null && after !== null && after < before;
}
