/** One network of the wasm backend: its memory, and the calls of `Network` as jobs for the team. */
import { InklingError } from '../../../common/errors';
import { outputSize, parameterCount, stateSize, type NetworkSpec } from '../../model/networkSpec';
import {
  noToken,
  slotsOf,
  type Batch,
  type EvaluationOptions,
  type EvaluationResult,
  type Network,
  type NetworkLimits,
  type OptimiserState,
  type StepResult,
  type Update,
} from '../backend';
import { checkBatch, checkOptimiser, checkParameters, checkState, reversedInputs } from '../checkBatch';
import { copyStates, createLayout, forEachElement, writeWeights, type Layout } from './layout';
import { Pace } from './pace';
import { ThreadPart, type BatchShape, type Job, type NetworkView } from './job';
import type { Kernels } from './kernels';
import { createMemory, instantiate } from './runtime';
import type { Team } from './team';
import type { GradientNorms } from './runJob';
import { transposeWeights } from './updates';

export class WasmNetwork implements Network {
  private readonly layout: Layout;
  private readonly kernels: Kernels;
  private readonly view: NetworkView;
  private readonly floats: Float32Array;
  private readonly ids: Uint16Array;
  private readonly integers: Int32Array;
  private optimiser: OptimiserState['kind'] = 'sgd';
  private updates = 0;
  /** The number of rows of the carried state; 0 before the first. */
  private carriedRows = { train: 0, evaluate: 0 };
  /** The number of parameters that take part in products: all but those of an embedding, whose rows are looked up. */
  private readonly multiplied: number;
  private disposed = false;
  private readonly threadedWork: number;
  private readonly apartWork: number;
  private readonly pace: { readonly threads: number; note(work: number, milliseconds: number): void };

  constructor(
    private readonly id: number,
    public backend: Network['backend'],
    readonly spec: NetworkSpec,
    readonly limits: NetworkLimits,
    module: WebAssembly.Module,
    private readonly team: Team,
    { threadedWork, apartWork, fixedThreads }: { threadedWork: number; apartWork: number; fixedThreads: boolean },
    parameters: Float32Array,
  ) {
    this.threadedWork = threadedWork;
    this.apartWork = apartWork;
    this.pace = fixedThreads ? { threads: team.threads, note: () => {} } : new Pace(team.threads);
    this.layout = createLayout(spec, limits);
    const memory = createMemory(this.layout.bytes);
    this.kernels = instantiate(module, memory);
    this.view = { kernels: this.kernels, layout: this.layout, memory };
    this.floats = new Float32Array(memory.buffer);
    this.ids = new Uint16Array(memory.buffer);
    this.integers = new Int32Array(memory.buffer);
    const { input } = spec;
    this.multiplied = parameterCount(spec) - (input.kind === 'embedding' ? input.vocabulary * input.dimensions : 0);
    team.add({ id, module, memory, layout: this.layout });
    this.setParameters(parameters);
  }

  trainStep(batch: Batch, update: Update, isInterrupted?: () => boolean): Promise<StepResult> {
    return this.team.jobs.run(() => this.train(batch, update, isInterrupted));
  }

  private async train(batch: Batch, update: Update, isInterrupted?: () => boolean): Promise<StepResult> {
    if (this.optimiser !== update.kind) {
      this.optimiser = update.kind;
      this.updates = 0;
      for (const slot of this.layout.slots) this.floats.fill(0, slot / 4, (slot + this.layout.trainableBytes) / 4);
    }
    const updates = this.updates + 1;
    const job: Job = { ...this.load(batch, 'train'), kind: 'train', update, updates };
    const { before, clipped } = await this.run(job, isInterrupted);
    this.updates = updates;
    return { ...this.totals(job), gradientNorm: before, clippedNorm: clipped };
  }

  gradients(batch: Batch, lossScale: number, dropoutKey: number): ReturnType<Network['gradients']> {
    return this.team.jobs.run(async () => {
      const job: Job = { ...this.load(batch, 'train'), kind: 'gradients', update: { lossScale, dropoutKey } };
      const { before } = await this.run(job);
      const gradients = new Float32Array(parameterCount(this.spec));
      // Gradients have the layout of the trainable block; frozen parameters come after it and have none.
      const trainable = this.layout.trainableBytes / 4;
      const base = this.layout.gradients / 4;
      forEachElement(this.layout, (outside, inside) => {
        if (inside < trainable) gradients[outside] = this.floats[base + inside];
      });
      return { ...this.totals(job), gradientNorm: before, gradients };
    });
  }

