/**
 * Detects divergence. A loss or gradient that is not finite counts immediately. A finite loss counts as exploding once
 * its running mean exceeds the loss of the untrained network by 5 % and the best running mean so far by 50 %: a single
 * unusual batch changes the mean only slightly, a run that has lost what it learned changes it a lot.
 */
export interface GuardState {
  initialLoss: number | null;
  runningLoss: number;
  bestRunningLoss: number | null;
  batches: number;
}

/** How much of the running mean a new batch replaces. */
const blend = 0.1;
/** The first batches after a start are a poor estimate of the mean. */
const batchesBeforeJudging = 10;

export class DivergenceGuard {
  private initialLoss: number | null = null;
  private runningLoss = 0;
  private bestRunningLoss: number | null = null;
  private batches = 0;

  /**
   * Takes the mean loss (nats per target) and the gradient norm of one batch; returns how they diverge, or undefined if
   * they do not.
   */
  observe(loss: number, gradientNorm: number): 'non-finite' | 'exploding' | undefined {
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) return 'non-finite';
    this.initialLoss ??= loss;
    this.batches++;
    // The plain mean of the first batches, then exponential.
    this.runningLoss += (loss - this.runningLoss) * Math.max(blend, 1 / this.batches);
    if (this.batches < batchesBeforeJudging) return undefined;
    this.bestRunningLoss = Math.min(this.bestRunningLoss ?? this.initialLoss, this.runningLoss);
    return this.hasExploded(this.runningLoss) ? 'exploding' : undefined;
  }

  /** Whether a mean loss shows that the network has lost what it learned. */
  hasExploded(loss: number): boolean {
    const initial = this.initialLoss ?? loss;
    return loss > Math.max(1.05 * initial, 1.5 * (this.bestRunningLoss ?? initial));
  }

  /** Restarts the running mean after the weights were restored. The loss of the untrained network is kept. */
  restart(): void {
    this.runningLoss = 0;
    this.batches = 0;
  }

  state(): GuardState {
    const { initialLoss, runningLoss, bestRunningLoss, batches } = this;
    return { initialLoss, runningLoss, bestRunningLoss, batches };
  }

  restore(state: GuardState): void {
    this.initialLoss = state.initialLoss;
    this.runningLoss = state.runningLoss;
    this.bestRunningLoss = state.bestRunningLoss;
    this.batches = state.batches;
  }
}
