/**
 * How many threads a network's training steps run on. All threads wait for the slowest at every barrier, so on a
 * machine whose processors are busy with other programs too, fewer threads can be faster. Now and then a few steps run
 * on one thread more or less, and the faster number is kept. The results do not depend on it.
 */

/** Steps of one trial. */
const trialSteps = 2;
/** Steps between trials: as few at first and after a change, twice as many after each trial that changed nothing. */
const shortestPause = 8;
/** A trial of fewer threads costs most on a quiet machine, where it is needed least. */
const longestPause = { fewer: 256, more: 64 };
/** A number of threads must be faster by this much to be adopted: a smaller difference may be chance. */
const worthwhile = 0.93;
/** If steps have become this much slower, a trial begins at once. */
const slower = 1.2;
/** Weights of the newest step in the running means. */
const recent = 1 / 8;
const usual = 1 / 64;

export class Pace {
  /** Cost of a unit of work on `current` threads: recently, and over a longer time. */
  private recentCost = 0;
  private usualCost = 0;
  private pause = shortestPause;
  private left = shortestPause;
  private trial: { threads: number; steps: number; cost: number } | undefined;
  private triesFewer = true;

  /** Begins with all `most` threads. */
  constructor(
    private readonly most: number,
    private current = most,
  ) {}

  /** Threads for the next step. */
  get threads(): number {
    return this.trial?.threads ?? this.current;
  }

  /** Takes the duration of the last step and the work that was done in it. */
  note(work: number, milliseconds: number): void {
    if (this.most === 1) return;
    const cost = milliseconds / work;
    if (this.trial) this.noteTrial(this.trial, cost);
    else this.noteStep(cost);
  }

  private noteStep(cost: number): void {
    const isFirst = this.recentCost === 0;
    this.recentCost = isFirst ? cost : this.recentCost + (cost - this.recentCost) * recent;
    this.usualCost = isFirst ? cost : this.usualCost + (cost - this.usualCost) * usual;
    if (this.recentCost > slower * this.usualCost) {
      this.usualCost = this.recentCost;
      this.pause = shortestPause;
      this.left = 0;
    }
    if (--this.left <= 0) this.trial = { threads: this.nextTrial(), steps: 0, cost: 0 };
  }

  private nextTrial(): number {
    const isPossible = (threads: number): boolean => threads >= 1 && threads <= this.most;
    const threads = this.current + (this.triesFewer ? -1 : 1);
    this.triesFewer = !this.triesFewer;
    return isPossible(threads) ? threads : this.nextTrial();
  }

  private noteTrial(trial: { threads: number; steps: number; cost: number }, cost: number): void {
    trial.cost += cost / trialSteps;
    if (++trial.steps < trialSteps) return;
    this.trial = undefined;
    if (trial.cost < worthwhile * this.recentCost) {
      this.current = trial.threads;
      this.recentCost = this.usualCost = trial.cost;
      this.pause = shortestPause;
    } else {
      const longest = trial.threads < this.current ? longestPause.fewer : longestPause.more;
      this.pause = Math.min(2 * this.pause, longest);
    }
    this.left = this.pause;
  }
}
