/**
 * Notices when training falls apart. A loss or gradient that is not a finite number counts at once. A finite loss
 * counts as exploding when its running mean is worse than that of the untrained network and at least half as much again
 * as the best running mean so far: a single odd batch moves the mean little, a run that has lost what it learned does.
 */
export interface GuardState {
  initialLoss: number | null;
  runningLoss: number;
  bestRunningLoss: number | null;
  batches: number;
}

/** How much of the running mean a new batch replaces. */
const blend = 0.1;
/** The first batches after a start say little about the mean. */
const batchesBeforeJudging = 10;

export class DivergenceGuard {
  private initialLoss: number | null = null;
  private runningLoss = 0;
  private bestRunningLoss: number | null = null;
  private batches = 0;

  /** Takes one batch's mean loss (nats a target) and gradient norm; says what is wrong with them, if anything. */
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

  /** Whether a mean loss is that of a network which has lost what it learned. */
  hasExploded(loss: number): boolean {
    const initial = this.initialLoss ?? loss;
    return loss > Math.max(1.05 * initial, 1.5 * (this.bestRunningLoss ?? initial));
  }

  /** Begins the running mean anew, after the weights were put back. What the untrained network lost stays known. */
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
