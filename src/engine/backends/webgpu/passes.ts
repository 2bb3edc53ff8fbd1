/**
 * The passes over a network as dispatches: forward through layers and steps, loss, backward, update. B rows, T steps, P
 * = T · B positions, H units, G gates, V logits, W width of the output of a layer.
 */
import {
  gatesOf,
  inputSize,
  layerOutputSize,
  outputSize,
  parameterLayout,
  type NetworkSpec,
  type TensorSpec,
} from '../../model/networkSpec';
import type { OptimiserState } from '../backend';
import { learnedRows } from './batchBlock';
import type { GpuBuffer } from './gpuApi';
import { floatBits, type PlanBuilder } from './plan';
import {
  elementGroups,
  gatherOneHot,
  gatherVectors,
  initialState,
  keepState,
  layerOutput,
} from './shaders/elementwise';
import { header } from './shaders/header';
import { classesEach, denseSoftmaxLoss, positionsPerGroup } from './shaders/denseLoss';
import { lossLanes, sigmoidLoss, softmaxLoss } from './shaders/loss';
import { matmul, matmulTile, type MatmulForm, type MatmulTypes } from './shaders/matmul';
import { squareGroups, summarise, sumSquares, updateParameters } from './shaders/optimiser';
import { persistentBackward, persistentForward, persistentShape, transposeMatrix } from './shaders/persistent';
import { recurrentBackward, recurrentForward, rowLanes, unitsPerGroup } from './shaders/recurrent';
import { sumSegments, sumTokens } from './shaders/tokens';
import type { CarriedBuffers, Workspace } from './workspace';

/** The network's own buffers, each in the layout of `parameterLayout`. */
export interface ParameterBuffers {
  parameters: GpuBuffer;
  gradients?: GpuBuffer;
  slots: GpuBuffer[];
}

export interface Shape {
  batch: number;
  steps: number;
  firstLossStep: number;
  /** With dropout, and with the buffers that gradients need. */
  training: boolean;
}

/** The number of workgroups that keeps a GPU busy; the rows per invocation are reduced until there are as many. */
const enoughGroups = 128;

export class Passes {
  private readonly tensors: Map<string, TensorSpec>;
  private readonly classes: number;

  constructor(
    private readonly spec: NetworkSpec,
    private readonly own: ParameterBuffers,
    private readonly w: Workspace,
    private readonly plan: PlanBuilder,
    private readonly shape: Shape,
  ) {
    this.tensors = new Map(parameterLayout(spec).map((tensor) => [tensor.name, tensor]));
    this.classes = outputSize(spec);
  }

  /** Sets slot 0 of all layers to zeros or the carried state. */
  loadStates(carried: CarriedBuffers[]): void {
    const { batch: B } = this.shape;
    this.spec.layers.forEach(({ units: H }, l) => {
      this.w.layers[l].directions.forEach(({ h, c }) => {
        const dims = { B, H, resetOffset: this.w.sections.reset };
        const groups = elementGroups(B * H);
        this.plan.add(initialState(this.w.stored), dims, [h, carried[l].h, this.w.batch], groups);
        if (c) this.plan.add(initialState('f32'), dims, [c, carried[l].c!, this.w.batch], groups);
      });
    });
  }

  /** Saves the states after the last step for the next batch. */
  keepStates(carried: CarriedBuffers[]): void {
    const { batch: B, steps: T } = this.shape;
    this.spec.layers.forEach(({ units: H }, l) => {
      const [{ h, c }] = this.w.layers[l].directions;
      const dims = { count: B * H, offset: T * B * H };
      this.plan.add(keepState(this.w.stored), dims, [carried[l].h, h], elementGroups(B * H));
      if (c) this.plan.add(keepState('f32'), dims, [carried[l].c!, c], elementGroups(B * H));
    });
  }

  /** All layers and steps. */
  forward(): void {
    const { spec, w } = this;
    spec.layers.forEach((_, l) => {
      w.layers[l].directions.forEach((_, direction) => {
        this.inputPart(l, direction);
        this.recurrentForward(l, direction);
      });
      this.writeOutput(l);
    });
  }

