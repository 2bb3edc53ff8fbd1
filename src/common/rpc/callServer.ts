/**
 * The server end of a channel: call and cancel frames in, event, result and error frames out. Every call gets exactly
 * one result or error, whatever its handler does; a cancelled one gets `cancelled`.
 */
import type { EngineFrame } from '../engineProtocol';
import { asInklingError, cancelled, InklingError } from '../errors';
import type { Handlers, Methods } from './methods';

export class CallServer<M extends Methods<M>> {
  private readonly open = new Map<number, AbortController>();

  constructor(
    private readonly handlers: Handlers<M>,
    private readonly send: (frame: EngineFrame) => void,
  ) {}

  /** Handles a received frame. Anything that is not a frame is logged and dropped. */
  receive(frame: unknown): void {
    if (isCall(frame)) void this.answer(frame.id, frame.method, frame.params);
    else if (isCancel(frame)) this.open.get(frame.id)?.abort();
    else this.send({ type: 'log', level: 'error', message: `Not a frame: ${JSON.stringify(frame)?.slice(0, 200)}` });
  }

  private async answer(id: number, method: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    try {
      if (this.open.has(id)) throw new InklingError('protocol', `Call ${id} is already under way.`);
      this.open.set(id, controller);
      if (!Object.hasOwn(this.handlers, method)) {
        throw new InklingError('protocol', `The engine has no method "${method}"; reload the window.`);
      }
      const handler = this.handlers[method as keyof M];
      const result = await handler(params as M[keyof M]['params'], {
        signal,
        onEvent: (event) => this.send({ type: 'event', id, event }),
      });
      if (signal.aborted) throw cancelled();
      this.send({ type: 'result', id, result });
    } catch (error) {
      const known = signal.aborted ? cancelled() : asInklingError(error);
      this.send({ type: 'error', id, error: known.toFrame() });
    } finally {
      if (this.open.get(id) === controller) this.open.delete(id);
    }
  }
}

function isCall(frame: unknown): frame is { id: number; method: string; params: unknown } {
  return isFrame(frame, 'call') && typeof (frame as { method?: unknown }).method === 'string';
}

function isCancel(frame: unknown): frame is { id: number } {
  return isFrame(frame, 'cancel');
}

function isFrame(frame: unknown, type: string): boolean {
  if (typeof frame !== 'object' || frame === null) return false;
  const { type: own, id } = frame as { type?: unknown; id?: unknown };
  return own === type && typeof id === 'number';
}
