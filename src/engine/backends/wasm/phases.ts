/**
 * One training step as one thread does it. The step has phases, with a barrier after each (team.ts):
 *
 * 0. `projectTokens`    embeddings only: the input's part of the gates for each token that occurs in the batch, once; the
 *                       thread's own share of the tokens.
 * 1. `forwardBackward`  the thread's own rows of the batch through all layers and time steps and back. Rows are
 *                       independent, so nothing is shared and nothing waits.
 * 2. `sumGradients`     the thread's own columns of every weight gradient, summed over all rows and steps.
 *    `keepState`        the thread's own rows: where the next batch carries on.
 *    `embeddingGradient` embeddings only: the thread's own share of the tokens that occur.
 * 3. `sumSquares`       only when clipping by norm.
 * 4. `update`           the thread's own chunks of the parameters.
 * 5. `transposeWeights` the thread's own panels of the transposes that the backward pass reads.
 *
 * Every number is computed by the same chain of operations whichever thread does it, and sums over rows, steps and
 * chunks run in a fixed order: results do not depend on the number of threads, bit for bit.
 *
 * Phases 1 and 2 take nearly all of the time and change nothing that a later step reads. They call `proceed` every few
 * milliseconds, which throws when the step is to be given up.
 */
import { fromResult, fromZero, type Kernels } from './runtime';
import {
  chunkBytes,
  type DirectionPlace,
  type LayerPlace,
  type Layout,
  type MatrixPlace,
  type StatePlace,
} from './layout';

/** What is to be done, the same for all threads. */
export interface Job {
  kind: 'train' | 'gradients' | 'evaluate' | 'transpose';
  batch: number;
  steps: number;
  /** With embeddings: how many different tokens the batch has. */
  occurring: number;
  carry: boolean;
  /** First step that has a target; no loss before it. */
  firstLossStep: number;
  weighted: boolean;
  lossScale: number;
  dropoutKey: number;
  optimiser: 'sgd' | 'rmsprop' | 'adam';
  learningRate: number;
  beta1: number;
  beta2: number;
  rho: number;
  epsilon: number;
  clipValue: number;
  clipNorm: number;
  /** Adam's bias corrections 1 / (1 − βᵗ). */
  mScale: number;
  vScale: number;
}

/** A thread's share [begin, end) of `count` things, in multiples of `grain`. */
export function share(count: number, thread: number, threads: number, grain = 1): [number, number] {
  const cut = (i: number): number => (i === threads ? count : Math.floor((count * i) / threads / grain) * grain);
  return [cut(thread), cut(thread + 1)];
}

/** Phase 0. */
export function projectTokens(k: Kernels, layout: Layout, job: Job, thread: number, threads: number): void {
  const { embedding, inputPanels } = layout;
  const { ids, vectors } = layout.occurring!;
  const [first, end] = share(job.occurring, thread, threads, 2);
  const stride = job.occurring * 64;
  const at = first * 64;
  k.gatherVectors(vectors + at, stride, embedding!.weights, ids + first * 2, end - first, inputPanels);
  for (const d of layout.layers[0].directions) {
    const w = d.input.weights;
    k.multiply(d.projected + at, stride, vectors + at, stride, w, end - first, inputPanels, d.gatePanels, fromZero);
  }
}

/** Rows that go through all steps and back together: few enough to stay near the processor, a multiple of six (matrix.ts). */
const blockRows = 96;

/** Phase 1 for rows of this thread; with `evaluate` only the forward part, without dropout. */
export function forwardBackward(
  k: Kernels,
  layout: Layout,
  job: Job,
  thread: number,
  threads: number,
  proceed: () => void,
): void {
  const [begin, end] = share(job.batch, thread, threads, 2);
  for (let first = begin; first < end; first += blockRows) {
    const rows = new Rows(k, layout, job, first, Math.min(blockRows, end - first), proceed);
    rows.forward();
    rows.outputs();
    if (job.kind !== 'evaluate') rows.backward();
  }
}