  /** The logits of the steps that have targets. */
  logits(): void {
    const { spec, w, own } = this;
    const { batch: B, steps: T, firstLossStep } = this.shape;
    const { buffer, offset, width } = this.outputOf(spec.layers.length - 1);
    const first = firstLossStep * B;
    this.matmul(
      'nt',
      { M: T * B - first, N: this.classes, K: width },
      [buffer, offset + first * width],
      [own.parameters, this.tensors.get('output.weight')!.offset],
      [w.logits, first * this.classes],
      { bias: this.tensors.get('output.bias')!.offset },
      { a: w.stored },
    );
  }

  /** Logits, losses and hits of all targets; with `gradients`, logits become gradients. */
  loss(gradients: boolean): void {
    const { w, plan, own, spec } = this;
    const { batch: B, steps: T, firstLossStep } = this.shape;
    const count = (T - firstLossStep) * B;
    const dims = {
      B,
      V: this.classes,
      firstPosition: firstLossStep * B,
      positions: T * B,
      capacity: w.rows * w.steps,
      targetsOffset: w.sections.targets,
      rowWeightsOffset: w.sections.rowWeights,
    };
    const each = classesEach(this.classes);
    if (spec.output.kind === 'softmax' && each) {
      const { buffer, offset, width } = this.outputOf(spec.layers.length - 1);
      const more = {
        K: width,
        topOffset: offset + firstLossStep * B * width,
        weightsOffset: this.tensors.get('output.weight')!.offset,
        biasOffset: this.tensors.get('output.bias')!.offset,
      };
      const shader = denseSoftmaxLoss(each, gradients, w.stored);
      const buffers = [w.logits, w.outcomes, buffer, own.parameters, w.batch];
      plan.add(shader, { ...dims, ...more }, buffers, Math.ceil(count / positionsPerGroup));
      return;
    }
    this.logits();
    const buffers = [w.logits, w.outcomes, w.batch];
    if (spec.output.kind === 'sigmoid') plan.add(sigmoidLoss(gradients), dims, buffers, elementGroups(count));
    else plan.add(softmaxLoss(lossLanes(this.classes), gradients), dims, buffers, Math.min(count, 65535));
  }

  /** From the gradients of the logits to those of all parameters. */
  backward(): void {
    const { spec, w, own } = this;
    const { batch: B, steps: T, firstLossStep } = this.shape;
    const gradients = own.gradients!;
    const P = T * B;
    const G = gatesOf[spec.cell];
    const top = spec.layers.length - 1;
    const first = firstLossStep * B;
    const { buffer, offset, width } = this.outputOf(top);
    const output = this.tensors.get('output.weight')!.offset;
    const dLogits: [GpuBuffer, number] = [w.logits, first * this.classes];
    this.matmul(
      'nn',
      { M: P - first, N: width, K: this.classes },
      dLogits,
      [own.parameters, output],
      [w.layers[top].dOutput!, first * width],
    );
    this.matmul(
      'tn',
      { M: this.classes, N: width, K: P - first },
      dLogits,
      [buffer, offset + first * width],
      [gradients, output],
      { sums: this.tensors.get('output.bias')!.offset },
      { b: w.stored },
    );
    for (let l = top; l >= 0; l--) {
      const { units: H } = spec.layers[l];
      w.layers[l].directions.forEach((d, direction) => {
        this.recurrentBackward(l, direction);
        const gru = spec.cell === 'gru';
        const inputBias = this.offset('bias_ih', l, direction);
        const types: MatmulTypes = { a: w.stored, b: w.stored };
        this.matmul(
          'tn',
          { M: G * H, N: H, K: P },
          [gru ? d.recurrent! : d.gates, 0],
          [d.h, 0],
          [gradients, this.offset('weight_hh', l, direction)],
          { sums: gru ? this.offset('bias_hh', l, direction) : inputBias },
          types,
        );
        const input = this.inputOf(l, direction);
        // A one-hot input has no product: the sums for the bias come from a product without columns.
        if (gru || input) {
          const into = this.offset('weight_ih', l, direction);
          this.matmul(
            'tn',
            { M: G * H, N: input?.width ?? 0, K: P },
            [d.gates, 0],
            input ? [input.buffer, input.offset] : [d.h, 0],
            [gradients, into],
            { sums: inputBias },
            types,
          );
        }
        this.inputGradients(l, direction);
      });
    }
  }

