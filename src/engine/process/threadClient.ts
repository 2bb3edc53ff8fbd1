/** A thread of the engine, called in the same way as the engine itself. */
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { EngineFrame } from '../../common/engineProtocol';
import { asInklingError, InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import { distFolder } from '../paths';
import { CallClient } from '../../common/rpc/callClient';
import type { Caller, Methods } from '../../common/rpc/methods';

export type LogFrame = Extract<EngineFrame, { type: 'log' }>;

/** The kind of thread; `threadMain.ts` is the entry of both. */
export type ThreadRole = 'trainer' | 'sampler';

export interface ThreadData {
  role: ThreadRole;
}

export interface Thread<M extends Methods<M>> {
  call: Caller<M>;
  /** Whether it has ended, for whatever reason. */
  readonly isGone: boolean;
  dispose(): Promise<void>;
}

/** Starts a thread. Pending calls are rejected when the thread ends. */
export function startThread<M extends Methods<M>>(role: ThreadRole, onLog: (frame: LogFrame) => void): Thread<M> {
  const workerData: ThreadData = { role };
  const worker = new Worker(path.join(distFolder(), 'engineThread.js'), { workerData });
  const client = new CallClient<M>((frame) => worker.postMessage(frame));
  let isGone = false;
  const end = (error: InklingError): void => {
    isGone = true;
    client.fail(error);
  };
  worker.on('message', (frame: EngineFrame) => (frame.type === 'log' ? onLog(frame) : client.receive(frame)));
  worker.on('error', (error: Error & { code?: string }) => {
    const known =
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? new InklingError(
            'outOfMemory',
            sentence('The engine ran out of memory. Choose a shorter text or a smaller network.'),
          )
        : asInklingError(error);
    onLog({ type: 'log', level: 'error', message: `${role}: ${known.message}` });
    end(known);
  });
  worker.on('exit', (code) => {
    end(new InklingError('engineExited', `A thread of the engine ended (${role}, code ${code}); try again.`));
  });
  return {
    call: client.call,
    get isGone() {
      return isGone;
    },
    dispose: async () => {
      await worker.terminate();
    },
  };
}
