/**
 * Phase 1: runs rows of the batch through all layers and time steps, forward and backward. Rows are independent, so
 * nothing is shared and nothing waits.
 */
import { cells, stepCell, type CellStep } from './cells';
import type { JobPart } from './job';
import type { DirectionPlace, LayerPlace, StatePlace } from './layout';
import { fromZero } from './runtime';

/** The number of rows that are processed together: few enough to stay in the cache, a multiple of six (kernels/matrix.ts). */
const blockRows = 96;

/** Runs this thread's rows; for `evaluate`, only forward and without dropout. */
export function forwardBackward(part: JobPart): void {
  const [begin, end] = part.share(part.job.batch, 2);
  for (let first = begin; first < end; first += blockRows) {
    const rows = new Rows(part, first, Math.min(blockRows, end - first));
    rows.forward();
    rows.outputs();
    if (part.job.kind !== 'evaluate') rows.backward();
  }
}

/** Saves the state of this thread's rows for the next batch, if it is carried. */
export function keepState(part: JobPart): void {
  if (!part.job.carry) return;
  const [begin, end] = part.share(part.job.batch, 2);
  new Rows(part, begin, end - begin).keepState();
}

/** Rows [first, first + count) of the batch. `stride` is the distance of two panels, which hold all rows of the batch. */
class Rows {
  private readonly stride: number;
  private readonly at: number;
  private readonly lossScale: number;
  /** Undefined during evaluation: no dropout. */
  private readonly dropoutKey: number | undefined;

  constructor(
    private readonly part: JobPart,
    private readonly first: number,
    private readonly count: number,
  ) {
    const { job } = part;
    this.stride = job.batch * 64;
    this.at = first * 64;
    this.lossScale = job.kind === 'evaluate' ? 0 : job.update.lossScale;
    this.dropoutKey = job.kind === 'evaluate' ? undefined : job.update.dropoutKey;
  }

  /** These rows of step t of a buffer with `panels` panels per step. */
  private step(buffer: number, panels: number, t: number): number {
    return buffer + t * panels * this.stride + this.at;
  }

  private cellStep(d: DirectionPlace, t: number): CellStep {
    const { unitPanels, gatePanels } = d;
    return {
      rows: this.count,
      stride: this.stride,
      unitPanels,
      gates: this.step(d.gates, gatePanels, t),
      recurrentGates: this.step(d.recurrentGates, gatePanels, t),
      hOld: this.step(d.h, unitPanels, t),
      h: this.step(d.h, unitPanels, t + 1),
      cOld: this.step(d.c, unitPanels, t),
      c: this.step(d.c, unitPanels, t + 1),
      squashed: this.step(d.squashed, unitPanels, t),
    };
  }

  private tokensAt(d: DirectionPlace, t: number): number {
    const { layout, job } = this.part;
    return (d.reverse ? layout.reversedTokens : layout.tokens) + (t * job.batch + this.first) * 2;
  }

  forward(): void {
    const { k, layout, job } = this.part;
    for (const layer of layout.layers) {
      for (const d of layer.directions) {
        this.startState(d);
        this.inputPart(d);
        for (let t = 0; t < job.steps; t++) {
          this.part.proceed();
          stepCell(k, layout.spec.cell, d, this.cellStep(d, t));
        }
      }
      this.writeOutput(layer);
    }
  }

  /** A bidirectional network carries no state, so there is one place per layer. */
  private carriedOf(d: DirectionPlace): StatePlace {
    const { layout, job } = this.part;
    const { h, c } = layout.carried[job.kind === 'evaluate' ? 'evaluate' : 'train'][d.layer];
    return { h: h + this.at, c: c + this.at };
  }

  private startState(d: DirectionPlace): void {
    const { at, stride, count } = this;
    const { k, job } = this.part;
    const carried = this.carriedOf(d);
    const start = (slot: number, from: number): void => {
      if (job.carry) k.copy(slot + at, stride, from, stride, count, d.unitPanels);
      else k.clear(slot + at, stride, count, d.unitPanels);
    };
    start(d.h, carried.h);
    if (d.c) start(d.c, carried.c);
  }

  keepState(): void {
    const { stride, count } = this;
    const { k, layout, job } = this.part;
    for (const { directions } of layout.layers) {
      const [d] = directions;
      const carried = this.carriedOf(d);
      k.copy(carried.h, stride, this.step(d.h, d.unitPanels, job.steps), stride, count, d.unitPanels);
      if (d.c) k.copy(carried.c, stride, this.step(d.c, d.unitPanels, job.steps), stride, count, d.unitPanels);
    }
  }

  /** gates = b + W·x for all steps: the part of the pre-activations that does not depend on the state. */
  private inputPart(d: DirectionPlace): void {
    const { stride, count } = this;
    const { k, layout, job } = this.part;
    const below = d.layer > 0 ? layout.layers[d.layer - 1] : undefined;
    const { input } = layout.spec;
    const bias = d.inputBias.weights;
    for (let t = 0; t < job.steps; t++) {
      this.part.proceed();
      const gates = this.step(d.gates, d.gatePanels, t);
      if (!below && input.kind !== 'scalar') {
        const [table, rows] = input.kind === 'one-hot' ? [d.input.weights, d.input.rows] : [d.projected, job.occurring];
        k.gatherRows(gates, stride, table, rows, bias, this.tokensAt(d, t), count, d.gatePanels);
        continue;
      }
      let x: number;
      if (below) {
        x = this.outputAt(below, t);
      } else {
        x = this.step(d.denseInput, layout.inputPanels, t);
        k.scalarRows(x, this.tokensAt(d, t), input.kind === 'scalar' ? input.scale : 0, count);
      }
      k.multiply(gates, stride, x, stride, d.input.weights, count, d.input.rows / 16, d.gatePanels, bias);
    }
  }