  /** The sums of losses and hits and, after `backward`, the gradient's norm. */
  summarise(withNorm: boolean): void {
    const { w, plan, own } = this;
    const { batch: B, steps: T, firstLossStep } = this.shape;
    const range = this.trainableRange();
    const squares = withNorm ? squareGroups(range.end - range.begin) : 0;
    if (withNorm) plan.add(sumSquares(), range, [w.squares, own.gradients!, w.batch], squares);
    const dims = {
      firstPosition: firstLossStep * B,
      positions: T * B,
      capacity: w.rows * w.steps,
      squares,
    };
    plan.add(summarise(), dims, [w.stats, w.outcomes, w.squares, w.batch], 1);
  }

  update(kind: OptimiserState['kind']): void {
    const { w, plan, own } = this;
    const range = this.trainableRange();
    const buffers = [own.parameters, own.gradients!, w.stats, w.batch, ...own.slots];
    plan.add(updateParameters(kind), range, buffers, elementGroups(range.end - range.begin));
  }

  /** A frozen table comes first; everything after it is trained. */
  private trainableRange(): { begin: number; end: number } {
    const all = [...this.tensors.values()];
    const last = all[all.length - 1];
    return { begin: all.find(({ trainable }) => trainable)!.offset, end: last.offset + last.size };
  }

  /** All steps of a layer, after `inputPart`. */
  private recurrentForward(l: number, direction: number): void {
    const { spec, w, plan, own } = this;
    const { batch: B, steps: T } = this.shape;
    const { units: H } = spec.layers[l];
    const d = w.layers[l].directions[direction];
    const weightsOffset = this.offset('weight_hh', l, direction);
    const biasOffset = spec.cell === 'gru' ? this.offset('bias_hh', l, direction) : 0;
    if (d.transposed) {
      const persistent = persistentShape(spec.cell, H)!;
      const rows = gatesOf[spec.cell] * H;
      const dims = { rows, columns: H, offset: weightsOffset };
      plan.add(transposeMatrix(), dims, [d.transposed, own.parameters], Math.ceil(H / 16), Math.ceil(rows / 16));
      const buffers = [d.gates, d.h, d.transposed];
      if (d.c) buffers.push(d.c);
      if (d.recurrent) buffers.push(d.recurrent, own.parameters);
      const shader = persistentForward(spec.cell, persistent, w.stored);
      plan.add(shader, { B, H, steps: T, biasOffset }, buffers, Math.ceil(B / persistent.rows));
      return;
    }
    const buffers = [d.gates, d.h, own.parameters];
    if (d.c) buffers.push(d.c);
    if (d.recurrent) buffers.push(d.recurrent);
    const rows = this.rowsAnInvocation(H);
    const shader = recurrentForward(spec.cell, rows, w.stored);
    const groups = [Math.ceil(H / unitsPerGroup), Math.ceil(B / (rowLanes * rows))];
    for (let t = 0; t < T; t++) plan.add(shader, { B, H, t, weightsOffset, biasOffset }, buffers, groups[0], groups[1]);
  }

  /** All steps of a layer backward: its gates become gradients. */
  private recurrentBackward(l: number, direction: number): void {
    const { spec, w, plan, own } = this;
    const { batch: B, steps: T, firstLossStep } = this.shape;
    const layer = spec.layers[l];
    const { units: H } = layer;
    const d = w.layers[l].directions[direction];
    const dims = {
      B,
      H,
      t: 0,
      weightsOffset: this.offset('weight_hh', l, direction),
      biasOffset: 0,
      steps: T,
      firstLossStep: l === spec.layers.length - 1 ? firstLossStep : 0,
      width: layerOutputSize(layer),
      columnOffset: direction * H,
      layer: l,
      ...dropoutDims(layer.dropout),
    };
    const cells = d.c ? [d.c] : [];
    const states = d.recurrent ? [d.recurrent, d.h] : [];
    const dOutput = w.layers[l].dOutput!;
    if (d.transposed) {
      const persistent = persistentShape(spec.cell, H)!;
      const buffers = [d.gates, own.parameters, dOutput, w.batch, ...cells, ...states];
      plan.add(persistentBackward(spec.cell, persistent, w.stored), dims, buffers, Math.ceil(B / persistent.rows));
      return;
    }
    const buffers = [d.gates, own.parameters, d.carriedGradient!, dOutput, w.batch, ...cells, ...states];
    const rows = this.rowsAnInvocation(H);
    const shader = recurrentBackward(spec.cell, rows, w.stored);
    const groups = [Math.ceil(H / unitsPerGroup), Math.ceil(B / (rowLanes * rows))];
    for (let t = T - 1; t >= 0; t--) plan.add(shader, { ...dims, t }, buffers, groups[0], groups[1]);
  }

