/** Gives the Studio access to the engine. */
import type { EngineCaller } from '../engineHost/engineClient';
import type { EnginePort } from './ports';

export function enginePort(engine: EngineCaller): EnginePort {
  return {
    sample: (request, onEvent, signal) => engine.call('sample', request, { onEvent, signal }),
    considered: (request, signal) => engine.call('considered', request, { signal }),
  };
}