/** What this thread's rows leave to the next batch, where it carries on. */
export function keepState(k: Kernels, layout: Layout, job: Job, thread: number, threads: number): void {
  if (!job.carry) return;
  const [begin, end] = share(job.batch, thread, threads, 2);
  new Rows(k, layout, job, begin, end - begin, () => undefined).keepState();
}

/** Rows [first, first + count) of the batch. `stride` is the distance of two panels: all rows of the batch. */
class Rows {
  private readonly stride: number;
  private readonly at: number;
  private readonly trains: boolean;

  constructor(
    private readonly k: Kernels,
    private readonly layout: Layout,
    private readonly job: Job,
    private readonly first: number,
    private readonly count: number,
    private readonly proceed: () => void,
  ) {
    this.stride = job.batch * 64;
    this.at = first * 64;
    this.trains = job.kind !== 'evaluate';
  }

  /** This thread's rows of step t of a buffer of `panels` panels a step. */
  private step(buffer: number, panels: number, t: number): number {
    return buffer + t * panels * this.stride + this.at;
  }

  private tokensAt(d: DirectionPlace, t: number): number {
    const tokens = d.reverse ? this.layout.reversedTokens : this.layout.tokens;
    return tokens + (t * this.job.batch + this.first) * 2;
  }

  forward(): void {
    for (const layer of this.layout.layers) {
      for (const d of layer.directions) {
        this.startState(d);
        this.inputPart(d);
        for (let t = 0; t < this.job.steps; t++) this.recurrentStep(d, t);
      }
      this.handOn(layer);
    }
  }

  /** A bidirectional network carries nothing, so there is one place a layer. */
  private carriedOf(d: DirectionPlace): StatePlace {
    const { h, c } = this.layout.carried[this.trains ? 'train' : 'evaluate'][d.layer];
    return { h: h + this.at, c: c + this.at };
  }

  private startState(d: DirectionPlace): void {
    const { k, stride, count } = this;
    const carried = this.carriedOf(d);
    const start = (slot: number, from: number): void => {
      if (this.job.carry) k.copy(slot + this.at, stride, from, stride, count, d.unitPanels);
      else k.clear(slot + this.at, stride, count, d.unitPanels);
    };
    start(d.h, carried.h);
    if (d.c) start(d.c, carried.c);
  }

  keepState(): void {
    const { k, layout, stride, count, job } = this;
    for (const { directions } of layout.layers) {
      const [d] = directions;
      const carried = this.carriedOf(d);
      k.copy(carried.h, stride, this.step(d.h, d.unitPanels, job.steps), stride, count, d.unitPanels);
      if (d.c) k.copy(carried.c, stride, this.step(d.c, d.unitPanels, job.steps), stride, count, d.unitPanels);
    }
  }

  /** gates = b + W·x for all steps: everything of the pre-activations that needs no state. */
  private inputPart(d: DirectionPlace): void {
    const { k, layout, stride, count } = this;
    const below = d.layer > 0 ? layout.layers[d.layer - 1] : undefined;
    const { input } = layout.spec;
    const bias = d.inputBias.weights;
    for (let t = 0; t < this.job.steps; t++) {
      this.proceed();
      const gates = this.step(d.gates, d.gatePanels, t);
      if (!below && input.kind !== 'scalar') {
        const [table, rows] =
          input.kind === 'one-hot' ? [d.input.weights, d.input.rows] : [d.projected, this.job.occurring];
        k.gatherRows(gates, stride, table, rows, bias, this.tokensAt(d, t), count, d.gatePanels);
        continue;
      }
      let x: number;
      if (below) {
        x = this.handedOn(below, t);
      } else {
        x = this.step(d.denseInput, layout.inputPanels, t);
        k.scalarRows(x, this.tokensAt(d, t), input.kind === 'scalar' ? input.scale : 0, count);
      }
      k.multiply(gates, stride, x, stride, d.input.weights, count, d.input.rows / 16, d.gatePanels, bias);
    }
  }

