/** How long work may occupy its thread before messages, timers and signals are handled. */
import { cancelled } from '../common/errors';

/** Other work of the thread waits about this long, or until the current step is done. */
const sliceMs = 8;

export class TimeSlice {
  private begun = performance.now();

  constructor(private readonly signal?: AbortSignal) {}

  /** Whether it is time for `renew`; cheap enough for every token. */
  get isOver(): boolean {
    return performance.now() - this.begun >= sliceMs;
  }

  /** Lets the event loop turn once. Throws `cancelled` where the signal is aborted. */
  async renew(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.signal?.aborted) throw cancelled();
    this.begun = performance.now();
  }
}
