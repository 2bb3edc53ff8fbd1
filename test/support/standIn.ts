/** Backends that stand in for others: the reference under another name, with its own clock, failing on request. */
import { InklingError } from '../../src/common/errors';
import type { Backend, Network } from '../../src/engine/backends/backend';
import { createReferenceBackend } from '../../src/engine/backends/reference/referenceBackend';

/** A clock that only the stand-ins below move. */
export class Clock {
  ms = 0;
  now = (): number => this.ms;
}

/** The reference under another name, each training step taking `stepMs` of the clock; `fail` may throw before it. */
export function standIn(name: Backend['name'], clock: Clock, stepMs: number, fail: () => void = () => {}): Backend {
  const truth = createReferenceBackend();
  const info = { name, kernel: `stand-in ${name}`, threads: 1 };
  const wrap = (network: Network): Network => {
    network.backend = info;
    return new Proxy(network, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (key === 'trainStep') {
            clock.ms += stepMs;
            try {
              fail();
            } catch (error) {
              return Promise.reject(error instanceof Error ? error : new Error(String(error)));
            }
          }
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  };
  return {
    ...truth,
    ...info,
    createNetwork: async (...args) => wrap(await truth.createNetwork(...args)),
  };
}

export const lost = (): never => {
  throw new InklingError('backendUnavailable', 'The GPU was lost.');
};