  private handedOn(layer: LayerPlace, t: number): number {
    if (layer.output) return this.step(layer.output, layer.outputPanels, t);
    return this.step(layer.directions[0].h, layer.outputPanels, t + 1);
  }

  private recurrentStep(d: DirectionPlace, t: number): void {
    this.proceed();
    const { k, stride, count } = this;
    const { unitPanels, gatePanels } = d;
    const gates = this.step(d.gates, gatePanels, t);
    const hOld = this.step(d.h, unitPanels, t);
    const h = this.step(d.h, unitPanels, t + 1);
    const w = d.recurrent.weights;
    switch (this.layout.spec.cell) {
      case 'lstm': {
        k.multiply(gates, stride, hOld, stride, w, count, unitPanels, gatePanels, fromResult);
        const cOld = this.step(d.c, unitPanels, t);
        const c = this.step(d.c, unitPanels, t + 1);
        k.lstmForward(gates, cOld, c, this.step(d.squashed, unitPanels, t), h, stride, count, unitPanels);
        break;
      }
      case 'gru': {
        const recurrent = this.step(d.recurrentGates, gatePanels, t);
        const start = d.recurrentBias!.weights;
        k.multiply(recurrent, stride, hOld, stride, w, count, unitPanels, gatePanels, start);
        k.gruForward(gates, recurrent, hOld, h, stride, count, unitPanels);
        break;
      }
      case 'rnn':
        k.multiply(gates, stride, hOld, stride, w, count, unitPanels, gatePanels, fromResult);
        k.rnnForward(gates, h, stride, count, unitPanels);
    }
  }

  /** Fills `layer.output` where what is handed on is not simply h. */
  private handOn(layer: LayerPlace): void {
    if (!layer.output) return;
    const { job } = this;
    const rate = this.trains ? layer.dropout : 0;
    for (let t = this.outputsFrom(layer); t < job.steps; t++) {
      let to = this.handedOn(layer, t);
      for (const d of layer.directions) {
        const h = this.step(d.h, d.unitPanels, t + 1);
        this.dropOrCopy(to, h, d, t, rate);
        to += d.unitPanels * this.stride;
      }
    }
  }

  /** The top layer's outputs matter only from the first loss on. */
  private outputsFrom(layer: LayerPlace): number {
    return layer === this.layout.layers.at(-1) ? this.job.firstLossStep : 0;
  }

  private dropOrCopy(to: number, from: number, d: DirectionPlace, t: number, rate: number): void {
    const { k, stride, count, first, job } = this;
    if (rate === 0) {
      if (to !== from) k.copy(to, stride, from, stride, count, d.unitPanels);
      return;
    }
    const firstUnit = d.reverse ? d.units : 0;
    k.dropout(to, from, stride, count, first, d.unitPanels, d.units, firstUnit, job.dropoutKey, d.layer, t, rate);
  }

  /** Logits, losses, and (when training) the gradients of the logits in their place and of the top layer's outputs. */
  outputs(): void {
    const { k, layout, job, stride, count, first } = this;
    const top = layout.layers.at(-1)!;
    const { output, outputBias, classPanels, spec } = layout;
    const weights = job.weighted ? layout.rowWeights + first * 4 : 0;
    for (let t = job.firstLossStep; t < job.steps; t++) {
      this.proceed();
      const logits = this.step(layout.logits, classPanels, t);
      const x = this.handedOn(top, t);
      const cell = (t * job.batch + first) * 4;
      k.multiply(logits, stride, x, stride, output.weights, count, output.rows / 16, classPanels, outputBias.weights);
      const [targets, losses, correct] = [layout.targets + cell, layout.losses + cell, layout.correct + cell];
      if (job.kind === 'evaluate') {
        // The logits stay: `evaluate` may want them.
        this.evaluateLogits(logits, targets, losses, correct);
        continue;
      }
      if (spec.output.kind === 'softmax') {
        k.softmaxLoss(logits, stride, count, spec.output.classes, targets, losses, correct, weights, job.lossScale);
      } else {
        k.sigmoidLoss(logits, count, targets, losses, correct, weights, job.lossScale);
      }
      const dTop = this.step(top.dOutput, top.outputPanels, t);
      k.multiply(dTop, stride, logits, stride, output.transposed, count, classPanels, top.outputPanels, fromZero);
    }
  }

