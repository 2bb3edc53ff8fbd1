/** How long a run has trained: pauses and the machine's sleep are left out. */

/** What takes so long, and twenty times as long as anything before, was no work. */
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

  /** Seconds of training until now, those of earlier sittings included. */
  get seconds(): number {
    return this.secondsBefore + (this.now() - this.began) / 1000;
  }

  /** Milliseconds until the last turn ended. What is due is judged by them: no sleep is in them that is not known yet. */
  get ms(): number {
    return this.secondsBefore * 1000 + (this.turnBegan - this.began);
  }

  /** Goes on from so many seconds: at the start of a sitting, and after a pause. */
  goOnFrom(seconds: number): void {
    this.secondsBefore = seconds;
    this.began = this.turnBegan = this.now();
  }

  /**
   * Ends a turn of the training loop. The machine may have slept in it, or the process been stopped, for hours: that is
   * left out. Returns the milliseconds left out, mostly 0.
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
