/**
 * Where everything of one network lies in the shared memory, and the way in and out of it. Matrices are panels of 16
 * columns (src/engine/kernels/matrix.ts); units, classes and dimensions are padded to whole panels with zeros, which
 * stay zeros: a padded unit's weights have no gradient, a padded class has the bias -1e30 and so the probability 0.
 *
 * All offsets are bytes. B rows (the batch), T steps, Hp units padded, N gate columns (gates · Hp), Vp classes padded.
 */
import {
  gatesOf,
  inputSize,
  outputSize,
  parameterLayout,
  stateSize,
  type NetworkSpec,
  type TensorSpec,
} from '../../model/networkSpec';
import type { NetworkLimits } from '../backend';
import { reservedBytes } from './runtime';

/** A weight matrix in panels: `rows` rows (K, what multiplies it), `panels` panels of columns. */
export interface MatrixPlace {
  weights: number;
  gradients: number;
  /** The transpose, kept for the backward pass; 0 where it is not needed. */
  transposed: number;
  rows: number;
  panels: number;
}

export interface VectorPlace {
  weights: number;
  gradients: number;
}

/** One layer in one direction. */
export interface DirectionPlace {
  layer: number;
  reverse: boolean;
  units: number;
  unitPanels: number;
  gatePanels: number;
  input: MatrixPlace;
  recurrent: MatrixPlace;
  inputBias: VectorPlace;
  /** GRU only. */
  recurrentBias?: VectorPlace;
  /** [T][gates]: pre-activations, then activations, then their gradients. */
  gates: number;
  /** GRU: [T][gates], the recurrent part and then its gradients. */
  recurrentGates: number;
  /** [T + 1] h; slot 0 is the initial state. */
  h: number;
  /** LSTM: [T + 1] c. */
  c: number;
  /** LSTM: [T] tanh c. */
  squashed: number;
  /** [T] numbers that enter, for layer 0 with scalars. */
  denseInput: number;
  /** Layer 0 with embeddings: W·x of the tokens that occur in a batch, one row each (`Layout.occurring`). */
  projected: number;
  /** Its gradients. */
  dProjected: number;
  /** [1] gradients handed from step to step. */
  dh: number;
  dc: number;
  /** [T] gradients of what the layer below handed on. */
  dInput: number;
}

export interface LayerPlace {
  directions: DirectionPlace[];
  dropout: number;
  /** Panels handed on: those of all directions. */
  outputPanels: number;
  /** [T] what is handed on, where that is not simply h: after dropout, or both directions joined. Else 0. */
  output: number;
  /** [T] its gradients. */
  dOutput: number;
}

/** State carried from batch to batch: per direction h and c, [B] each. */
export interface CarriedPlace {
  h: number[];
  c: number[];
}

export interface Layout {
  spec: NetworkSpec;
  limits: NetworkLimits;
  layers: LayerPlace[];
  embedding?: VectorPlace & { rows: number; panels: number; trainable: boolean };
  /** With embeddings: the tokens of a batch, each once. `ids` are 16-bit, `vectors` and `dVectors` one row a token. */
  occurring?: { ids: number; vectors: number; dVectors: number };
  inputPanels: number;
  output: MatrixPlace;
  outputBias: VectorPlace;
  classPanels: number;
  logits: number;
  /** [1], for losses of logits that must stay. */
  scratchLogits: number;
  /** Ids; with embeddings, places among the tokens that occur. */
  tokens: number;
  reversedTokens: number;
  targets: number;
  losses: number;
  correct: number;
  rowWeights: number;
  carried: { train: CarriedPlace; evaluate: CarriedPlace };
  /** The trainable parameters and their gradients, each one contiguous block of `trainableBytes`. */
  trainable: number;
  gradients: number;
  slots: number[];
  trainableBytes: number;
  /** Float64 partial sums of squares, one a chunk of the trainable block. */
  partialSums: number;
  /** States or logits on their way in or out, one flat row after the other. */
  flat: number;
  /** Work space of `step`, one state a stream. */
  step: {
    directions: { gates: number; recurrentGates: number; h: number[]; c: number[]; squashed: number }[];
    input: number;
    logits: number;
    tokens: number;
  };
  bytes: number;
}

/** Bytes of the trainable block that are updated together; also the unit of the gradient norm's partial sums. */
export const chunkBytes = 16384;

export const panelsFor = (columns: number): number => Math.ceil(columns / 16);