  /** Losses of a copy of the logits. */
  private evaluateLogits(logits: number, targets: number, losses: number, correct: number): void {
    const { k, layout, stride, count, job } = this;
    const scratch = layout.scratchLogits + this.at;
    k.copy(scratch, stride, logits, stride, count, layout.classPanels);
    const { output } = layout.spec;
    if (output.kind === 'softmax') {
      k.softmaxLoss(scratch, stride, count, output.classes, targets, losses, correct, 0, job.lossScale);
    } else {
      k.sigmoidLoss(scratch, count, targets, losses, correct, 0, job.lossScale);
    }
  }

  /** ∂L/∂gates of every layer, from the top down and from the last step back. */
  backward(): void {
    for (const layer of [...this.layout.layers].reverse()) {
      layer.directions.forEach((d, i) => this.backwardDirection(layer, d, i * d.unitPanels * this.stride));
    }
  }

  private backwardDirection(layer: LayerPlace, d: DirectionPlace, offset: number): void {
    const { k, stride, count, job } = this;
    const { unitPanels, gatePanels } = d;
    const dh = d.dh + this.at;
    const dc = d.dc + this.at;
    const from = this.outputsFrom(layer);
    k.clear(dh, stride, count, unitPanels);
    if (d.c) k.clear(dc, stride, count, unitPanels);
    for (let t = job.steps - 1; t >= 0; t--) {
      this.proceed();
      if (t >= from) {
        const dOutput = this.step(layer.dOutput, layer.outputPanels, t) + offset;
        this.dropOrCopy(dOutput, dOutput, d, t, layer.dropout);
        k.addTo(dh, dOutput, stride, count, unitPanels);
      }
      const gates = this.step(d.gates, gatePanels, t);
      const hOld = this.step(d.h, unitPanels, t);
      const back = d.recurrent.transposed;
      switch (this.layout.spec.cell) {
        case 'lstm': {
          const cOld = this.step(d.c, unitPanels, t);
          k.lstmBackward(gates, cOld, this.step(d.squashed, unitPanels, t), dh, dc, stride, count, unitPanels);
          if (t > 0) k.multiply(dh, stride, gates, stride, back, count, gatePanels, unitPanels, fromZero);
          break;
        }
        case 'gru': {
          const recurrent = this.step(d.recurrentGates, gatePanels, t);
          k.gruBackward(gates, recurrent, hOld, dh, stride, count, unitPanels);
          if (t > 0) k.multiply(dh, stride, recurrent, stride, back, count, gatePanels, unitPanels, fromResult);
          break;
        }
        case 'rnn':
          k.rnnBackward(gates, dh, stride, count, unitPanels);
          if (t > 0) k.multiply(dh, stride, gates, stride, back, count, gatePanels, unitPanels, fromZero);
      }
      if (d.dInput) {
        const dInput = this.step(d.dInput, d.input.rows / 16, t);
        k.multiply(dInput, stride, gates, stride, d.input.transposed, count, gatePanels, d.input.rows / 16, fromZero);
      }
    }
  }
}

/** Rows that `weightGradient` takes between two questions whether to go on: four of its own blocks. */
const gradientRows = 768;

