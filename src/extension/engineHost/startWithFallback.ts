/**
 * A process with a fallback: if the first one ends before it has reported that it is ready (a Node.js that is missing
 * or too old), the fallback is started and receives what was sent so far, unnoticed by callers.
 */
import type { EngineFrame, HostFrame } from '../../common/engineProtocol';
import type { EngineProcess } from './engineSupervisor';

/** `onFallback` receives the reason why the first process ended. */
export function startWithFallback(
  first: EngineProcess,
  startFallback: () => EngineProcess,
  onFallback: (reason: string) => void,
): EngineProcess {
  let current = first;
  let ready = false;
  let stopped = false;
  let sent: HostFrame[] = [];
  let onFrame: (frame: EngineFrame) => void = () => undefined;
  let onExit: (reason: string) => void = () => undefined;
  const follow = (process: EngineProcess): void => {
    process.onFrame((frame) => {
      if (frame.type === 'ready') {
        ready = true;
        sent = [];
      }
      onFrame(frame);
    });
    process.onExit((reason) => {
      if (ready || stopped || process !== first) return onExit(reason);
      onFallback(reason);
      current = startFallback();
      follow(current);
      for (const frame of sent) current.send(frame);
    });
  };
  follow(first);
  return {
    get pid() {
      return current.pid;
    },
    send(frame) {
      if (!ready) sent.push(frame);
      current.send(frame);
    },
    onFrame: (listener) => void (onFrame = listener),
    onExit: (listener) => void (onExit = listener),
    stop() {
      stopped = true;
      current.stop();
    },
  };
}
