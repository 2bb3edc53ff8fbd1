/** Lets a long computation breathe: other messages get their turn, and a cancelled one ends. */
import { cancelled } from '../../common/errors';

/** Other work waits at most about this long for its turn. */
const breathMs = 8;

export class Breather {
  private last = performance.now();

  constructor(private readonly signal?: AbortSignal) {}

  /** Whether it is time for `pause`; cheap enough for every token. */
  get due(): boolean {
    return performance.now() - this.last >= breathMs;
  }

  /** One turn of the event loop. Throws `cancelled` when the signal says so. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.check();
    this.last = performance.now();
  }

  check(): void {
    if (this.signal?.aborted) throw cancelled();
  }
}
