/** One network of the wasm backend: its memory, and the calls of `Network` as jobs for the team. */
import { InklingError } from '../../../common/errors';
import { outputSize, parameterCount, stateSize, type NetworkSpec } from '../../model/networkSpec';
import {
  noTarget,
  noToken,
  type Batch,
  type EvaluationResult,
  type Network,
  type NetworkLimits,
  type OptimiserState,
  type StepResult,
  type Update,
} from '../backend';
import { checkParameters } from '../checkBatch';
import { copyStates, createLayout, forEachElement, writeWeights, type Layout } from './layout';
import type { Job } from './phases';
import { createMemory, instantiate, type Kernels } from './runtime';
import type { Team } from './team';

const idleJob: Job = {
  kind: 'evaluate',
  batch: 0,
  steps: 0,
  occurring: 0,
  carry: false,
  firstLossStep: 0,
  weighted: false,
  lossScale: 0,
  dropoutKey: 0,
  optimiser: 'sgd',
  learningRate: 0,
  beta1: 0,
  beta2: 0,
  rho: 0,
  epsilon: 0,
  clipValue: 0,
  clipNorm: 0,
  mScale: 1,
  vScale: 1,
};

export class WasmNetwork implements Network {
  private readonly layout: Layout;
  private readonly memory: WebAssembly.Memory;
  private readonly kernels: Kernels;
  private readonly floats: Float32Array;
  private readonly ids: Uint16Array;
  private readonly integers: Int32Array;
  private optimiser: OptimiserState['kind'] = 'sgd';
  private updates = 0;
  /** Rows of the batch that left the carried state; 0 before the first. */
  private carriedRows = { train: 0, evaluate: 0 };
  /** Parameters that a step multiplies: all but an embedding's, whose rows are picked. */
  private readonly multiplied: number;
  private disposed = false;

  constructor(
    private readonly id: number,
    public backend: Network['backend'],
    readonly spec: NetworkSpec,
    readonly limits: NetworkLimits,
    module: WebAssembly.Module,
    private readonly team: Team,
    private readonly threadedWork: number,
    parameters: Float32Array,
  ) {
    this.layout = createLayout(spec, limits);
    this.memory = createMemory(this.layout.bytes);
    this.kernels = instantiate(module, this.memory);
    this.floats = new Float32Array(this.memory.buffer);
    this.ids = new Uint16Array(this.memory.buffer);
    this.integers = new Int32Array(this.memory.buffer);
    const { input } = spec;
    this.multiplied = parameterCount(spec) - (input.kind === 'embedding' ? input.vocabulary * input.dimensions : 0);
    team.tell({ add: { id, module, memory: this.memory, layout: this.layout } });
    this.setParameters(parameters);
  }

  async trainStep(batch: Batch, update: Update, isInterrupted?: () => boolean): Promise<StepResult> {
    if (this.optimiser !== update.kind) {
      this.optimiser = update.kind;
      this.updates = 0;
      for (const slot of this.layout.slots) this.floats.fill(0, slot / 4, (slot + this.layout.trainableBytes) / 4);
    }
    const updates = this.updates + 1;
    const correction = (beta: number): number => 1 / (1 - beta ** updates);
    const job = this.load(batch, {
      ...idleJob,
      kind: 'train',
      lossScale: update.lossScale,
      dropoutKey: update.dropoutKey,
      optimiser: update.kind,
      learningRate: update.learningRate,
      beta1: update.beta1,
      beta2: update.beta2,
      rho: update.rho,
      epsilon: update.epsilon,
      clipValue: update.clipValue,
      clipNorm: update.clipNorm,
      mScale: update.kind === 'adam' ? correction(update.beta1) : 1,
      vScale: update.kind === 'adam' ? correction(update.beta2) : 1,
    });
    const squares = this.run(job, isInterrupted);
    this.updates = updates;
    return { ...this.totals(job), gradientNorm: Math.sqrt(squares) };
  }

  async gradients(
    batch: Batch,
    lossScale: number,
    dropoutKey: number,
  ): Promise<StepResult & { gradients: Float32Array }> {
    const job = this.load(batch, { ...idleJob, kind: 'gradients', lossScale, dropoutKey });
    const squares = this.run(job);
    const gradients = new Float32Array(parameterCount(this.spec));
    // Gradients lie as the trainable block does; what is frozen lies behind it and has none.
    const trainable = this.layout.trainableBytes / 4;
    const base = this.layout.gradients / 4;
    forEachElement(this.layout, (outside, inside) => {
      if (inside < trainable) gradients[outside] = this.floats[base + inside];
    });
    return { ...this.totals(job), gradientNorm: Math.sqrt(squares), gradients };
  }

  async evaluate(batch: Batch, want: { losses?: boolean; logits?: boolean } = {}): Promise<EvaluationResult> {
    const job = this.load(batch, { ...idleJob, kind: 'evaluate' });
    this.run(job);
    const count = batch.batch * batch.steps;
    const result: EvaluationResult = this.totals(job);
    if (want.losses) {
      const at = this.layout.losses / 4;
      result.losses = this.floats.slice(at, at + count);
      result.losses.fill(0, 0, job.firstLossStep * batch.batch);
    }
    if (want.logits) result.logits = this.readLogits(job);
    return result;
  }

