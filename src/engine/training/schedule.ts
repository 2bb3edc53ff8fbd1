/**
 * The learning rate of each update. With r the config's rate, f the share of the budget (or of the schedule's
 * own epochs) used, n the update's number:
 *   constant  r
 *   cosine    r · (m + (1 - m) · (1 + cos πf) / 2), m = finalFraction (Loshchilov and Hutter, 2017, without restarts)
 *   plateau r · factorᵏ after k plateaus of the held-out loss, not below `minimum` each multiplied by min(1, (n + 1) /
 *   warmupSteps), and halved every time the divergence guard intervened.
 */
import type { ScheduleConfig } from '../../common/trainingConfig';

export interface ScheduleState {
  /** Product of all halvings by the guard and all plateau factors. */
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

  /** Reports a held-out loss to a plateau schedule; returns whether it lowers the rate. */
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
