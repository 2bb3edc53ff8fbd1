/** The client end of a channel. Every pending call is rejected when the other end is gone. */
import type { EngineFrame, HostFrame } from '../engineProtocol';
import { cancelled, InklingError } from '../errors';
import type { Caller, Methods } from './methods';

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: InklingError) => void;
  onEvent?: (event: unknown) => void;
  /** Removes the listener from the caller's signal. */
  release: () => void;
}

export class CallClient<M extends Methods<M>> {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private gone: InklingError | undefined;

  constructor(private readonly send: (frame: HostFrame) => void) {}

  /**
   * Rejects with an InklingError only: `cancelled` as soon as `signal` is aborted, after which events and the answer
   * are dropped; the error passed to `fail`; or the error from the other end.
   */
  readonly call: Caller<M> = (method, params, { onEvent, signal } = {}) =>
    new Promise((resolve, reject) => {
      if (this.gone) return reject(this.gone);
      if (signal?.aborted) return reject(cancelled());
      const id = this.nextId++;
      const cancel = (): void => {
        this.send({ type: 'cancel', id });
        this.take(id)?.reject(cancelled());
      };
      signal?.addEventListener('abort', cancel, { once: true });
      this.pending.set(id, {
        resolve: (result) => resolve(result as M[typeof method]['result']),
        reject,
        onEvent: onEvent as ((event: unknown) => void) | undefined,
        release: () => signal?.removeEventListener('abort', cancel),
      });
      this.send({ type: 'call', id, method, params });
    });

  get isIdle(): boolean {
    return this.pending.size === 0;
  }

  /** Handles an event, result or error frame; a client ignores others. */
  receive(frame: EngineFrame): void {
    if (frame.type === 'event') this.pending.get(frame.id)?.onEvent?.(frame.event);
    else if (frame.type === 'result') this.take(frame.id)?.resolve(frame.result);
    else if (frame.type === 'error') this.take(frame.id)?.reject(InklingError.fromFrame(frame.error));
  }

  /** The other end is gone: rejects all pending and future calls. */
  fail(error: InklingError): void {
    this.gone = error;
    for (const id of [...this.pending.keys()]) this.take(id)?.reject(error);
  }

  /** Removes a call from the list; undefined if it was cancelled before its answer arrived. */
  private take(id: number): Pending | undefined {
    const call = this.pending.get(id);
    this.pending.delete(id);
    call?.release();
    return call;
  }
}
