/** The connection from a session to its page, if there is one: messages, batches of them, and failures. */
import { asInklingError } from '../../common/errors';
import type { HostMessage } from '../../common/studioProtocol';
import type { Clock } from '../clock';

/** Curves are redrawn at most this often (10 Hz). */
const batchMs = 100;

export type Post = (message: HostMessage) => void;

export class PageLink {
  private sink: Post | undefined;
  private loading = false;
  private readonly due = new Set<() => void>();
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: (message: string) => void,
  ) {}

  get attached(): boolean {
    return this.sink !== undefined;
  }

  /** Whether the user sees the page or will as soon as it has loaded. */
  get shown(): boolean {
    return this.attached || this.loading;
  }

  /** The page is about to load, unless it is there. */
  expect(): void {
    this.loading = !this.attached;
  }

  attach(sink: Post): void {
    this.sink = sink;
    this.loading = false;
  }

  /** Drops the current batch: the next page requests everything itself. */
  detach(): void {
    this.sink = undefined;
    this.loading = false;
    this.due.clear();
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  /** Sends a message to the page; without a page it is dropped. */
  post(message: HostMessage): void {
    this.sink?.(message);
  }

  /** Calls `send` with the next batch, within a tenth of a second. Until then, further calls have no effect. */
  batch(send: () => void): void {
    if (!this.attached) return;
    this.due.add(send);
    this.cancelTimer ??= this.clock.after(batchMs, () => {
      this.cancelTimer = undefined;
      const due = [...this.due];
      this.due.clear();
      for (const each of due) each();
    });
  }

  /** Logs a failure and shows it on the page; a cancellation is not a failure. */
  report(thrown: unknown): void {
    const error = asInklingError(thrown);
    if (error.code === 'cancelled') return;
    this.log(`Studio: ${error.stack ?? error.message}`);
    // An invalid message is a fault of the page, which the user cannot fix.
    if (error.code !== 'protocol') this.post({ type: 'notice', message: error.message, error: true });
  }
}
