/** One network of the WebGPU backend: its buffers on the GPU, and the calls of `Network` as command buffers. */
import { InklingError } from '../../../common/errors';
import { outputSize, parameterCount, stateSize, type NetworkSpec } from '../../model/networkSpec';
import {
  slotsOf,
  type BackendInfo,
  type Batch,
  type EvaluationOptions,
  type EvaluationResult,
  type Network,
  type NetworkLimits,
  type OptimiserState,
  type StepResult,
  type Update,
} from '../backend';
import { checkBatch, checkOptimiser, checkParameters, checkState } from '../checkBatch';
import { BatchBlock, type HeaderValues } from './batchBlock';
import type { Device, Slice } from './device';
import type { GpuBuffer } from './gpuApi';
import { Passes, type Shape } from './passes';
import { PlanBuilder, type DispatchPlan } from './plan';
import { stats, statsSize } from './shaders/optimiser';
import { createWorkspace, type CarriedBuffers, type Tuning, type Workspace } from './workspace';

type Kind = 'train' | 'evaluate';

/** The maximum number of plans that are kept; a run over lines has one for each length. */
const plansKept = 64;

/** A workspace with its batch block. */
interface Place {
  workspace: Workspace;
  block: BatchBlock;
}

export class WebgpuNetwork implements Network {
  private optimiser: OptimiserState['kind'] = 'sgd';
  private updates = 0;
  private slots: GpuBuffer[] = [];
  private gradientBuffer: GpuBuffer | undefined;
  private place: Promise<Place> | undefined;
  private readonly plans = new Map<string, DispatchPlan>();
  /** The number of rows of the carried state; 0 before the first. */
  private readonly carriedRows: Record<Kind, number> = { train: 0, evaluate: 0 };
  private disposed = false;

  private constructor(
    public backend: Network['backend'],
    private readonly device: Device,
    readonly spec: NetworkSpec,
    readonly limits: NetworkLimits,
    private readonly tuning: Tuning,
    private readonly parameters: GpuBuffer,
  ) {}

  /** Throws `outOfMemory`, and `invalidInput` for parameters that do not fit the spec. */
  static async create(
    backend: BackendInfo,
    device: Device,
    spec: NetworkSpec,
    parameters: Float32Array,
    limits: NetworkLimits,
    tuning: Tuning,
  ): Promise<WebgpuNetwork> {
    checkParameters(spec, parameters);
    const buffer = await device.allocate(() => device.storage('parameters', parameterCount(spec)));
    device.write(buffer, parameters);
    return new WebgpuNetwork(backend, device, spec, limits, tuning, buffer);
  }

  async trainStep(batch: Batch, update: Update): Promise<StepResult> {
    const { targets, ...checked } = checkBatch(this.spec, this.limits, batch);
    const place = await this.openPlace();
    await this.useOptimiser(update.kind);
    this.updates++;
    const correction = (beta: number): number => (update.kind === 'adam' ? 1 / (1 - beta ** this.updates) : 1);
    const { kind, ...settings } = update;
    const values = { ...settings, mScale: correction(update.beta1), vScale: correction(update.beta2) };
    const read = this.run(place, batch, { ...checked, training: true }, values, [kind]);
    return { targets, ...(await read()) };
  }

  async gradients(
    batch: Batch,
    lossScale: number,
    dropoutKey: number,
  ): Promise<StepResult & { gradients: Float32Array }> {
    const { targets, ...checked } = checkBatch(this.spec, this.limits, batch);
    const place = await this.openPlace();
    const read = this.run(place, batch, { ...checked, training: true }, { lossScale, dropoutKey }, []);
    const result = await read();
    const gradients = await this.readWhole(this.gradientBuffer!);
    for (let i = 0; i < gradients.length; i++) gradients[i] *= lossScale;
    return { targets, ...result, gradients };
  }

