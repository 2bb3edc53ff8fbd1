/** Measures the training time of a run, without pauses and the sleep of the machine. */

/** A turn at least this long and twenty times as long as any before was not work: the machine slept. */
const shortestSleepMs = 60_000;
const turnsToJudgeBy = 10;

export class RunClock {
  private secondsBefore = 0;
  private began = 0;
  private turnBegan = 0;
  private longestTurnMs = 0;
  private turns = 0;

  /** `now`: milliseconds from a fixed moment. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Seconds of training until now, including earlier sittings. */
  get seconds(): number {
    return this.secondsBefore + (this.now() - this.began) / 1000;
  }

  /**
   * Milliseconds of training until the end of the last turn. They decide what is due, because they never include a sleep
   * that has not been detected yet.
   */
  get ms(): number {
    return this.secondsBefore * 1000 + (this.turnBegan - this.began);
  }

  /** Continues from this many seconds: at the start of a sitting, and after a pause. */
  continueFrom(seconds: number): void {
    this.secondsBefore = seconds;
    this.began = this.turnBegan = this.now();
  }

  /**
   * Ends a turn of the training loop. If the machine slept during it, or the process was stopped, the turn is not
   * counted. Returns the milliseconds that were not counted, usually 0.
   */
  turn(): number {
    const now = this.now();
    const turnMs = now - this.turnBegan;
    this.turnBegan = now;
    if (this.turns++ < turnsToJudgeBy || turnMs < Math.max(shortestSleepMs, 20 * this.longestTurnMs)) {
      this.longestTurnMs = Math.max(this.longestTurnMs, turnMs);
      return 0;
    }
    this.began += turnMs;
    return turnMs;
  }
}