  async readParameters(): Promise<Float32Array> {
    return this.readBlock(this.layout.trainable);
  }

  async writeParameters(parameters: Float32Array): Promise<void> {
    checkParameters(this.spec, parameters);
    this.setParameters(parameters);
  }

  async readOptimiser(): Promise<OptimiserState> {
    const used = { sgd: 0, rmsprop: 1, adam: 2 }[this.optimiser];
    const slots = this.layout.slots.slice(0, used).map((slot) => this.readBlock(slot));
    return { kind: this.optimiser, updates: this.updates, slots };
  }

  async writeOptimiser(state: OptimiserState): Promise<void> {
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
    const rows = state.length / stateSize(this.spec);
    if (!Number.isInteger(rows) || rows > this.limits.batch) {
      throw new InklingError(
        'invalidInput',
        'The stored recurrent state does not fit this network; train without resuming.',
      );
    }
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
    this.team.tell({ remove: this.id });
  }

  // ---- jobs

  /** Writes the batch into the memory; returns the job filled in. Throws `invalidInput` for what does not fit. */
  private load(batch: Batch, job: Job): Job {
    const { layout, spec } = this;
    const { batch: B, steps: T } = batch;
    if (B < 1 || B > this.limits.batch || T < 1 || T > this.limits.steps) {
      throw new InklingError(
        'invalidInput',
        `A batch of ${B} × ${T} does not fit ${this.limits.batch} × ${this.limits.steps}.`,
      );
    }
    const count = B * T;
    const inputs = batch.inputs.subarray(0, count);
    this.checkTokens(inputs);
    const classes = spec.output.kind === 'softmax' ? spec.output.classes : 2;
    let first = count;
    for (let i = 0; i < count; i++) {
      const target = batch.targets[i];
      if (target === noTarget) continue;
      if (target < 0 || target >= classes)
        throw new InklingError('invalidInput', `Target ${target} is not one of the network's ${classes} classes.`);
      if (first === count) first = i;
    }
    if (spec.layers[0].bidirectional && batch.state === 'carry') {
      throw new InklingError('invalidInput', 'A bidirectional network carries no state; use state "zero".');
    }
    const { tokens, occurring } = this.occurringTokens(inputs);
    this.ids.set(tokens, layout.tokens / 2);
    this.integers.set(batch.targets.subarray(0, count), layout.targets / 4);
    if (batch.rowWeights) this.floats.set(batch.rowWeights.subarray(0, B), layout.rowWeights / 4);
    if (spec.layers[0].bidirectional) this.reverseTokens(batch, tokens);
    if (batch.state === 'carry') this.prepareCarried(batch, job.kind === 'evaluate' ? 'evaluate' : 'train');
    return {
      ...job,
      batch: B,
      steps: T,
      occurring,
      carry: batch.state === 'carry',
      firstLossStep: Math.min(T, Math.floor(first / B)),
      weighted: batch.rowWeights !== undefined,
    };
  }

  private checkTokens(tokens: Uint16Array): void {
    const { input } = this.spec;
    if (input.kind === 'scalar') return;
    for (const token of tokens) {
      if (token >= input.vocabulary && token !== noToken) {
        throw new InklingError(
          'invalidInput',
          `Token ${token} is not in the network's vocabulary of ${input.vocabulary}.`,
        );
      }
    }
  }

  /** With embeddings: lists the tokens that occur, in the order of their first place, and names each by its place in the
   *  list. */
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

  /** Row b of the reversed tokens is row b of the tokens from position lengths[b] − 1 down to 0, then "no token". */
  private reverseTokens({ batch: B, steps: T, lengths }: Batch, tokens: Uint16Array): void {
    const at = this.layout.reversedTokens / 2;
    this.ids.fill(noToken, at, at + B * T);
    for (let b = 0; b < B; b++) {
      const length = lengths?.[b] ?? 0;
      if (length < 1 || length > T) {
        throw new InklingError(
          'invalidInput',
          `A bidirectional network needs the length of every row, from 1 to ${T}; row ${b} has ${length}.`,
        );
      }
      for (let t = 0; t < length; t++) this.ids[at + t * B + b] = tokens[(length - 1 - t) * B + b];
    }
  }

  /** Zeros where a row, or a batch of another size, starts anew. */
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

  private run(job: Job, isInterrupted?: () => boolean): number {
    if (this.disposed) throw new InklingError('internal', 'This network has been disposed of.');
    const work = job.batch * job.steps * this.multiplied;
    const threads = work < this.threadedWork ? 1 : Math.min(this.team.threads, Math.max(1, job.batch >> 1));
    return this.team.run(this.id, this.kernels, this.layout, this.memory, job, threads, isInterrupted);
  }

  /** Sums of losses and hits, in fixed order. */
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
    this.team.run(this.id, this.kernels, this.layout, this.memory, { ...idleJob, kind: 'transpose' }, 1);
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

  /** The matrix of [rows, columns] in panels at `matrix`, into `values`. */
  private copyOut(values: Float32Array, columns: number, matrix: number, rows: number): void {
    const { flat } = this.layout;
    this.kernels.copyRows(flat, columns * 4, matrix, rows, columns, 0);
    values.set(this.floats.subarray(flat / 4, flat / 4 + rows * columns));
  }
}
