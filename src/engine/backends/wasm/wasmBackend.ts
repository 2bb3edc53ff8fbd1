/** The default backend: AssemblyScript kernels on all cores, nothing native to install. */
import * as os from 'node:os';
import type { Backend, BackendInfo } from '../backend';
import { checkParameters } from '../checkBatch';
import { InklingError } from '../../../common/errors';
import { checkNetworkSpec } from '../../model/networkSpec';
import { chooseKernels, type KernelName } from './runtime';
import { Team } from './team';
import { WasmNetwork } from './wasmNetwork';

export interface WasmOptions {
  /** By default all cores, minus one for the editor if there are more than two, but at most eight. */
  threads?: number;
  /** By default the best that runs here. Others are for tests. */
  kernel?: KernelName;
  /** Steps with fewer multiply-adds than this are done by one thread; tests set 0. */
  threadedWork?: number;
  /** Steps with at least this many multiply-adds leave the caller's thread free; tests set 0. */
  apartWork?: number;
  /** Whether all threads take part in every step, even if fewer would be faster: for benchmarks and tests. */
  fixedThreads?: boolean;
}

/** Below about this much work, waking other threads costs more than it saves. */
const defaultThreadedWork = 400_000;
/** With the backward pass, about half a second on two cores. Doing a step on workers alone costs some speed. */
const defaultApartWork = 4_000_000_000;

/** See `WasmOptions.threads`. */
export function defaultThreads(): number {
  const cores = os.availableParallelism();
  return Math.max(1, Math.min(8, cores > 2 ? cores - 1 : cores));
}

/**
 * Throws `backendUnavailable` if the requested kernel does not run here, `invalidInput` for an invalid number of
 * threads.
 */
export async function createWasmBackend(options: WasmOptions = {}): Promise<Backend> {
  const threads = options.threads ?? defaultThreads();
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
    throw new InklingError(
      'invalidInput',
      `The number of threads must be a whole number from 1 to 64, not ${threads}.`,
    );
  }
  const { name, module } = chooseKernels(options.kernel);
  const team = new Team(threads);
  let nextId = 1;
  const info: BackendInfo = { name: 'wasm', kernel: name, threads };
  const { threadedWork = defaultThreadedWork, apartWork = defaultApartWork, fixedThreads = false } = options;
  const work = { threadedWork, apartWork, fixedThreads };
  return {
    ...info,
    createNetwork: async (spec, parameters, limits) => {
      checkNetworkSpec(spec);
      checkParameters(spec, parameters);
      return new WasmNetwork(nextId++, info, spec, limits, module, team, work, parameters);
    },
    dispose: () => team.dispose(),
  };
}
