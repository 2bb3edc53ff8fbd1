/** Collects the losses, the accuracy, the gradient norms and the speed since the last progress event. */
import type { ProgressEvent } from '../../common/trainEvents';
import type { StepResult } from '../backends/backend';
import { accuracyOf, addLoss, meanLoss, noLoss } from './lossSums';

type Measured = Pick<
  ProgressEvent,
  'trainLoss' | 'minimumLoss' | 'maximumLoss' | 'trainAccuracy' | 'gradientNorm' | 'clippedNorm' | 'charactersPerSecond'
>;

export class ProgressMeter {
  private sums = noLoss();
  private minimum = Infinity;
  private maximum = -Infinity;
  private gradientNorms = 0;
  /** NaN if a step did not report it. */
  private clippedNorms = 0;
  private steps = 0;
  private stepMs = 0;

  /** Adds the result of one step with at least one target, and its duration. */
  add(result: StepResult, stepMs: number): void {
    const loss = meanLoss(result)!;
    addLoss(this.sums, result);
    this.minimum = Math.min(this.minimum, loss);
    this.maximum = Math.max(this.maximum, loss);
    this.gradientNorms += result.gradientNorm;
    this.clippedNorms += result.clippedNorm ?? NaN;
    this.steps++;
    this.stepMs += stepMs;
  }

  get isEmpty(): boolean {
    return this.steps === 0;
  }

  /** Returns the measurements and resets the meter, which must not be empty. */
  take(): Measured {
    const measured: Measured = {
      trainLoss: meanLoss(this.sums)!,
      minimumLoss: this.minimum,
      maximumLoss: this.maximum,
      trainAccuracy: accuracyOf(this.sums)!,
      gradientNorm: this.gradientNorms / this.steps,
      ...(Number.isFinite(this.clippedNorms) && { clippedNorm: this.clippedNorms / this.steps }),
      charactersPerSecond: this.stepMs > 0 ? (this.sums.targets * 1000) / this.stepMs : 0,
    };
    this.sums = noLoss();
    this.minimum = Infinity;
    this.maximum = -Infinity;
    this.gradientNorms = 0;
    this.clippedNorms = 0;
    this.steps = 0;
    this.stepMs = 0;
    return measured;
  }
}
