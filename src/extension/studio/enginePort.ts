/** The engine as the Studio calls it. */
import type { Cancellation } from '../engineHost/engineSupervisor';
import type { EngineCaller } from '../engineHost/engineClient';
import type { EnginePort } from './ports';

export function enginePort(engine: EngineCaller): EnginePort {
  return {
    sample: (request, onDelta, signal) => engine.call('sample', request, { onEvent: onDelta, token: tokenOf(signal) }),
    considered: (request, signal) => engine.call('considered', request, { token: tokenOf(signal) }),
  };
}

/** An AbortSignal as the engine's calls take it. */
function tokenOf(signal: AbortSignal): Cancellation {
  return {
    get isCancellationRequested() {
      return signal.aborted;
    },
    onCancellationRequested(listener) {
      signal.addEventListener('abort', listener, { once: true });
      return { dispose: () => signal.removeEventListener('abort', listener) };
    },
  };
}