  private outputAt(layer: LayerPlace, t: number): number {
    if (layer.output) return this.step(layer.output, layer.outputPanels, t);
    return this.step(layer.directions[0].h, layer.outputPanels, t + 1);
  }

  /** Writes `layer.output` if the output is not simply h. */
  private writeOutput(layer: LayerPlace): void {
    if (!layer.output) return;
    const { k, job } = this.part;
    for (let t = this.outputsFrom(layer); t < job.steps; t++) {
      let to = this.outputAt(layer, t);
      for (const d of layer.directions) {
        const h = this.step(d.h, d.unitPanels, t + 1);
        if (this.drops(layer)) this.dropout(to, h, d, t, layer.dropout);
        else k.copy(to, this.stride, h, this.stride, this.count, d.unitPanels);
        to += d.unitPanels * this.stride;
      }
    }
  }

  /** The first step whose output matters: for the top layer, the first one that has a target. */
  private outputsFrom(layer: LayerPlace): number {
    const { layout, job } = this.part;
    return layer === layout.layers.at(-1) ? job.firstLossStep : 0;
  }

  private drops(layer: LayerPlace): boolean {
    return layer.dropout > 0 && this.dropoutKey !== undefined;
  }

  private dropout(to: number, from: number, d: DirectionPlace, t: number, rate: number): void {
    const { stride, count, first } = this;
    const firstUnit = d.reverse ? d.units : 0;
    const key = this.dropoutKey!;
    this.part.k.dropout(to, from, stride, count, first, d.unitPanels, d.units, firstUnit, key, d.layer, t, rate);
  }

  /** Logits, losses, and (when training) the gradients of the logits, in place, and of the outputs of the top layer. */
  outputs(): void {
    const { stride, count } = this;
    const { k, layout, job } = this.part;
    const top = layout.layers.at(-1)!;
    const { output, outputBias, classPanels } = layout;
    for (let t = job.firstLossStep; t < job.steps; t++) {
      this.part.proceed();
      const logits = this.step(layout.logits, classPanels, t);
      const x = this.outputAt(top, t);
      k.multiply(logits, stride, x, stride, output.weights, count, output.rows / 16, classPanels, outputBias.weights);
      if (job.kind === 'evaluate') {
        // The logits are kept, because `evaluate` may need them.
        const copy = layout.scratchLogits + this.at;
        k.copy(copy, stride, logits, stride, count, classPanels);
        this.losses(copy, t);
        continue;
      }
      this.losses(logits, t);
      const dTop = this.step(top.dOutput, top.outputPanels, t);
      k.multiply(dTop, stride, logits, stride, output.transposed, count, classPanels, top.outputPanels, fromZero);
    }
  }

  /** The losses of step t; the logits become their gradients. */
  private losses(logits: number, t: number): void {
    const { stride, count, lossScale } = this;
    const { k, layout, job } = this.part;
    const cell = (t * job.batch + this.first) * 4;
    const weights = job.weighted ? layout.rowWeights + this.first * 4 : 0;
    const [targets, losses, correct] = [layout.targets + cell, layout.losses + cell, layout.correct + cell];
    const { output } = layout.spec;
    if (output.kind === 'softmax') {
      k.softmaxLoss(logits, stride, count, output.classes, targets, losses, correct, weights, lossScale);
    } else {
      k.sigmoidLoss(logits, count, targets, losses, correct, weights, lossScale);
    }
  }

  /** ∂L/∂gates of every layer, from the top down and from the last step back. */
  backward(): void {
    for (const layer of [...this.part.layout.layers].reverse()) {
      layer.directions.forEach((d, i) => this.backwardDirection(layer, d, i * d.unitPanels * this.stride));
    }
  }

  private backwardDirection(layer: LayerPlace, d: DirectionPlace, offset: number): void {
    const { stride, count } = this;
    const { k, layout, job } = this.part;
    const { unitPanels, gatePanels } = d;
    const cell = cells[layout.spec.cell];
    const dh = d.dh + this.at;
    const dc = d.dc + this.at;
    const from = this.outputsFrom(layer);
    k.clear(dh, stride, count, unitPanels);
    if (d.c) k.clear(dc, stride, count, unitPanels);
    for (let t = job.steps - 1; t >= 0; t--) {
      this.part.proceed();
      if (t >= from) {
        const dOutput = this.step(layer.dOutput, layer.outputPanels, t) + offset;
        if (this.drops(layer)) this.dropout(dOutput, dOutput, d, t, layer.dropout);
        k.addTo(dh, dOutput, stride, count, unitPanels);
      }
      const step = this.cellStep(d, t);
      cell.backward(k, step, dh, dc);
      if (t > 0) {
        const { recurrentGates } = step;
        const w = d.recurrent.transposed;
        k.multiply(dh, stride, recurrentGates, stride, w, count, gatePanels, unitPanels, cell.carriedBack);
      }
      if (d.dInput) {
        const panels = d.input.rows / 16;
        const dInput = this.step(d.dInput, panels, t);
        k.multiply(dInput, stride, step.gates, stride, d.input.transposed, count, gatePanels, panels, fromZero);
      }
    }
  }
}
