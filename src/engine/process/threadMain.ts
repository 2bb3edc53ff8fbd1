/**
 * Entry of the engine's two kinds of threads, one bundle because they share nearly all their code. A trainer does one
 * run, one plan or one measurement, then ends. The sampler computes only on its own thread, so that samples never queue
 * behind training.
 */
import * as os from 'node:os';
import { workerData } from 'node:worker_threads';
import { createBackend, createStepper } from '../backends';
import { lowerPriority } from './priority';
import { samplerHandlers, type SamplerMethods } from './samplerThread';
import type { ThreadData } from './threadClient';
import { serveThread } from './threadServer';
import { trainerHandlers, type TrainerMethods } from './trainerThread';

const { role } = workerData as ThreadData;
if (role === 'trainer') {
  // On Linux, priority is per thread, and the kernel threads that are started from here inherit it: samples and
  // completions come first. On other systems it is per process, and the process has already lowered its own.
  if (process.platform === 'linux') lowerPriority(os.constants.priority.PRIORITY_BELOW_NORMAL + 5);
  serveThread<TrainerMethods>(trainerHandlers(createBackend));
} else {
  serveThread<SamplerMethods>(samplerHandlers(createStepper, () => createBackend('wasm', { threads: 1 })));
}