  /** The input part of all gates of a layer, at all steps. */
  private inputPart(l: number, direction: number): void {
    const { spec, w, plan, own } = this;
    const { batch: B, steps: T } = this.shape;
    const { gates, vectors } = w.layers[l].directions[direction];
    const positions = T * B;
    const columns = gatesOf[spec.cell] * spec.layers[l].units;
    const weightsOffset = this.offset('weight_ih', l, direction);
    const bias = this.offset('bias_ih', l, direction);
    const tokensOffset = w.sections.directions[direction].tokens;
    if (l === 0 && spec.input.kind === 'one-hot') {
      const { vocabulary } = spec.input;
      const dims = { positions, width: columns, vocabulary, tokensOffset, weightsOffset, biasOffset: bias };
      const buffers = [gates, own.parameters, w.batch];
      plan.add(gatherOneHot(w.stored), dims, buffers, elementGroups(positions * columns));
      return;
    }
    if (l === 0) {
      const width = inputSize(spec);
      const scalar = spec.input.kind === 'scalar';
      const scale = spec.input.kind === 'scalar' ? floatBits(spec.input.scale) : 0;
      const table = this.tensors.get('embedding.weight')?.offset ?? 0;
      const dims = { positions, width, tokensOffset, weightsOffset: table, scale };
      const buffers = scalar ? [vectors!, w.batch] : [vectors!, own.parameters, w.batch];
      const shader = gatherVectors(scalar ? 'scalar' : 'embedding', w.stored);
      plan.add(shader, dims, buffers, elementGroups(positions * width));
    }
    const { buffer, offset, width } = this.inputOf(l, direction)!;
    this.matmul(
      'nt',
      { M: positions, N: columns, K: width },
      [buffer, offset],
      [own.parameters, weightsOffset],
      [gates, 0],
      { bias },
      { a: w.stored, c: w.stored },
    );
  }

  /** The gradients of the input of a layer: for the layer below, or for the table that tokens select from. */
  private inputGradients(l: number, direction: number): void {
    const { spec, w, plan, own } = this;
    const { batch: B, steps: T } = this.shape;
    const { gates } = w.layers[l].directions[direction];
    const columns = gatesOf[spec.cell] * spec.layers[l].units;
    const input = this.inputOf(l, direction);
    const below = l > 0 ? w.layers[l - 1].dOutput! : w.dVectors;
    if (input && below) {
      this.matmul(
        'nn',
        { M: T * B, N: input.width, K: columns },
        [gates, 0],
        [own.parameters, this.offset('weight_ih', l, direction)],
        [below, 0],
        {},
        { a: w.stored },
      );
    }
    const vocabulary = learnedRows(spec);
    if (l > 0 || vocabulary === 0) return;
    const { sections } = w;
    const { order, segments, tokenSegments } = sections.directions[direction];
    const width = input ? input.width : columns;
    const columnGroups = Math.ceil(width / 64);
    plan.add(
      sumSegments(input ? 'f32' : w.stored),
      {
        width,
        orderOffset: order,
        segmentsOffset: segments,
        segmentCountAt: direction === 0 ? header.segments : header.reversedSegments,
      },
      [w.segmentSums!, input ? w.dVectors! : gates, w.batch],
      Math.min(sections.segmentCapacity, 65535),
      columnGroups,
    );
    plan.add(
      sumTokens(),
      {
        width,
        vocabulary,
        tokenSegmentsOffset: tokenSegments,
        gradientsOffset: input ? this.tensors.get('embedding.weight')!.offset : this.offset('weight_ih', l, direction),
        // One-hot: a token is a column of the input weights; embedding: a row of the table.
        tokenStride: input ? width : 1,
        columnStride: input ? 1 : vocabulary,
        // Both directions of a bidirectional network read the same table.
        accumulate: input && direction > 0 ? 1 : 0,
      },
      [own.gradients!, w.segmentSums!, w.batch],
      vocabulary,
      columnGroups,
    );
  }