/** Phase 2: this thread's panels of every gradient, over all rows and steps. */
export function sumGradients(
  k: Kernels,
  layout: Layout,
  job: Job,
  thread: number,
  threads: number,
  proceed: () => void,
): void {
  const { batch, steps } = job;
  const stride = batch * 64;
  const at = (buffer: number, panels: number, t: number): number => buffer + t * panels * stride;

  const addMatrix = (
    place: MatrixPlace,
    a: number,
    aPanels: number,
    g: number,
    t: number,
    count: number,
    begin: number,
    end: number,
  ): void => {
    const [aStep, gStep] = [aPanels * stride, place.panels * stride];
    const piece = Math.max(1, Math.floor(gradientRows / batch));
    for (let from = t; from < t + count; from += piece) {
      proceed();
      k.weightGradient(
        place.gradients,
        at(a, aPanels, from),
        stride,
        aStep,
        at(g, place.panels, from),
        stride,
        gStep,
        batch,
        Math.min(piece, t + count - from),
        aPanels,
        begin,
        end,
      );
    }
  };
  const clearPanels = (gradients: number, bytesPerPanel: number, begin: number, end: number): void => {
    k.clear(gradients + begin * bytesPerPanel, 0, (end - begin) * (bytesPerPanel / 64), 1);
  };

  for (const layer of layout.layers) {
    for (const d of layer.directions) {
      const [begin, end] = share(d.gatePanels, thread, threads);
      if (begin === end) continue;
      const tokens = d.reverse ? layout.reversedTokens : layout.tokens;
      const gru = layout.spec.cell === 'gru';
      const recurrentGates = gru ? d.recurrentGates : d.gates;
      clearPanels(d.recurrent.gradients, d.recurrent.rows * 64, begin, end);
      addMatrix(d.recurrent, d.h, d.unitPanels, recurrentGates, 0, steps, begin, end);
      clearPanels(d.input.gradients, d.input.rows * 64, begin, end);
      if (d.layer > 0) {
        const below = layout.layers[d.layer - 1];
        const source = below.output || at(below.directions[0].h, below.outputPanels, 1);
        addMatrix(d.input, source, below.outputPanels, d.gates, 0, steps, begin, end);
      } else if (layout.spec.input.kind === 'scalar') {
        addMatrix(d.input, d.denseInput, layout.inputPanels, d.gates, 0, steps, begin, end);
      } else {
        // Added up token by token; with embeddings in a table of the tokens that occur, whose product comes after.
        const rows = layout.occurring ? job.occurring : d.input.rows;
        const table = layout.occurring ? d.dProjected : d.input.gradients;
        if (layout.occurring) k.clear(table + begin * rows * 64, rows * 64, rows, end - begin);
        for (let t = 0; t < steps; t++) {
          const g = at(d.gates, d.gatePanels, t);
          k.scatterRows(table, rows, g, stride, tokens + t * batch * 2, batch, begin, end);
        }
        if (layout.occurring && rows > 0) {
          const { vectors } = layout.occurring;
          const panels = layout.inputPanels;
          k.weightGradient(d.input.gradients, vectors, rows * 64, 0, table, rows * 64, 0, rows, 1, panels, begin, end);
        }
      }
      clearPanels(d.inputBias.gradients, 64, begin, end);
      k.sumRows(d.inputBias.gradients, d.gates, stride, d.gatePanels * stride, batch, steps, begin, end);
      if (d.recurrentBias) {
        clearPanels(d.recurrentBias.gradients, 64, begin, end);
        k.sumRows(d.recurrentBias.gradients, recurrentGates, stride, d.gatePanels * stride, batch, steps, begin, end);
      }
    }
  }

  const top = layout.layers.at(-1)!;
  const first = job.firstLossStep;
  const [begin, end] = share(layout.classPanels, thread, threads);
  if (end > begin) {
    clearPanels(layout.output.gradients, layout.output.rows * 64, begin, end);
    const source = top.output || at(top.directions[0].h, top.outputPanels, 1);
    addMatrix(layout.output, source, top.outputPanels, layout.logits, first, steps - first, begin, end);
    clearPanels(layout.outputBias.gradients, 64, begin, end);
    const logits = at(layout.logits, layout.classPanels, first);
    k.sumRows(
      layout.outputBias.gradients,
      logits,
      stride,
      layout.classPanels * stride,
      batch,
      steps - first,
      begin,
      end,
    );
  }

  if (layout.embedding?.trainable) {
    const { gradients, rows, panels } = layout.embedding;
    const [from, to] = share(rows, thread, threads);
    k.clear(gradients + from * panels * 64, 0, (to - from) * panels, 1);
  }
}