  async evaluate(batch: Batch, options: EvaluationOptions = {}): Promise<EvaluationResult> {
    const { targets, ...checked } = checkBatch(this.spec, this.limits, batch);
    const place = await this.openPlace();
    const read = this.run(place, batch, { ...checked, training: false }, {}, []);
    const { workspace } = place;
    const positions = batch.batch * batch.steps;
    const wanted: Slice[] = [];
    if (options.losses) wanted.push({ buffer: workspace.outcomes, offset: 0, size: positions });
    if (options.logits) wanted.push({ buffer: workspace.logits, offset: 0, size: positions * outputSize(this.spec) });
    const extra = wanted.length > 0 ? this.device.readSlices(wanted) : undefined;
    const { lossSum, correct } = await read();
    const result: EvaluationResult = { lossSum, targets, correct };
    const numbers = await extra;
    if (!numbers) return result;
    if (options.losses) result.losses = numbers.slice(0, positions).fill(0, 0, checked.firstLossStep * batch.batch);
    if (options.logits) result.logits = numbers.slice(options.losses ? positions : 0);
    return result;
  }

  readParameters(): Promise<Float32Array> {
    return this.readWhole(this.parameters);
  }

  async writeParameters(parameters: Float32Array): Promise<void> {
    checkParameters(this.spec, parameters);
    this.device.write(this.parameters, parameters);
  }

  async readOptimiser(): Promise<OptimiserState> {
    const slots: Float32Array[] = [];
    for (const slot of this.slots) slots.push(await this.readWhole(slot));
    return { kind: this.optimiser, updates: this.updates, slots };
  }

  async writeOptimiser(state: OptimiserState): Promise<void> {
    checkOptimiser(this.spec, state);
    await this.useOptimiser(state.kind);
    this.updates = state.updates;
    state.slots.forEach((slot, i) => this.device.write(this.slots[i], slot));
  }

  async readState(): Promise<Float32Array> {
    const rows = this.carriedRows.train;
    const states = new Float32Array(rows * stateSize(this.spec));
    if (rows === 0) return states;
    const { workspace } = await this.openPlace();
    const wanted = this.spec.layers.flatMap(({ units }, l): Slice[] => {
      const { h, c } = workspace.carried.train[l];
      return [h, c].flatMap((buffer) => (buffer ? [{ buffer, offset: 0, size: rows * units }] : []));
    });
    this.unpackStates(rows, await this.device.readSlices(wanted), states);
    return states;
  }