  /** The input [P, width] of a layer; undefined if it is one-hot. */
  private inputOf(l: number, direction: number): { buffer: GpuBuffer; offset: number; width: number } | undefined {
    if (l > 0) return this.outputOf(l - 1);
    const { vectors } = this.w.layers[0].directions[direction];
    return vectors && { buffer: vectors, offset: 0, width: inputSize(this.spec) };
  }

  /** The output [P, width] of a layer. */
  private outputOf(l: number): { buffer: GpuBuffer; offset: number; width: number } {
    const { output, directions } = this.w.layers[l];
    const width = layerOutputSize(this.spec.layers[l]);
    if (output && this.needsOutput(l)) return { buffer: output, offset: 0, width };
    // Slot 0 of h is the initial state.
    return { buffer: directions[0].h, offset: this.shape.batch * width, width };
  }

  private needsOutput(l: number): boolean {
    const { bidirectional, dropout } = this.spec.layers[l];
    return bidirectional === true || (this.shape.training && dropout > 0);
  }

  private writeOutput(l: number): void {
    if (!this.needsOutput(l)) return;
    const { batch: B, steps: T, training } = this.shape;
    const layer = this.spec.layers[l];
    const { output, directions } = this.w.layers[l];
    directions.forEach(({ h }, direction) => {
      const dims = {
        positions: T * B,
        B,
        H: layer.units,
        width: layerOutputSize(layer),
        columnOffset: direction * layer.units,
        layer: l,
        ...dropoutDims(training ? layer.dropout : 0),
      };
      this.plan.add(layerOutput(this.w.stored), dims, [output!, h, this.w.batch], elementGroups(T * B * layer.units));
    });
  }

  /** C [M, N] = A B; each matrix is a buffer and the index of its first element. */
  private matmul(
    form: MatmulForm,
    { M, N, K }: { M: number; N: number; K: number },
    [a, aOffset]: [GpuBuffer, number],
    [b, bOffset]: [GpuBuffer, number],
    [c, cOffset]: [GpuBuffer, number],
    { bias, sums }: { bias?: number; sums?: number } = {},
    types: MatmulTypes = {},
  ): void {
    const extra = bias !== undefined ? 'bias' : sums !== undefined ? 'columnSums' : 'none';
    const dims = { M, N, K, aOffset, bOffset, cOffset, biasOffset: bias ?? 0, sumsOffset: sums ?? 0 };
    const buffers = extra === 'bias' ? [a, b, c, this.own.parameters] : [a, b, c];
    const columns = Math.max(1, Math.ceil(N / matmulTile));
    this.plan.add(matmul(form, extra, types), dims, buffers, columns, Math.ceil(M / matmulTile));
  }

  /** The offset in the parameter block of a tensor of one direction of a layer. */
  private offset(what: 'weight_ih' | 'weight_hh' | 'bias_ih' | 'bias_hh', l: number, direction: number): number {
    return this.tensors.get(`rnn.${what}_l${l}${direction > 0 ? '_reverse' : ''}`)!.offset;
  }

  /** The number of rows of the batch that each invocation of the recurrent step takes. */
  private rowsAnInvocation(units: number): number {
    const groups = (rows: number): number =>
      Math.ceil(units / unitsPerGroup) * Math.ceil(this.shape.batch / (rowLanes * rows));
    return this.w.tuning.rowsEach ?? [4, 2].find((rows) => groups(rows) >= enoughGroups) ?? 1;
  }
}

/** The dropout parameters of a layer for the shaders; a threshold of 0 means none. */
function dropoutDims(rate: number): { dropoutThreshold: number; dropoutScale: number } {
  return { dropoutThreshold: Math.round(rate * 0x1000000), dropoutScale: floatBits(1 / (1 - rate)) };
}
