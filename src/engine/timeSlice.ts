/** How long work may keep its thread before messages, timers and signals get their turn. */
import { cancelled } from '../common/errors';

/** What else is to be done on the thread waits about this long, or for the step under way. */
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
