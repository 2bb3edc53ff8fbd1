/**
 * One network of the TensorFlow backend. Its parameters stay on the device as one vector in the layout of
 * `parameterLayout` (except a frozen embedding), so that the optimiser is a few operations on whole vectors and the
 * weights of a layer are a slice. B rows, T steps, P = T · B positions, V logits.
 */
import { InklingError } from '../../../common/errors';
import {
  inputSize,
  layerOutputSize,
  outputSize,
  parameterCount,
  parameterLayout,
  stateSize,
  type NetworkSpec,
  type TensorSpec,
} from '../../model/networkSpec';
import {
  dropoutKeep,
  noTarget,
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
import {
  checkBatch,
  checkOptimiser,
  checkParameters,
  checkState,
  reversedInputs,
  type CheckedBatch,
} from '../checkBatch';
import type { TensorHandle } from './binding';
import type { Ops } from './ops';
import {
  createForm,
  layerParameterCount,
  type LayerOutput,
  type LayerShape,
  type LayerState,
  type RecurrentForm,
} from './recurrent';

type Kind = 'train' | 'evaluate';

/** One direction of one layer after its forward pass. */
interface Trace {
  shape: LayerShape;
  x: TensorHandle;
  initial: LayerState;
  parameters: TensorHandle;
  output: LayerOutput;
}

interface Forward {
  traces: Trace[][];
  /** The dropout masks of the layers that have one, [T, B, width]: 0, or 1 / (1 - rate) for kept outputs. */
  masks: (TensorHandle | undefined)[];
  /** [P, width] of the last layer. */
  top: TensorHandle;
  ids: TensorHandle[];
}

interface Loss {
  /** [N] from the first position that has a target. */
  losses: TensorHandle;
  /** [N, V] */
  logits: TensorHandle;
  dLogits: TensorHandle;
  lossSum: TensorHandle;
  correct: TensorHandle;
}

export class TensorflowNetwork implements Network {
  private readonly tensors: TensorSpec[];
  /** The number of elements of a frozen embedding, which comes first. */
  private readonly frozen: number;
  private readonly form: RecurrentForm;
  private frozenTable: TensorHandle | undefined;
  private parameters!: TensorHandle;
  private kind: OptimiserState['kind'] = 'sgd';
  private updates = 0;
  private slots: TensorHandle[] = [];
  private readonly carried: Record<Kind, { rows: number; states: LayerState[] }> = {
    train: { rows: 0, states: [] },
    evaluate: { rows: 0, states: [] },
  };
  private disposed = false;

  constructor(
    public backend: Network['backend'],
    private readonly ops: Ops,
    readonly spec: NetworkSpec,
    readonly limits: NetworkLimits,
    form: RecurrentForm['name'],
    parameters: Float32Array,
  ) {
    checkParameters(spec, parameters);
    this.tensors = parameterLayout(spec);
    this.frozen = this.tensors.find(({ trainable }) => trainable)!.offset;
    this.form = createForm(ops, spec.cell, form);
    this.setParameters(parameters);
  }

  async trainStep(batch: Batch, update: Update): Promise<StepResult> {
    const checked = this.check(batch);
    if (this.kind !== update.kind) this.setOptimiser(update.kind, 0, undefined);
    this.updates++;
    const stats = this.ops.scope(() => {
      const { gradient, loss } = this.backward(batch, checked, update.lossScale, update.dropoutKey);
      const norm = this.norm(gradient);
      this.update(gradient, norm, update);
      return this.ops.pack([loss.lossSum, loss.correct, norm]);
    });
    return { targets: checked.targets, ...this.readStats(stats) };
  }

  async gradients(
    batch: Batch,
    lossScale: number,
    dropoutKey: number,
  ): Promise<StepResult & { gradients: Float32Array }> {
    const checked = this.check(batch);
    const { stats, gradient } = this.ops.scope(() => {
      const { gradient, loss } = this.backward(batch, checked, lossScale, dropoutKey);
      return { stats: this.ops.pack([loss.lossSum, loss.correct, this.norm(gradient)]), gradient };
    });
    const gradients = new Float32Array(parameterCount(this.spec));
    gradients.set(this.take(gradient), this.frozen);
    return { targets: checked.targets, ...this.readStats(stats), gradients };
  }

  async evaluate(batch: Batch, options: EvaluationOptions = {}): Promise<EvaluationResult> {
    const checked = this.check(batch);
    const first = checked.firstLossStep * batch.batch;
    const positions = batch.steps * batch.batch;
    const V = outputSize(this.spec);
    const { stats, losses, logits } = this.ops.scope(() => {
      const forward = this.forward(batch, 'evaluate', undefined);
      const loss = this.loss(batch, checked, forward, 1);
      const zero = this.ops.scalar(0);
      return { stats: this.ops.pack([loss.lossSum, loss.correct, zero]), losses: loss.losses, logits: loss.logits };
    });
    const { lossSum, correct } = this.readStats(stats);
    const result: EvaluationResult = { lossSum, correct, targets: checked.targets };
    if (options.losses) {
      result.losses = new Float32Array(positions);
      result.losses.set(this.ops.read(losses), first);
    }
    if (options.logits) {
      result.logits = new Float32Array(positions * V);
      result.logits.set(this.ops.read(logits), first * V);
    }
    this.ops.free([losses, logits]);
    return result;
  }

  async readParameters(): Promise<Float32Array> {
    this.checkAlive();
    const all = new Float32Array(parameterCount(this.spec));
    if (this.frozenTable) all.set(this.ops.read(this.frozenTable));
    all.set(this.ops.read(this.parameters), this.frozen);
    return all;
  }

  async writeParameters(parameters: Float32Array): Promise<void> {
    checkParameters(this.spec, parameters);
    this.setParameters(parameters);
  }

  async readOptimiser(): Promise<OptimiserState> {
    const slots = this.slots.map((slot) => {
      const whole = new Float32Array(parameterCount(this.spec));
      whole.set(this.ops.read(slot), this.frozen);
      return whole;
    });
    return { kind: this.kind, updates: this.updates, slots };
  }

  async writeOptimiser(state: OptimiserState): Promise<void> {
    checkOptimiser(this.spec, state);
    this.setOptimiser(state.kind, state.updates, state.slots);
  }

  async readState(): Promise<Float32Array> {
    const { rows, states } = this.carried.train;
    return rows === 0 ? new Float32Array(0) : this.packStates(states, rows);
  }

  async writeState(state: Float32Array): Promise<void> {
    const rows = checkState(this.spec, this.limits, state);
    this.ops.free(this.carried.train.states);
    this.carried.train = { rows, states: rows === 0 ? [] : this.unpackStates(state, rows) };
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.ops.free([this.parameters, this.frozenTable, ...this.slots]);
    this.ops.free([this.carried.train.states, this.carried.evaluate.states].flat());
  }

  // ---- forward

  private forward(batch: Batch, kind: Kind, dropoutKey: number | undefined): Forward {
    const { ops, spec } = this;
    const { batch: B, steps: T } = batch;
    const initial = this.initialStates(batch, kind);
    const last: LayerState[] = [];
    const traces: Trace[][] = [];
    const masks: (TensorHandle | undefined)[] = [];
    const directions = spec.layers[0].bidirectional ? [0, 1] : [0];
    const ids = directions.map((d) => this.ids(d === 0 ? batch.inputs.subarray(0, T * B) : reversedInputs(batch)));
    let inputs = ids.map((own) => this.inputVectors(own, T, B));
    spec.layers.forEach(({ units, dropout }, l) => {
      const own = directions.map((d): Trace => {
        const x = inputs[d];
        const shape: LayerShape = { cell: spec.cell, steps: T, rows: B, inputs: x.shape[2], units };
        const parameters = this.layerParameters(l, d, shape);
        const before = d === 0 ? initial[l] : this.zeroStates(B)[l];
        const output = this.form.forward(shape, x, before, parameters, kind === 'train');
        return { shape, x, initial: before, parameters, output };
      });
      traces.push(own);
      last.push(own[0].output.last);
      let outputs = ops.concat(
        own.map(({ output }) => output.outputs),
        2,
      );
      let mask: TensorHandle | undefined;
      if (dropoutKey !== undefined && dropout > 0) {
        mask = this.dropoutMask(l, T, B, dropoutKey);
        outputs = ops.mul(outputs, mask);
      }
      masks.push(mask);
      inputs = [outputs];
    });
    if (batch.state === 'carry') this.keep(kind, B, last);
    return { traces, masks, top: ops.reshape(inputs[0], [T * B, inputs[0].shape[2]]), ids };
  }

  /** The input vectors [T, B, I] of layer 0. */
  private inputVectors(ids: TensorHandle, T: number, B: number): TensorHandle {
    const { ops, spec } = this;
    const { input } = spec;
    const width = inputSize(spec);
    switch (input.kind) {
      case 'one-hot':
        return ops.reshape(ops.oneHot(ids, input.vocabulary), [T, B, width]);
      case 'scalar':
        return ops.reshape(ids, [T, B, 1]);
      case 'embedding': {
        // "No token" gathers the row of zeros after the table.
        const table = ops.concat([this.embeddingTable(), ops.zeros([1, width])], 0);
        const attributes = [ops.type('T', ops.binding.TF_INT32)];
        const unknown = ops.whole(input.vocabulary);
        const isNone = ops.run('Less', attributes, [ids, ops.whole(0)])[0];
        const rows = ops.run('SelectV2', [ops.type('T', ops.binding.TF_INT32)], [isNone, unknown, ids])[0];
        return ops.reshape(ops.gather(table, rows), [T, B, width]);
      }
    }
  }

  /** Token ids in TensorFlow's form: integers, -1 for "no token"; for a scalar input, the numbers themselves. */
  private ids(tokens: Uint16Array): TensorHandle {
    const { input } = this.spec;
    const P = tokens.length;
    if (input.kind === 'scalar') {
      return this.ops.floats(
        [P],
        Float32Array.from(tokens, (id) => (id === noToken ? 0 : id * input.scale)),
      );
    }
    return this.ops.integers(
      [P],
      Int32Array.from(tokens, (id) => (id === noToken ? -1 : id)),
    );
  }

  private dropoutMask(layer: number, T: number, B: number, key: number): TensorHandle {
    const rate = this.spec.layers[layer].dropout;
    const width = layerOutputSize(this.spec.layers[layer]);
    const mask = new Float32Array(T * B * width);
    const kept = 1 / (1 - rate);
    let at = 0;
    for (let t = 0; t < T; t++) {
      for (let b = 0; b < B; b++) {
        for (let u = 0; u < width; u++) mask[at++] = dropoutKeep(key, layer, t, b, u, rate) ? kept : 0;
      }
    }
    return this.ops.floats([T, B, width], mask);
  }

  /** [N, V] */
  private logits(top: TensorHandle): TensorHandle {
    const { ops } = this;
    const width = layerOutputSize(this.spec.layers.at(-1)!);
    const V = outputSize(this.spec);
    const product = ops.matmul(top, ops.reshape(this.part('output.weight'), [V, width]), { transposeB: true });
    return ops.add(product, this.part('output.bias'));
  }

  private loss(batch: Batch, { firstLossStep }: CheckedBatch, { top }: Forward, lossScale: number): Loss {
    const { ops } = this;
    const { batch: B, steps: T, rowWeights } = batch;
    const first = firstLossStep * B;
    const N = T * B - first;
    const targets = batch.targets.subarray(first, T * B);
    const hasTarget = ops.floats(
      [N],
      Float32Array.from(targets, (y) => (y === noTarget ? 0 : 1)),
    );
    const weights = Float32Array.from(targets, (y, i) =>
      y === noTarget ? 0 : lossScale * (rowWeights?.[(first + i) % B] ?? 1),
    );
    const logits = this.logits(ops.slice(top, first, N));
    const labels = Int32Array.from(targets, (y) => Math.max(0, y));
    const { losses, gradients, hits } =
      this.spec.output.kind === 'sigmoid' ? this.sigmoidLoss(logits, labels) : this.softmaxLoss(logits, labels);
    const own = ops.mul(losses, hasTarget);
    return {
      losses: own,
      logits,
      dLogits: ops.mul(gradients, ops.floats([N, 1], weights)),
      lossSum: ops.sum(own),
      correct: ops.sum(ops.mul(hits, hasTarget)),
    };
  }

  private softmaxLoss(
    logits: TensorHandle,
    labels: Int32Array,
  ): { losses: TensorHandle; gradients: TensorHandle; hits: TensorHandle } {
    const { ops } = this;
    const { TF_INT32, TF_BOOL, TF_FLOAT } = ops.binding;
    const ids = ops.integers([labels.length], labels);
    const [losses, gradients] = ops.run(
      'SparseSoftmaxCrossEntropyWithLogits',
      [ops.type('T'), ops.type('Tlabels', TF_INT32)],
      [logits, ids],
      2,
    );
    const best = ops.run(
      'ArgMax',
      [ops.type('T'), ops.type('Tidx', TF_INT32), ops.type('output_type', TF_INT32)],
      [logits, ops.whole(1)],
    )[0];
    const equal = ops.run('Equal', [ops.type('T', TF_INT32)], [best, ids])[0];
    const hits = ops.run('Cast', [ops.type('SrcT', TF_BOOL), ops.type('DstT', TF_FLOAT)], [equal])[0];
    return { losses, gradients, hits };
  }

  private sigmoidLoss(
    logits: TensorHandle,
    labels: Int32Array,
  ): { losses: TensorHandle; gradients: TensorHandle; hits: TensorHandle } {
    const { ops } = this;
    const { TF_BOOL, TF_FLOAT } = ops.binding;
    const N = labels.length;
    const y = ops.floats([N, 1], labels);
    const above = ops.run('Greater', [ops.type('T')], [logits, ops.scalar(0)])[0];
    const predicted = ops.run('Cast', [ops.type('SrcT', TF_BOOL), ops.type('DstT', TF_FLOAT)], [above])[0];
    const equal = ops.run('Equal', [ops.type('T')], [predicted, y])[0];
    const hits = ops.run('Cast', [ops.type('SrcT', TF_BOOL), ops.type('DstT', TF_FLOAT)], [equal])[0];
    return {
      losses: ops.reshape(ops.sub(ops.softplus(logits), ops.mul(y, logits)), [N]),
      gradients: ops.sub(ops.sigmoid(logits), y),
      hits: ops.reshape(hits, [N]),
    };
  }

  // ---- backward

  private backward(
    batch: Batch,
    checked: CheckedBatch,
    lossScale: number,
    dropoutKey: number,
  ): { gradient: TensorHandle; loss: Loss } {
    const { ops, spec } = this;
    const { batch: B, steps: T } = batch;
    const forward = this.forward(batch, 'train', dropoutKey);
    const loss = this.loss(batch, checked, forward, lossScale);
    const first = checked.firstLossStep * B;
    const width = layerOutputSize(spec.layers.at(-1)!);
    const V = outputSize(spec);
    const top = ops.slice(forward.top, first, T * B - first);
    const dWeights = ops.matmul(loss.dLogits, top, { transposeA: true });
    const dTop = ops.matmul(loss.dLogits, ops.reshape(this.part('output.weight'), [V, width]));
    /** The pieces of the gradient in the reverse order of the parameter block. */
    const pieces = [ops.sum(loss.dLogits, [0]), ops.reshape(dWeights, [-1])];
    // Steps before the first loss have no gradient from above.
    let dOutputs = ops.reshape(first > 0 ? ops.concat([ops.zeros([first, width]), dTop], 0) : dTop, [T, B, width]);
    for (let l = spec.layers.length - 1; l >= 0; l--) {
      const mask = forward.masks[l];
      if (mask) dOutputs = ops.mul(dOutputs, mask);
      const own = forward.traces[l];
      const dDirections = ops.split(dOutputs, own.length, 2);
      const results = own.map(({ shape, x, initial, parameters, output }, d) =>
        this.form.backward(shape, x, initial, parameters, output, dDirections[d]),
      );
      pieces.push(...results.map(({ dParameters }) => dParameters).reverse());
      dOutputs = results[0].dInputs;
      if (l === 0)
        this.addEmbeddingGradient(
          pieces,
          forward,
          results.map(({ dInputs }) => dInputs),
        );
    }
    return { gradient: ops.concat(pieces.reverse(), 0), loss };
  }

  private addEmbeddingGradient(pieces: TensorHandle[], { ids }: Forward, dInputs: TensorHandle[]): void {
    const { ops, spec } = this;
    const { input } = spec;
    if (input.kind !== 'embedding' || !input.trainable) return;
    const sums = dInputs.map((d, i) =>
      ops.sumByToken(ops.reshape(d, [-1, input.dimensions]), ids[i], input.vocabulary),
    );
    pieces.push(ops.reshape(sums.length > 1 ? ops.add(sums[0], sums[1]) : sums[0], [-1]));
  }

  private norm(gradient: TensorHandle): TensorHandle {
    return this.ops.sqrt(this.ops.sum(this.ops.square(gradient)));
  }

  /** Clips and applies the gradient; equations in reference/optimiser.ts. */
  private update(gradient: TensorHandle, norm: TensorHandle, update: Update): void {
    const { ops } = this;
    const { clipValue, clipNorm, learningRate, weightDecay, beta1, beta2, rho, epsilon } = update;
    let g = clipValue > 0 ? ops.clip(gradient, clipValue) : gradient;
    if (clipNorm > 0) {
      const length = clipValue > 0 ? this.norm(g) : norm;
      g = ops.mul(g, ops.minimum(ops.scalar(1), ops.div(ops.scalar(clipNorm), length)));
    }
    const mix = (old: TensorHandle, decay: number, fresh: TensorHandle): TensorHandle =>
      ops.add(ops.scale(old, decay), ops.scale(fresh, 1 - decay));
    let change: TensorHandle;
    let slots: TensorHandle[];
    switch (update.kind) {
      case 'sgd':
        slots = [];
        change = g;
        break;
      case 'rmsprop': {
        const v = mix(this.slots[0], rho, ops.square(g));
        slots = [v];
        change = ops.div(g, ops.add(ops.sqrt(v), ops.scalar(epsilon)));
        break;
      }
      case 'adam': {
        const m = mix(this.slots[0], beta1, g);
        const v = mix(this.slots[1], beta2, ops.square(g));
        slots = [m, v];
        const mHat = ops.mul(m, ops.floats([], [1 / (1 - beta1 ** this.updates)]));
        const vHat = ops.mul(v, ops.floats([], [1 / (1 - beta2 ** this.updates)]));
        change = ops.div(mHat, ops.add(ops.sqrt(vHat), ops.scalar(epsilon)));
        break;
      }
    }
    if (weightDecay > 0) change = ops.add(change, ops.scale(this.parameters, weightDecay));
    const parameters = ops.sub(this.parameters, ops.mul(change, ops.floats([], [learningRate])));
    this.replace([parameters, ...slots]);
  }

  /** Takes new parameters and slots from the current scope, and frees the old ones. */
  private replace([parameters, ...slots]: TensorHandle[]): void {
    const old = [this.parameters, ...this.slots];
    [this.parameters, ...this.slots] = [parameters, ...slots].map((tensor) => this.ops.keep(tensor));
    this.ops.free(old);
  }

  // ---- parameters and states

  private setParameters(parameters: Float32Array): void {
    const { ops, spec } = this;
    if (this.parameters) ops.free([this.parameters, this.frozenTable]);
    this.parameters = ops.floats([parameters.length - this.frozen], parameters.subarray(this.frozen));
    if (spec.input.kind === 'embedding' && this.frozen > 0) {
      const { vocabulary, dimensions } = spec.input;
      this.frozenTable = ops.floats([vocabulary, dimensions], parameters.subarray(0, this.frozen));
    }
  }

  private setOptimiser(kind: OptimiserState['kind'], updates: number, values: Float32Array[] | undefined): void {
    this.ops.free(this.slots);
    const size = parameterCount(this.spec) - this.frozen;
    this.slots = Array.from({ length: slotsOf[kind] }, (_, i) =>
      values ? this.ops.floats([size], values[i].subarray(this.frozen)) : this.ops.zeros([size]),
    );
    this.kind = kind;
    this.updates = updates;
  }

  /** A tensor of the trainable block, flat. */
  private part(name: string): TensorHandle {
    const { offset, size } = this.tensors.find((tensor) => tensor.name === name)!;
    return this.ops.slice(this.parameters, offset - this.frozen, size);
  }

  /** All parameters of one direction of a layer, consecutively. */
  private layerParameters(l: number, direction: number, shape: LayerShape): TensorHandle {
    const name = `rnn.weight_ih_l${l}${direction > 0 ? '_reverse' : ''}`;
    const { offset } = this.tensors.find((tensor) => tensor.name === name)!;
    return this.ops.slice(this.parameters, offset - this.frozen, layerParameterCount(shape));
  }

  private embeddingTable(): TensorHandle {
    if (this.frozenTable) return this.frozenTable;
    const [rows, columns] = this.tensors[0].shape;
    return this.ops.reshape(this.part('embedding.weight'), [rows, columns]);
  }

  private zeroStates(rows: number): LayerState[] {
    return this.spec.layers.map(({ units }) => ({
      h: this.ops.zeros([rows, units]),
      c: this.spec.cell === 'lstm' ? this.ops.zeros([rows, units]) : undefined,
    }));
  }

  private initialStates(batch: Batch, kind: Kind): LayerState[] {
    const { rows, states } = this.carried[kind];
    if (batch.state === 'zero' || rows !== batch.batch) return this.zeroStates(batch.batch);
    const { resetRows } = batch;
    if (!resetRows) return states;
    const continues = this.ops.floats(
      [rows, 1],
      Float32Array.from({ length: rows }, (_, b) => (resetRows[b] ? 0 : 1)),
    );
    return states.map(({ h, c }) => ({ h: this.ops.mul(h, continues), c: c && this.ops.mul(c, continues) }));
  }

  private keep(kind: Kind, rows: number, last: LayerState[]): void {
    // The old ones are in use as initial states until the scope ends.
    this.ops.freeLater(this.carried[kind].states);
    this.carried[kind] = { rows, states: last.map(({ h, c }) => ({ h: this.ops.keep(h), c: c && this.ops.keep(c) })) };
  }

  /** [rows, S] */
  private packStates(states: LayerState[], rows: number): Float32Array {
    const packed = new Float32Array(rows * stateSize(this.spec));
    const S = stateSize(this.spec);
    let column = 0;
    for (const state of states) {
      for (const part of [state.h, state.c]) {
        if (!part) continue;
        const values = this.ops.read(part);
        const units = part.shape[1];
        for (let r = 0; r < rows; r++) packed.set(values.subarray(r * units, (r + 1) * units), r * S + column);
        column += units;
      }
    }
    return packed;
  }

  private unpackStates(packed: Float32Array, rows: number): LayerState[] {
    const S = stateSize(this.spec);
    let column = 0;
    return this.spec.layers.map(({ units }) => {
      const part = (): TensorHandle => {
        const values = new Float32Array(rows * units);
        for (let r = 0; r < rows; r++) {
          const at = r * S + column;
          values.set(packed.subarray(at, at + units), r * units);
        }
        column += units;
        return this.ops.floats([rows, units], values);
      };
      return { h: part(), c: this.spec.cell === 'lstm' ? part() : undefined };
    });
  }

  private readStats(stats: TensorHandle): { lossSum: number; correct: number; gradientNorm: number } {
    const [lossSum, correct, gradientNorm] = this.take(stats);
    return { lossSum, correct, gradientNorm };
  }

  /** The values of a tensor that is no longer needed. */
  private take(tensor: TensorHandle): Float32Array {
    const values = this.ops.read(tensor);
    this.ops.free(tensor);
    return values;
  }

  private check(batch: Batch): CheckedBatch {
    this.checkAlive();
    return checkBatch(this.spec, this.limits, batch);
  }

  private checkAlive(): void {
    if (this.disposed) throw new InklingError('internal', 'This network has been disposed of.');
  }
}