/** After phase 2, where an embedding learns: the gradients of the vectors that occur; all others are 0. */
export function embeddingGradient(k: Kernels, layout: Layout, job: Job, thread: number, threads: number): void {
  const { gradients, panels } = layout.embedding!;
  const { ids, dVectors } = layout.occurring!;
  const [first, end] = share(job.occurring, thread, threads, 2);
  const stride = job.occurring * 64;
  const at = first * 64;
  const rows = end - first;
  layout.layers[0].directions.forEach((d, i) => {
    const w = d.input.transposed;
    const start = i === 0 ? fromZero : fromResult;
    k.multiply(dVectors + at, stride, d.dProjected + at, stride, w, rows, d.gatePanels, panels, start);
  });
  k.scatterVectors(gradients, dVectors + at, stride, ids + first * 2, rows, panels, 0, panels);
}

/** This thread's chunks of the trainable block. */
function forChunks(
  layout: Layout,
  thread: number,
  threads: number,
  visit: (offset: number, bytes: number, chunk: number) => void,
): void {
  const chunks = Math.ceil(layout.trainableBytes / chunkBytes);
  const [begin, end] = share(chunks, thread, threads);
  for (let chunk = begin; chunk < end; chunk++) {
    const offset = chunk * chunkBytes;
    visit(offset, Math.min(chunkBytes, layout.trainableBytes - offset), chunk);
  }
}

/** Phase 3: partial sums of squares of the gradient, elements clipped to [-limit, limit] first (0: not). */
export function sumSquares(
  k: Kernels,
  layout: Layout,
  partial: Float64Array,
  limit: number,
  thread: number,
  threads: number,
): void {
  forChunks(layout, thread, threads, (offset, bytes, chunk) => {
    partial[chunk] = k.sumOfSquares(layout.gradients + offset, bytes, limit);
  });
}

/** Phase 4. `scale` multiplies the clipped gradient. */
export function update(k: Kernels, layout: Layout, job: Job, scale: number, thread: number, threads: number): void {
  const { learningRate, clipValue } = job;
  const [s0, s1] = layout.slots;
  forChunks(layout, thread, threads, (offset, bytes) => {
    const [w, g] = [layout.trainable + offset, layout.gradients + offset];
    switch (job.optimiser) {
      case 'sgd':
        k.sgd(w, g, bytes, learningRate, clipValue, scale);
        break;
      case 'rmsprop':
        k.rmsprop(w, g, s0 + offset, bytes, learningRate, job.rho, job.epsilon, clipValue, scale);
        break;
      case 'adam':
        k.adam(
          w,
          g,
          s0 + offset,
          s1 + offset,
          bytes,
          learningRate,
          job.beta1,
          job.beta2,
          job.epsilon,
          job.mScale,
          job.vScale,
          clipValue,
          scale,
        );
    }
  });
}

/** Phase 5. */
export function transposeWeights(k: Kernels, layout: Layout, thread: number, threads: number): void {
  const places = layout.layers.flatMap((layer) => layer.directions.flatMap((d) => [d.input, d.recurrent]));
  for (const place of [...places, layout.output]) {
    if (!place.transposed) continue;
    const [begin, end] = share(place.rows / 16, thread, threads);
    k.transpose(place.transposed, place.weights, place.rows / 16, place.panels, begin, end);
  }
}
