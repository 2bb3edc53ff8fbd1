/** The shared control block of a team of threads: jobs, barriers, and abandoning a step. */
import { InklingError } from '../../../common/errors';
import type { Job } from './job';

/**
 * The words of the control array. `call` is the number of the job (from 1) times 256 plus the number of its threads, in
 * one word: a thread that skips a job may wake up at any later time, and must never see the number of one job with the
 * threads of the next. Everything else about a job is read only by threads that take part in it, and stays until they
 * have read it.
 */
const word = {
  call: 0,
  arrived: 1,
  barrier: 2,
  network: 3,
  stop: 4,
  failed: 5,
  /** The phase in which thread 0 abandoned the job, or 0. */
  abandoned: 6,
  /** Whether to abandon a job that is done without the caller's thread. */
  interrupted: 7,
  count: 8,
} as const;
const threadsOf = (call: number): number => call & 255;
/** The control block in bytes: the words, then the job as JSON. */
const jobAt = word.count * 4;
const controlBytes = 4096;
/** How often a waiting thread looks before it sleeps. */
const spins = 4000;
/**
 * A thread that has not reached a barrier for this long is dead. Waiting is divided into slices, each of which counts at
 * most its own length: while the machine sleeps or the process is stopped, the other threads do not work either.
 */
const patienceMs = 120_000;
const sliceMs = 1000;
/** Thrown to leave an abandoned phase. */
const phaseAbandoned = Symbol('phaseAbandoned');

export function threadFailed(): InklingError {
  return new InklingError('internal', 'A training thread has failed; restart the engine.');
}

export class Control {
  readonly words: Int32Array;
  private readonly text: Uint8Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(controlBytes)) {
    this.words = new Int32Array(buffer, 0, word.count);
    this.text = new Uint8Array(buffer, jobAt);
  }

  /** Wakes `threads` − 1 workers for a job on a network. */
  start(network: number, job: Job, threads: number): void {
    const bytes = new TextEncoder().encode(JSON.stringify(job));
    this.text.set(bytes);
    this.text[bytes.length] = 0;
    Atomics.store(this.words, word.network, network);
    this.wake(threads);
  }

  stop(): void {
    Atomics.store(this.words, word.stop, 1);
    this.wake(0);
  }

  private wake(threads: number): void {
    const job = (Atomics.load(this.words, word.call) >>> 8) + 1;
    Atomics.store(this.words, word.call, (job << 8) | threads);
    Atomics.notify(this.words, word.call);
  }

  /** Asks the thread that leads a job in the caller's place to abandon it, or takes that back. */
  interrupt(isWanted: boolean): void {
    Atomics.store(this.words, word.interrupted, isWanted ? 1 : 0);
  }

  readonly isInterrupted = (): boolean => Atomics.load(this.words, word.interrupted) === 1;

  /** Worker `thread` waits for the first call after `seen` that it takes part in; undefined if it is to stop. */
  next(thread: number, seen: number): { call: number; network: number; threads: number; job: Job } | undefined {
    for (let call = seen; ;) {
      this.waitWhile(word.call, call, Infinity);
      call = Atomics.load(this.words, word.call);
      if (Atomics.load(this.words, word.stop) === 1) return undefined;
      const threads = threadsOf(call);
      if (thread >= threads) continue;
      const job = JSON.parse(new TextDecoder().decode(this.text.slice(0, this.text.indexOf(0)))) as Job;
      return { call, network: Atomics.load(this.words, word.network), threads, job };
    }
  }

  /** Returns when all `threads` threads have called it. Throws if one has failed. */
  barrier(threads: number): void {
    if (threads === 1) return;
    const turn = Atomics.load(this.words, word.barrier);
    if (Atomics.add(this.words, word.arrived, 1) === threads - 1) {
      Atomics.store(this.words, word.arrived, 0);
      Atomics.add(this.words, word.barrier, 1);
      Atomics.notify(this.words, word.barrier);
    } else {
      Atomics.notify(this.words, word.arrived);
      this.waitWhile(word.barrier, turn, patienceMs / sliceMs);
    }
    if (Atomics.load(this.words, word.failed) === 1) throw threadFailed();
  }

  /**
   * Runs a phase (from 1) that may be abandoned, and waits for all other threads; returns false if it was abandoned.
   * Only thread 0 decides that. It records the phase, because it may be one phase ahead of a thread that has not checked
   * yet.
   */
  attempt(phase: number, threads: number, work: (proceed: () => void) => void, isInterrupted?: () => boolean): boolean {
    const { abandoned } = word;
    const proceed = (): void => {
      if (isInterrupted?.()) Atomics.store(this.words, abandoned, phase);
      if (Atomics.load(this.words, abandoned) !== 0) throw phaseAbandoned;
    };
    try {
      work(proceed);
      if (isInterrupted) this.awaitOthers(threads, proceed);
    } catch (error) {
      if (error !== phaseAbandoned) throw error;
    }
    this.barrier(threads);
    if (Atomics.load(this.words, abandoned) !== phase) return true;
    this.barrier(threads); // all have read it
    if (isInterrupted) Atomics.store(this.words, abandoned, 0);
    return false;
  }

  /**
   * For thread 0 once it is done: waits until all others are at the barrier; until then, it may abandon the phase.
   */
  private awaitOthers(threads: number, proceed: () => void): void {
    let left = patienceMs;
    for (let i = 0, looked = performance.now(); left > 0; i++) {
      const arrived = Atomics.load(this.words, word.arrived);
      if (arrived === threads - 1 || Atomics.load(this.words, word.failed) === 1) return;
      proceed();
      if (i >= spins) Atomics.wait(this.words, word.arrived, arrived, 5);
      const now = performance.now();
      left -= Math.min(now - looked, sliceMs);
      looked = now;
    }
    this.fail();
  }

  /** Tells the others that this thread cannot continue. */
  fail(): void {
    Atomics.store(this.words, word.failed, 1);
    Atomics.add(this.words, word.barrier, 1);
    Atomics.notify(this.words, word.barrier);
  }

  private waitWhile(index: number, value: number, slices: number): void {
    for (let i = 0; i < spins; i++) if (Atomics.load(this.words, index) !== value) return;
    for (let left = slices; Atomics.load(this.words, index) === value;) {
      const ended = Atomics.wait(this.words, index, value, slices === Infinity ? Infinity : sliceMs);
      if (ended === 'timed-out' && --left === 0) this.fail();
    }
  }
}
