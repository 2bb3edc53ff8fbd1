/**
 * Entry of the engine's two kinds of threads, one bundle because they share nearly all their code. A trainer does one
 * run, one plan or one measurement, then ends. The sampler computes only on its own thread, so that samples never queue
 * behind training.
 */
import { workerData } from 'node:worker_threads';
import { createBackend, createStepper } from '../backends';
import { lowerPriority } from './priority';
import { samplerHandlers, type SamplerMethods } from './samplerThread';
import type { ThreadData } from './threadClient';
import { serveThread } from './threadServer';
import { trainerHandlers, type TrainerMethods } from './trainerThread';

const { role } = workerData as ThreadData;
if (role === 'trainer') {
  lowerPriority();
  serveThread<TrainerMethods>(trainerHandlers(createBackend));
} else {
  serveThread<SamplerMethods>(samplerHandlers(createStepper, () => createBackend('wasm', { threads: 1 })));
}