  evaluate(batch: Batch, options: EvaluationOptions = {}): Promise<EvaluationResult> {
    return this.team.jobs.run(async () => {
      const job: Job = { ...this.load(batch, 'evaluate'), kind: 'evaluate' };
      await this.run(job, options.isInterrupted);
      const count = batch.batch * batch.steps;
      const result: EvaluationResult = this.totals(job);
      if (options.losses) {
        const at = this.layout.losses / 4;
        result.losses = this.floats.slice(at, at + count);
        result.losses.fill(0, 0, job.firstLossStep * batch.batch);
      }
      if (options.logits) result.logits = this.readLogits(job);
      return result;
    });
  }

  async readParameters(): Promise<Float32Array> {
    return this.readBlock(this.layout.trainable);
  }

  async writeParameters(parameters: Float32Array): Promise<void> {
    checkParameters(this.spec, parameters);
    this.setParameters(parameters);
  }

  async readOptimiser(): Promise<OptimiserState> {
    const used = slotsOf[this.optimiser];
    const slots = this.layout.slots.slice(0, used).map((slot) => this.readBlock(slot));
    return { kind: this.optimiser, updates: this.updates, slots };
  }

  async writeOptimiser(state: OptimiserState): Promise<void> {
    checkOptimiser(this.spec, state);
    this.optimiser = state.kind;
    this.updates = state.updates;
    const trainable = this.layout.trainableBytes / 4;
    this.layout.slots.forEach((slot, i) => {
      this.floats.fill(0, slot / 4, slot / 4 + trainable);
      const values = state.slots[i];
      if (!values) return;
      forEachElement(this.layout, (outside, inside) => {
        if (inside < trainable) this.floats[slot / 4 + inside] = values[outside];
      });
    });
  }

  async readState(): Promise<Float32Array> {
    const rows = this.carriedRows.train;
    const { flat, carried } = this.layout;
    copyStates(this.kernels, this.spec, flat, carried.train, rows, 'out');
    return this.floats.slice(flat / 4, flat / 4 + rows * stateSize(this.spec));
  }

  async writeState(state: Float32Array): Promise<void> {
    const rows = checkState(this.spec, this.limits, state);
    this.carriedRows.train = rows;
    const { flat, carried } = this.layout;
    this.floats.set(state, flat / 4);
    copyStates(this.kernels, this.spec, flat, carried.train, rows, 'in');
  }

  yieldThread(milliseconds: number): void {
    this.team.yieldThread(milliseconds);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.team.remove(this.id);
  }

  // ---- jobs

  /** Writes the batch into the memory. Throws `invalidInput` if it does not fit. */
  private load(batch: Batch, kind: 'train' | 'evaluate'): BatchShape {
    const { layout, spec } = this;
    const { batch: B, steps: T } = batch;
    const { firstLossStep } = checkBatch(spec, this.limits, batch);
    const count = B * T;
    const inputs = batch.inputs.subarray(0, count);
    const { tokens, occurring } = this.occurringTokens(inputs);
    this.ids.set(tokens, layout.tokens / 2);
    this.integers.set(batch.targets.subarray(0, count), layout.targets / 4);
    if (batch.rowWeights) this.floats.set(batch.rowWeights.subarray(0, B), layout.rowWeights / 4);
    if (spec.layers[0].bidirectional) {
      this.ids.set(reversedInputs({ ...batch, inputs: tokens }), layout.reversedTokens / 2);
    }
    const carry = batch.state === 'carry';
    if (carry) this.prepareCarried(batch, kind);
    return { batch: B, steps: T, occurring, carry, firstLossStep, weighted: batch.rowWeights !== undefined };
  }

