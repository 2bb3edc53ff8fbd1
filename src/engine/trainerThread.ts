/** Entry of a trainer thread: one run, one plan or one measurement, then it ends. */
import * as os from 'node:os';
import { createBackend } from './backends';
import { lowerPriority } from './services/priority';
import { serveThread } from './services/threadServer';
import { trainerService, type TrainerMethods } from './services/trainerService';

// On Linux a priority belongs to a thread, and the kernel threads that are started from here inherit it: samples and
// completions come first. Elsewhere it would belong to the whole process, which has lowered its own already.
if (process.platform === 'linux') lowerPriority(os.constants.priority.PRIORITY_BELOW_NORMAL + 5);

serveThread<TrainerMethods>(trainerService(createBackend));
