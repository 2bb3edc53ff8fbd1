/**
 * The learning rate of each update, where r is the rate of the config, f the share of the budget (or of the schedule's
 * own epochs) that is used, and n the number of updates before it:
 *
 *   constant   r
 *   cosine     r · (m + (1 - m) · (1 + cos πf) / 2), m = finalFraction (Loshchilov and Hutter 2017, without restarts)
 *   plateau    r · factorᵏ after k plateaus of the held-out loss, but not below `minimum`
 *
 * Each is multiplied by min(1, (n + 1) / warmupSteps), and halved each time the divergence guard intervenes.
 */
import type { ScheduleConfig } from '../../common/trainingConfig';

export interface ScheduleState {
  /** The product of all halvings by the guard and all factors of plateaus. */
  scale: number;
  bestLoss: number | null;
  evaluationsWithoutBest: number;
}

export class Schedule {
  private scale = 1;
  private bestLoss: number | null = null;
  private evaluationsWithoutBest = 0;

  constructor(
    private readonly config: ScheduleConfig,
    private readonly learningRate: number,
  ) {}

  /** The rate of update `step` (from 0) at the share `fraction` (0 to 1) of the schedule. */
  rate(step: number, fraction: number): number {
    const warmup = this.config.warmupSteps ? Math.min(1, (step + 1) / this.config.warmupSteps) : 1;
    let rate = this.learningRate * this.scale;
    if (this.config.kind === 'cosine') {
      const floor = this.config.finalFraction;
      rate *= floor + ((1 - floor) * (1 + Math.cos(Math.PI * Math.min(1, Math.max(0, fraction))))) / 2;
    }
    return rate * warmup;
  }

  /** Takes a held-out loss; returns whether it lowers the rate, as it may in a plateau schedule. */
  evaluated(heldOutLoss: number): boolean {
    if (this.config.kind !== 'plateau') return false;
    if (this.bestLoss === null || heldOutLoss < this.bestLoss) {
      this.bestLoss = heldOutLoss;
      this.evaluationsWithoutBest = 0;
      return false;
    }
    if (++this.evaluationsWithoutBest < this.config.patience) return false;
    this.evaluationsWithoutBest = 0;
    const lowest = Math.min(1, this.config.minimum / this.learningRate);
    const scale = Math.max(this.scale * this.config.factor, lowest);
    const lowered = scale < this.scale;
    this.scale = Math.min(scale, this.scale);
    return lowered;
  }

  halve(): void {
    this.scale /= 2;
  }

  state(): ScheduleState {
    return { scale: this.scale, bestLoss: this.bestLoss, evaluationsWithoutBest: this.evaluationsWithoutBest };
  }

  restore(state: ScheduleState): void {
    this.scale = state.scale;
    this.bestLoss = state.bestLoss;
    this.evaluationsWithoutBest = state.evaluationsWithoutBest;
  }
}
