/** How long work may occupy its thread before messages, timers, signals and more urgent work are handled. */
import { cancelled } from '../common/errors';

/** Other work of the thread waits about this long, or until the current step is done. */
const sliceMs = 8;

/** Urgent work on a thread, for which other work pauses. */
export class Precedence {
  private inProgress = 0;
  private readonly waiting = new Set<() => void>();

  /** Does urgent work. Resolves or rejects as `work` does. */
  async run<R>(work: () => Promise<R>): Promise<R> {
    this.inProgress++;
    try {
      return await work();
    } finally {
      this.inProgress--;
      if (this.inProgress === 0) for (const resume of this.waiting) resume();
    }
  }

  /** Resolves once no urgent work is in progress, or the signal is aborted. */
  async over(signal?: AbortSignal): Promise<void> {
    while (this.inProgress > 0 && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const resume = (): void => {
          this.waiting.delete(resume);
          signal?.removeEventListener('abort', resume);
          resolve();
        };
        this.waiting.add(resume);
        signal?.addEventListener('abort', resume);
      });
    }
  }
}

export class TimeSlice {
  private begun = performance.now();

  constructor(
    private readonly signal?: AbortSignal,
    private readonly urgent?: Precedence,
  ) {}

  /** Whether it is time for `renew`; cheap enough for every token. */
  get isOver(): boolean {
    return performance.now() - this.begun >= sliceMs;
  }

  /** Lets the event loop turn once, and urgent work finish. Throws `cancelled` where the signal is aborted. */
  async renew(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.urgent?.over(this.signal);
    if (this.signal?.aborted) throw cancelled();
    this.begun = performance.now();
  }
}
