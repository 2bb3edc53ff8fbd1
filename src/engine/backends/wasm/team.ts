/**
 * The threads that train together: the caller is thread 0, the others are workers (kernelThread.ts) that sleep between
 * jobs. All run `runJob`; they meet at barriers on one shared array (control.ts).
 */
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { distFolder } from '../../paths';
import { Control } from './control';
import { JobPart, type Job, type NetworkView } from './job';
import type { Layout } from './layout';
import { runJob, type GradientNorms } from './runJob';

/** What a worker receives once about a network. */
export interface NetworkMessage {
  id: number;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  layout: Layout;
}
export type WorkerMessage = { add: NetworkMessage } | { remove: number };

/** The workers of one backend. */
export class Team {
  readonly control = new Control();
  private readonly workers: Worker[] = [];
  /** Until then (by performance.now) one thread stays idle. */
  private backAt = 0;

  constructor(readonly threads: number) {
    for (let thread = 1; thread < threads; thread++) {
      const worker = new Worker(path.join(distFolder(), 'kernelThread.js'), {
        workerData: { thread, control: this.control.buffer },
        // A worker needs only its stack; all numbers are in the shared memory.
        resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
      });
      worker.unref();
      worker.on('error', () => this.control.fail());
      this.workers.push(worker);
    }
  }

  tell(message: WorkerMessage): void {
    for (const worker of this.workers) worker.postMessage(message);
  }

  /** Leaves a thread idle for this long, if there are several. */
  yieldThread(milliseconds: number): void {
    this.backAt = performance.now() + milliseconds;
  }

  /** Threads that may work now. */
  get free(): number {
    return performance.now() < this.backAt ? Math.max(1, this.threads - 1) : this.threads;
  }

  /** Runs a job on `threads` threads and waits for its end. Throws `cancelled` when `isInterrupted`. */
  run(id: number, network: NetworkView, job: Job, threads: number, isInterrupted?: () => boolean): GradientNorms {
    if (threads > 1) this.control.start(id, job, threads);
    return runJob(new JobPart(network, job, 0, threads), this.control, isInterrupted);
  }

  async dispose(): Promise<void> {
    this.control.stop();
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