  /**
   * With embeddings: writes the list of occurring tokens, in order of first occurrence, and replaces each token by its
   * index in the list.
   */
  private occurringTokens(inputs: Uint16Array): { tokens: Uint16Array; occurring: number } {
    const { embedding, occurring } = this.layout;
    if (!embedding || !occurring) return { tokens: inputs, occurring: 0 };
    const places = new Int32Array(embedding.rows).fill(-1);
    let count = 0;
    const tokens = inputs.map((token) => {
      if (token === noToken) return noToken;
      if (places[token] < 0) {
        this.ids[occurring.ids / 2 + count] = token;
        places[token] = count++;
      }
      return places[token];
    });
    return { tokens, occurring: count };
  }

  /** Sets the carried state of rows that start again to zeros; of all rows if their number has changed. */
  private prepareCarried(batch: Batch, kind: 'train' | 'evaluate'): void {
    const carried = this.layout.carried[kind];
    const fresh = this.carriedRows[kind] !== batch.batch;
    this.carriedRows[kind] = batch.batch;
    this.layout.layers.forEach(({ directions: [d] }, l) => {
      for (let b = 0; b < batch.batch; b++) {
        if (!fresh && !batch.resetRows?.[b]) continue;
        for (const buffer of [carried[l].h, carried[l].c]) {
          for (let p = 0; buffer && p < d.unitPanels; p++) {
            const row = buffer / 4 + (p * batch.batch + b) * 16;
            this.floats.fill(0, row, row + 16);
          }
        }
      }
    });
  }

  private async run(job: Job, isInterrupted?: () => boolean): Promise<GradientNorms> {
    if (this.disposed) throw new InklingError('internal', 'This network has been disposed of.');
    const work = job.batch * job.steps * this.multiplied;
    const most = work < this.threadedWork ? 1 : Math.min(this.team.free, Math.max(1, job.batch >> 1));
    const threads = Math.min(most, this.pace.threads);
    const start = performance.now();
    const norms =
      work < this.apartWork
        ? this.team.run(this.id, this.view, job, threads, isInterrupted)
        : await this.team.runApart(this.id, job, threads, isInterrupted);
    // Other jobs have other costs, and a step while a thread is yielded says nothing about the machine.
    if (job.kind === 'train' && most === this.team.threads) this.pace.note(work, performance.now() - start);
    return norms;
  }

  /** The sums of losses and hits, added in a fixed order. */
  private totals(job: Job): { lossSum: number; targets: number; correct: number } {
    const { layout } = this;
    let lossSum = 0;
    let targets = 0;
    let correct = 0;
    for (let i = job.firstLossStep * job.batch; i < job.steps * job.batch; i++) {
      if (this.integers[layout.targets / 4 + i] < 0) continue;
      lossSum += this.floats[layout.losses / 4 + i];
      correct += this.integers[layout.correct / 4 + i];
      targets++;
    }
    return { lossSum, targets, correct };
  }

  private readLogits({ batch: B, steps: T, firstLossStep }: Job): Float32Array {
    const V = outputSize(this.spec);
    const all = new Float32Array(T * B * V);
    for (let t = firstLossStep; t < T; t++) {
      const from = this.layout.logits + t * this.layout.classPanels * B * 64;
      this.copyOut(all.subarray(t * B * V, (t + 1) * B * V), V, from, B);
    }
    return all;
  }

  // ---- between flat arrays and panels

  private setParameters(parameters: Float32Array): void {
    writeWeights(this.layout, this.floats, parameters);
    transposeWeights(new ThreadPart(this.view, 0, 1));
  }

  private readBlock(at: number): Float32Array {
    const values = new Float32Array(parameterCount(this.spec));
    const slot = at !== this.layout.trainable;
    const trainable = this.layout.trainableBytes / 4;
    forEachElement(this.layout, (outside, inside) => {
      if (!slot || inside < trainable) values[outside] = this.floats[at / 4 + inside];
    });
    return values;
  }

  /** Copies the matrix in panels at `matrix` to `values`, [rows, columns]. */
  private copyOut(values: Float32Array, columns: number, matrix: number, rows: number): void {
    const { flat } = this.layout;
    this.kernels.copyRows(flat, columns * 4, matrix, rows, columns, 0);
    values.set(this.floats.subarray(flat / 4, flat / 4 + rows * columns));
  }
}
