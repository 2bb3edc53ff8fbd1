/** Answers the calls of the thread that started this one. */
import { parentPort } from 'node:worker_threads';
import type { EngineFrame } from '../../common/engineProtocol';
import { CallServer } from '../../common/rpc/callServer';
import type { Handlers, Methods } from '../../common/rpc/methods';

export function serveThread<M extends Methods<M>>(handlers: Handlers<M>): void {
  const port = parentPort;
  if (!port) throw new Error('This file is the entry of a thread of the engine.');
  const server = new CallServer(handlers, (frame: EngineFrame) => port.postMessage(frame));
  port.on('message', (frame: unknown) => server.receive(frame));
  process.on('unhandledRejection', (reason) => {
    port.postMessage({ type: 'log', level: 'error', message: `In a thread: ${String(reason)}` } satisfies EngineFrame);
  });
}