export function createLayout(spec: NetworkSpec, limits: NetworkLimits): Layout {
  const { batch: B, steps: T, streams: S } = limits;
  const trains = B > 0;
  let end = reservedBytes;
  const take = (bytes: number): number => {
    const at = end;
    end += Math.ceil(bytes / 64) * 64;
    return at;
  };

  // The trainable block first, then the frozen table, then gradients in the order of the trainable block.
  const inputPanels = panelsFor(inputSize(spec));
  const oneHot = spec.input.kind === 'one-hot';
  const gates = gatesOf[spec.cell];
  const trainable = end;
  const matrix = (rows: number, panels: number): MatrixPlace => ({
    weights: take(rows * panels * 64),
    gradients: 0,
    transposed: 0,
    rows,
    panels,
  });
  const vector = (panels: number): VectorPlace => ({ weights: take(panels * 64), gradients: 0 });

  const layers: LayerPlace[] = [];
  let below = inputPanels * 16;
  spec.layers.forEach((layer, l) => {
    const unitPanels = panelsFor(layer.units);
    const gatePanels = gates * unitPanels;
    const directions = (layer.bidirectional ? [false, true] : [false]).map((reverse): DirectionPlace => ({
      layer: l,
      reverse,
      units: layer.units,
      unitPanels,
      gatePanels,
      input: matrix(l === 0 && oneHot ? inputSize(spec) : below, gatePanels),
      recurrent: matrix(unitPanels * 16, gatePanels),
      inputBias: vector(gatePanels),
      recurrentBias: spec.cell === 'gru' ? vector(gatePanels) : undefined,
      gates: 0,
      recurrentGates: 0,
      h: 0,
      c: 0,
      squashed: 0,
      denseInput: 0,
      projected: 0,
      dProjected: 0,
      dh: 0,
      dc: 0,
      dInput: 0,
    }));
    below = unitPanels * 16 * directions.length;
    layers.push({ directions, dropout: layer.dropout, outputPanels: below / 16, output: 0, dOutput: 0 });
  });
  const classPanels = panelsFor(outputSize(spec));
  const output = matrix(below, classPanels);
  const outputBias = vector(classPanels);
  const { input } = spec;
  let embedding: Layout['embedding'];
  if (input.kind === 'embedding') {
    const rowBytes = panelsFor(input.dimensions) * 64;
    if (!input.trainable) end = Math.ceil(end / chunkBytes) * chunkBytes;
    embedding = { weights: 0, gradients: 0, rows: input.vocabulary, panels: rowBytes / 64, trainable: input.trainable };
    if (input.trainable) embedding.weights = take(input.vocabulary * rowBytes);
  }
  const trainableBytes = end - trainable;
  if (embedding && !embedding.trainable) embedding.weights = take(embedding.rows * embedding.panels * 64);

  const layout: Layout = {
    spec,
    limits,
    layers,
    embedding,
    inputPanels,
    output,
    outputBias,
    classPanels,
    logits: 0,
    scratchLogits: 0,
    tokens: 0,
    reversedTokens: 0,
    targets: 0,
    losses: 0,
    correct: 0,
    rowWeights: 0,
    carried: { train: { h: [], c: [] }, evaluate: { h: [], c: [] } },
    trainable,
    gradients: 0,
    slots: [],
    trainableBytes,
    partialSums: 0,
    flat: take(Math.max(B, S) * Math.max(stateSize(spec), outputSize(spec)) * 4),
    step: {
      directions: [],
      input: take(S * inputPanels * 64),
      logits: take(S * classPanels * 64),
      tokens: take(S * 2),
    },
    bytes: 0,
  };
  for (const { directions } of layers) {
    const d = directions[0];
    const state = (): number => take(S * d.unitPanels * 64);
    layout.step.directions.push({
      gates: take(S * d.gatePanels * 64),
      recurrentGates: spec.cell === 'gru' ? take(S * d.gatePanels * 64) : 0,
      h: [state(), state()],
      c: spec.cell === 'lstm' ? [state(), state()] : [0, 0],
      squashed: spec.cell === 'lstm' ? state() : 0,
    });
  }
  if (trains) {
    layout.gradients = take(trainableBytes);
    layout.slots = [take(trainableBytes), take(trainableBytes)];
    layout.partialSums = take(Math.ceil(trainableBytes / chunkBytes) * 8);
    placeWorkspace(layout, B, T, take);
  }
  layout.bytes = end;
  return layout;

  function placeWorkspace(layout: Layout, B: number, T: number, take: (bytes: number) => number): void {
    const toGradient = layout.gradients - layout.trainable;
    const learns = layout.embedding?.trainable;
    const mostOccurring = layout.embedding ? Math.min(B * T, layout.embedding.rows) : 0;
    const withGradient = (place: VectorPlace | undefined): void => {
      if (place) place.gradients = place.weights + toGradient;
    };
    const transposedToo = (place: MatrixPlace): void => {
      place.transposed = take(Math.ceil(place.rows / 16) * 16 * place.panels * 64);
    };
    const perStep = B * 64;
    for (const layer of layout.layers) {
      for (const d of layer.directions) {
        for (const place of [d.input, d.recurrent, d.inputBias, d.recurrentBias]) withGradient(place);
        transposedToo(d.recurrent);
        d.gates = take(T * d.gatePanels * perStep);
        if (spec.cell === 'gru') d.recurrentGates = take(T * d.gatePanels * perStep);
        d.h = take((T + 1) * d.unitPanels * perStep);
        if (spec.cell === 'lstm') {
          d.c = take((T + 1) * d.unitPanels * perStep);
          d.squashed = take(T * d.unitPanels * perStep);
        }
        if (d.layer === 0 && spec.input.kind === 'scalar') d.denseInput = take(T * layout.inputPanels * perStep);
        if (d.layer === 0 && layout.embedding) {
          d.projected = take(mostOccurring * d.gatePanels * 64);
          d.dProjected = take(mostOccurring * d.gatePanels * 64);
        }
        d.dh = take(d.unitPanels * perStep);
        d.dc = take(d.unitPanels * perStep);
        if (d.layer > 0 || learns) transposedToo(d.input);
        // A layer's input gradients are the gradients of what the layer below handed on.
        if (d.layer > 0) d.dInput = layout.layers[d.layer - 1].dOutput;
        for (const carried of [layout.carried.train, layout.carried.evaluate]) {
          carried.h.push(take(d.unitPanels * perStep));
          carried.c.push(spec.cell === 'lstm' ? take(d.unitPanels * perStep) : 0);
        }
      }
      if (layer.dropout > 0 || layer.directions.length > 1) layer.output = take(T * layer.outputPanels * perStep);
      layer.dOutput = take(T * layer.outputPanels * perStep);
    }
    withGradient(layout.output);
    withGradient(layout.outputBias);
    transposedToo(layout.output);
    if (learns) withGradient(layout.embedding);
    if (layout.embedding) {
      layout.occurring = {
        ids: take(mostOccurring * 2),
        vectors: take(mostOccurring * layout.inputPanels * 64),
        dVectors: learns ? take(mostOccurring * layout.inputPanels * 64) : 0,
      };
    }
    layout.logits = take(T * layout.classPanels * perStep);
    layout.scratchLogits = take(layout.classPanels * perStep);
    layout.tokens = take(T * B * 2);
    layout.reversedTokens = take(T * B * 2);
    layout.targets = take(T * B * 4);
    layout.losses = take(T * B * 4);
    layout.correct = take(T * B * 4);
    layout.rowWeights = take(B * 4);
  }
}

