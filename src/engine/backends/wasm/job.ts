/** A job for the threads of a team, and one thread's part of it. */
import type { Update } from '../backend';
import type { Kernels } from './kernels';
import type { Layout } from './layout';

/** A batch in the shared memory. */
export interface BatchShape {
  batch: number;
  steps: number;
  /** With embeddings: the number of distinct tokens in the batch. */
  occurring: number;
  carry: boolean;
  /** The first step that has a target. */
  firstLossStep: number;
  /** Whether the rows have weights. */
  weighted: boolean;
}

/** The same for all threads. */
export type Job = BatchShape &
  (
    | { kind: 'evaluate' }
    | { kind: 'gradients'; update: Pick<Update, 'lossScale' | 'dropoutKey'> }
    /** `updates`: the number of this update, from 1. */
    | { kind: 'train'; update: Update; updates: number }
  );

/** A network as one thread sees it. */
export interface NetworkView {
  kernels: Kernels;
  layout: Layout;
  memory: WebAssembly.Memory;
}

/** One thread's part of the work on a network. */
export class ThreadPart {
  readonly k: Kernels;
  readonly layout: Layout;
  readonly memory: WebAssembly.Memory;

  constructor(
    network: NetworkView,
    readonly thread: number,
    readonly threads: number,
  ) {
    this.k = network.kernels;
    this.layout = network.layout;
    this.memory = network.memory;
  }

  /** This thread's share [begin, end) of `count` things, in multiples of `grain`. */
  share(count: number, grain = 1): [begin: number, end: number] {
    const { threads } = this;
    const cut = (i: number): number => (i === threads ? count : Math.floor((count * i) / threads / grain) * grain);
    return [cut(this.thread), cut(this.thread + 1)];
  }
}

/** One thread's part of a job. */
export class JobPart extends ThreadPart {
  /** To be called every few milliseconds in a phase that may be abandoned; throws if it is. */
  proceed: () => void = () => undefined;

  constructor(
    network: NetworkView,
    readonly job: Job,
    thread: number,
    threads: number,
  ) {
    super(network, thread, threads);
  }
}