  async writeState(state: Float32Array): Promise<void> {
    const rows = checkState(this.spec, this.limits, state);
    const { workspace } = await this.openPlace();
    this.carriedRows.train = rows;
    if (rows > 0) this.writeStates(rows, state, workspace.carried.train);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const plan of this.plans.values()) plan.dispose();
    for (const buffer of [this.parameters, this.gradientBuffer, ...this.slots]) buffer?.destroy();
    // If it could not be created, the caller was told, and there is nothing to dispose of.
    this.place?.then(({ workspace }) => workspace.dispose()).catch(() => {});
  }

  /** Sends the batch and its dispatches; the returned function waits for the GPU and reads the results. */
  private run(
    { workspace: w, block }: Place,
    batch: Batch,
    checked: Omit<Shape, 'batch' | 'steps'>,
    values: HeaderValues,
    optimiser: OptimiserState['kind'][],
  ): () => Promise<Omit<StepResult, 'targets'>> {
    const { batch: B, steps: T } = batch;
    const shape: Shape = { batch: B, steps: T, ...checked };
    const kind: Kind = shape.training ? 'train' : 'evaluate';
    const carry = batch.state === 'carry';
    const hasCarried = carry && this.carriedRows[kind] === B;
    const hasTargets = shape.firstLossStep < T;
    const key = [kind, B, T, shape.firstLossStep, carry, ...optimiser].join(' ');
    const plan = this.plan(key, shape, w, (passes) => {
      passes.loadStates(w.carried[kind]);
      passes.forward();
      if (hasTargets) passes.loss(shape.training);
      if (shape.training) passes.backward();
      passes.summarise(shape.training);
      for (const rule of optimiser) passes.update(rule);
      if (carry) passes.keepStates(w.carried[kind]);
    });
    block.fill(batch, values, hasCarried, shape.training);
    this.device.write(w.batch, block.words);
    if (carry) this.carriedRows[kind] = B;
    const staging = this.device.staging(statsSize * 4);
    this.device.submit((encoder) => {
      const pass = encoder.beginComputePass();
      plan.encode(pass);
      pass.end();
      encoder.copyBufferToBuffer(w.stats, 0, staging, 0, statsSize * 4);
    });
    return async () => {
      const numbers = new Float32Array(await this.device.read(staging, statsSize * 4));
      const [lossSum, correct] = [numbers[stats.lossSum], numbers[stats.correct]];
      return { lossSum, correct, gradientNorm: numbers[stats.gradientNorm] };
    };
  }

  private plan(key: string, shape: Shape, workspace: Workspace, fill: (passes: Passes) => void): DispatchPlan {
    this.check();
    const known = this.plans.get(key);
    if (known) return known;
    if (this.plans.size >= plansKept) {
      const [oldest, plan] = this.plans.entries().next().value!;
      plan.dispose();
      this.plans.delete(oldest);
    }
    const builder = new PlanBuilder();
    const own = { parameters: this.parameters, gradients: this.gradientBuffer, slots: this.slots };
    fill(new Passes(this.spec, own, workspace, builder, shape));
    const plan = builder.build(this.device);
    this.plans.set(key, plan);
    return plan;
  }

  /** If the optimiser has changed, replaces its slots by zeros. */
  private async useOptimiser(kind: OptimiserState['kind']): Promise<void> {
    if (kind === this.optimiser && this.slots.length === slotsOf[kind]) return;
    const count = parameterCount(this.spec);
    const slots = await this.device.allocate(() =>
      Array.from({ length: slotsOf[kind] }, (_, i) => this.device.storage(`optimiser slot ${i}`, count)),
    );
    this.forgetPlans();
    this.slots.forEach((slot) => slot.destroy());
    this.slots = slots;
    this.optimiser = kind;
    this.updates = 0;
  }

  private forgetPlans(): void {
    for (const plan of this.plans.values()) plan.dispose();
    this.plans.clear();
  }

  /** The buffers for batches, created when first needed. */
  private openPlace(): Promise<Place> {
    this.check();
    this.place ??= this.device.allocate(() => {
      const { batch, steps } = this.limits;
      this.gradientBuffer = this.device.storage('gradients', parameterCount(this.spec));
      const workspace = createWorkspace(this.device, this.spec, batch, steps, this.tuning);
      return { workspace, block: new BatchBlock(this.spec, workspace.sections) };
    });
    return this.place;
  }

  private check(): void {
    if (this.disposed) throw new InklingError('internal', 'This network has been disposed of.');
  }

  private readWhole(buffer: GpuBuffer): Promise<Float32Array> {
    return this.device.readSlices([{ buffer, offset: 0, size: parameterCount(this.spec) }]);
  }

  /** Writes `states` [rows, S] as one matrix [rows, H] for every h and c. */
  private writeStates(rows: number, states: Float32Array, places: CarriedBuffers[]): void {
    const S = stateSize(this.spec);
    let column = 0;
    this.spec.layers.forEach(({ units }, l) => {
      for (const buffer of [places[l].h, places[l].c]) {
        if (!buffer) continue;
        const values = new Float32Array(rows * units);
        for (let r = 0; r < rows; r++) {
          const at = r * S + column;
          values.set(states.subarray(at, at + units), r * units);
        }
        this.device.write(buffer, values);
        column += units;
      }
    });
  }

  /** The inverse; `matrices` holds every h and c [rows, H]. */
  private unpackStates(rows: number, matrices: Float32Array, states: Float32Array): void {
    const S = stateSize(this.spec);
    let column = 0;
    let at = 0;
    for (const { units } of this.spec.layers) {
      for (let part = 0; part < (this.spec.cell === 'lstm' ? 2 : 1); part++) {
        for (let r = 0; r < rows; r++) {
          states.set(matrices.subarray(at, at + units), r * S + column);
          at += units;
        }
        column += units;
      }
    }
  }
}
