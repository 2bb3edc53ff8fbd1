/**
 * The threads that train together: the caller is thread 0, the others are workers (kernelThread.ts) that sleep between
 * jobs. All run `runJob` and meet at barriers on one shared array (control.ts). In a long job, a worker is thread 0 in
 * the caller's place, so that the caller's thread can handle messages and signals.
 */
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { SerialQueue } from '../../../common/serialQueue';
import { distFolder } from '../../paths';
import { Control, threadFailed } from './control';
import { JobPart, type Job, type NetworkView } from './job';
import type { Layout } from './layout';
import { runJob, stepInterrupted, type GradientNorms } from './runJob';

/** What a worker is told once about a network. */
interface NetworkMessage {
  id: number;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  layout: Layout;
}
export type WorkerMessage =
  { add: NetworkMessage } | { remove: number } | { lead: { id: number; job: Job; threads: number } };
/** The leader's answer at the end of a job. */
export type LeaderReport = GradientNorms | 'interrupted';

/** The time between two checks whether a long job is interrupted. */
const checkMs = 20;

/** The workers of one backend. */
export class Team {
  readonly control = new Control();
  /** Everything that runs a job and reads its results. */
  readonly jobs = new SerialQueue();
  private readonly workers: Worker[] = [];
  /** What the workers know, for one that is started later. */
  private readonly networks = new Map<number, NetworkMessage>();
  private leader: Worker | undefined;
  /** Until then (by performance.now) one thread stays idle. */
  private backAt = 0;

  constructor(readonly threads: number) {
    for (let thread = 1; thread < threads; thread++) this.startWorker(thread);
  }

  private startWorker(thread: number): Worker {
    const worker = new Worker(path.join(distFolder(), 'kernelThread.js'), {
      workerData: { thread, control: this.control.buffer },
      // A worker needs only its stack; all numbers are in the shared memory.
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
    });
    worker.unref();
    worker.on('error', () => this.control.fail());
    this.workers.push(worker);
    return worker;
  }

  add(network: NetworkMessage): void {
    this.networks.set(network.id, network);
    for (const worker of this.workers) worker.postMessage({ add: network } satisfies WorkerMessage);
  }

  remove(id: number): void {
    this.networks.delete(id);
    for (const worker of this.workers) worker.postMessage({ remove: id } satisfies WorkerMessage);
  }

  /** Leaves one of several threads idle for a while from now on. */
  yieldThread(milliseconds: number): void {
    this.backAt = performance.now() + milliseconds;
  }

  /** The number of threads that may work now. */
  get free(): number {
    return performance.now() < this.backAt ? Math.max(1, this.threads - 1) : this.threads;
  }

  /** Runs a job on `threads` threads and waits for its end. Throws `cancelled` if `isInterrupted` returns true. */
  run(id: number, network: NetworkView, job: Job, threads: number, isInterrupted?: () => boolean): GradientNorms {
    if (threads > 1) this.control.start(id, job, threads);
    return runJob(new JobPart(network, job, 0, threads), this.control, isInterrupted);
  }

  /** Does the same on workers alone, so that the caller's thread is free. */
  async runApart(id: number, job: Job, threads: number, isInterrupted?: () => boolean): Promise<GradientNorms> {
    const leader = (this.leader ??= this.startLeader());
    this.control.interrupt(false);
    // It also keeps the process alive, which the workers do not.
    const checking = setInterval(() => {
      if (isInterrupted?.()) this.control.interrupt(true);
    }, checkMs);
    try {
      const report = await new Promise<LeaderReport>((resolve, reject) => {
        const fail = (reason: unknown): void => reject(reason instanceof Error ? reason : threadFailed());
        leader.once('error', fail);
        leader.once('exit', fail);
        leader.once('message', (report: LeaderReport) => {
          leader.off('error', fail);
          leader.off('exit', fail);
          resolve(report);
        });
        leader.postMessage({ lead: { id, job, threads } } satisfies WorkerMessage);
      });
      if (report === 'interrupted') throw stepInterrupted();
      return report;
    } finally {
      clearInterval(checking);
    }
  }

  private startLeader(): Worker {
    const leader = this.startWorker(0);
    for (const network of this.networks.values()) leader.postMessage({ add: network } satisfies WorkerMessage);
    return leader;
  }

  async dispose(): Promise<void> {
    this.control.stop();
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
