/** The asking end of a channel. Every pending call is rejected when the other end is gone. */
import type { EngineFrame, HostFrame } from '../engineProtocol';
import { InklingError } from '../errors';
import type { Caller, Methods } from './methods';

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: InklingError) => void;
  onEvent?: (event: unknown) => void;
}

/** A call of a method of any table: the engine's threads have tables of their own. */
type Outgoing = Extract<HostFrame, { type: 'cancel' }> | { type: 'call'; id: number; method: string; params: unknown };

export class CallClient<M extends Methods<M>> {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private gone: InklingError | undefined;

  constructor(private readonly send: (frame: Outgoing) => void) {}

  readonly call: Caller<M> = (method, params, { onEvent, signal } = {}) =>
    new Promise((resolve, reject) => {
      if (this.gone) return reject(this.gone);
      if (signal?.aborted) return reject(new InklingError('cancelled', 'Cancelled.'));
      const id = this.nextId++;
      const cancel = (): void => this.send({ type: 'cancel', id });
      signal?.addEventListener('abort', cancel, { once: true });
      const settled = (): void => signal?.removeEventListener('abort', cancel);
      this.pending.set(id, {
        resolve: (result) => {
          settled();
          resolve(result as M[typeof method]['result']);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        onEvent: onEvent as ((event: unknown) => void) | undefined,
      });
      this.send({ type: 'call', id, method, params });
    });

  get isIdle(): boolean {
    return this.pending.size === 0;
  }

  /** Takes an event, result or error frame; others are not for a client. */
  receive(frame: EngineFrame): void {
    if (frame.type !== 'event' && frame.type !== 'result' && frame.type !== 'error') return;
    const call = this.pending.get(frame.id);
    if (!call) return;
    if (frame.type === 'event') return call.onEvent?.(frame.event);
    this.pending.delete(frame.id);
    if (frame.type === 'result') call.resolve(frame.result);
    else call.reject(InklingError.fromFrame(frame.error));
  }

  /** The other end is gone: rejects what is pending and what is called from now on. */
  fail(error: InklingError): void {
    this.gone = error;
    const calls = [...this.pending.values()];
    this.pending.clear();
    for (const call of calls) call.reject(error);
  }
}
