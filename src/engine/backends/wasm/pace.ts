/**
 * Decides on how many threads a network's training steps run. All threads wait for the slowest at every barrier, so if
 * other programs keep the processors busy, fewer threads can be faster. Now and then a few steps run on one thread more
 * or less, and the faster number is kept. The results do not depend on it.
 */

/** The number of steps of a trial. */
const trialSteps = 2;
/** The number of steps between trials at first and after a change; each trial that changes nothing doubles it. */
const shortestPause = 8;
/** Its maximum. A trial of fewer threads costs most on a quiet machine, where it is needed least. */
const longestPause = { fewer: 256, more: 64 };
/** A trial's number of threads is adopted if its cost is below this share: a smaller difference may be chance. */
const worthwhile = 0.93;
/** If steps have become this many times as slow as usual, a trial begins immediately. */
const slower = 1.2;
/** The weights of the newest step in the running means. */
const recent = 1 / 8;
const usual = 1 / 64;

export class Pace {
  /** The cost of a unit of work on `current` threads: recently, and over a longer time. */
  private recentCost = 0;
  private usualCost = 0;
  private pause = shortestPause;
  private left = shortestPause;
  private trial: { threads: number; steps: number; cost: number } | undefined;
  private triesFewer = true;

  /** Begins with `current` threads of at most `most`. */
  constructor(
    private readonly most: number,
    private current = most,
  ) {}

  /** The number of threads for the next step. */
  get threads(): number {
    return this.trial?.threads ?? this.current;
  }

  /** Takes the work that was done in the last step, in any unit, and its duration. */
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