/**
 * Calls `visit(outside, inside)` for every stretch of every tensor: `outside` indexes the flat unpadded block, `inside`
 * is the float32 index within a padded block that begins where the trainable block begins. Rows of PyTorch's matrices
 * are columns here, so stretches are single numbers except for an embedding.
 */
export function forEachElement(layout: Layout, visit: (outside: number, inside: number) => void): void {
  const { spec } = layout;
  const gates = gatesOf[spec.cell];
  const directionOf = (t: TensorSpec): DirectionPlace => layout.layers[t.layer].directions[t.reverse ? 1 : 0];
  for (const t of parameterLayout(spec)) {
    if (t.role === 'embedding') {
      const { weights, panels } = layout.embedding!;
      const [rows, columns] = t.shape;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++)
          visit(t.offset + r * columns + c, (weights - layout.trainable) / 4 + r * panels * 16 + c);
      }
      continue;
    }
    const output = t.role === 'outputWeights' || t.role === 'outputBias';
    const units = output ? t.shape[0] : directionOf(t).units;
    const padded = panelsFor(units) * 16;
    const place: VectorPlace & { rows?: number } =
      t.role === 'outputWeights'
        ? layout.output
        : t.role === 'outputBias'
          ? layout.outputBias
          : t.role === 'inputWeights'
            ? directionOf(t).input
            : t.role === 'recurrentWeights'
              ? directionOf(t).recurrent
              : t.role === 'inputBias'
                ? directionOf(t).inputBias
                : directionOf(t).recurrentBias!;
    const base = (place.weights - layout.trainable) / 4;
    // Where the padded column of unpadded row `r` (gate · units + unit) lies.
    const column = (r: number): number => Math.floor(r / units) * padded + (r % units);
    const rows = output ? units : gates * units;
    if (t.shape.length === 1) {
      for (let r = 0; r < rows; r++) visit(t.offset + r, base + column(r));
      continue;
    }
    const width = t.shape[1];
    // Both halves of a bidirectional layer's output are padded apart.
    const half = t.role === 'outputWeights' ? layout.layers.at(-1)!.directions[0].units : width;
    const halfPadded = t.role === 'outputWeights' ? panelsFor(half) * 16 : width;
    for (let r = 0; r < rows; r++) {
      const c = column(r);
      const panel = base + (c >> 4) * place.rows! * 16 + (c & 15);
      for (let k = 0; k < width; k++) {
        const row = Math.floor(k / half) * halfPadded + (k % half);
        visit(t.offset + r * width + k, panel + row * 16);
      }
    }
  }
}
