/**
 * The layout of a network in the shared memory, and the conversion to and from it. Matrices are panels of 16 columns
 * (src/engine/kernels/matrix.ts); units, classes and dimensions are padded to whole panels with zeros, which stay
 * zeros: a padded unit's weights have no gradient, a padded class has the bias -1e30 and so the probability 0.
 *
 * All offsets are in bytes. B rows (the batch), T steps.
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
import type { Kernels } from './kernels';
import { reservedBytes } from './runtime';

/** A matrix in panels: `rows` rows (K, the inner dimension), `panels` panels of columns. */
export interface MatrixWeights {
  weights: number;
  rows: number;
  panels: number;
}

export interface VectorWeights {
  weights: number;
}

/** The parameters of one layer in one direction. */
export interface DirectionWeights {
  units: number;
  unitPanels: number;
  gatePanels: number;
  input: MatrixWeights;
  recurrent: MatrixWeights;
  inputBias: VectorWeights;
  /** GRU only. */
  recurrentBias?: VectorWeights;
}

/** The positions of a network's parameters, which are all that a stepper needs. */
export interface Weights {
  spec: NetworkSpec;
  /** `outputPanels`: the panels of the output of all directions. */
  layers: { directions: DirectionWeights[]; outputPanels: number }[];
  embedding?: MatrixWeights & { trainable: boolean };
  inputPanels: number;
  output: MatrixWeights;
  outputBias: VectorWeights;
  classPanels: number;
  /** The trainable parameters are one block, followed by a frozen embedding. */
  trainable: number;
  trainableBytes: number;
}

export interface MatrixPlace extends MatrixWeights {
  gradients: number;
  /** The transpose, kept for the backward pass; 0 if it is not needed. */
  transposed: number;
}

export interface VectorPlace extends VectorWeights {
  gradients: number;
}

/** One layer in one direction. */
export interface DirectionPlace extends DirectionWeights {
  layer: number;
  reverse: boolean;
  input: MatrixPlace;
  recurrent: MatrixPlace;
  inputBias: VectorPlace;
  recurrentBias?: VectorPlace;
  /** [T][gates]: pre-activations, then activations, then their gradients. */
  gates: number;
  /** GRU: [T][gates], the recurrent part, then its gradients; otherwise `gates` themselves. */
  recurrentGates: number;
  /** [T + 1] h; slot 0 is the initial state. */
  h: number;
  /** LSTM: [T + 1] c. */
  c: number;
  /** LSTM: [T] tanh c. */
  squashed: number;
  /** Layer 0 with scalars: [T] inputs. */
  denseInput: number;
  /** Layer 0 with embeddings: W·x of the tokens occurring in a batch, one row each (`Layout.occurring`). */
  projected: number;
  /** Its gradients. */
  dProjected: number;
  /** [1] gradients passed from step to step. */
  dh: number;
  dc: number;
  /** [T] gradients of the output of the layer below. */
  dInput: number;
}

export interface LayerPlace {
  directions: DirectionPlace[];
  dropout: number;
  outputPanels: number;
  /** [T] the output, if it is not simply h: after dropout, or both directions concatenated. Otherwise 0. */
  output: number;
  /** [T] its gradients. */
  dOutput: number;
}

/** The recurrent state of one layer, [rows]; `c` is 0 unless it is an LSTM. */
export interface StatePlace {
  h: number;
  c: number;
}

export interface Layout extends Weights {
  limits: NetworkLimits;
  layers: LayerPlace[];
  embedding?: MatrixPlace & { trainable: boolean };
  output: MatrixPlace;
  outputBias: VectorPlace;
  /**
   * With embeddings: the tokens of a batch, each once. `ids` are 16-bit, `vectors` and `dVectors` have one row per
   * token.
   */
  occurring?: { ids: number; vectors: number; dVectors: number };
  logits: number;
  /** [1] a copy of logits that must be kept, which their losses overwrite. */
  scratchLogits: number;
  /** Ids; with embeddings, indices into the occurring tokens. */
  tokens: number;
  reversedTokens: number;
  targets: number;
  losses: number;
  correct: number;
  rowWeights: number;
  /** The states carried from batch to batch, one per layer, [B]. */
  carried: { train: StatePlace[]; evaluate: StatePlace[] };
  /** The gradients and the optimiser's slots of the trainable parameters, each a block of `trainableBytes`. */
  gradients: number;
  slots: number[];
  /** Float64 partial sums of squares, one per chunk of the trainable block. */
  partialSums: number;
  /** States or logits on their way in or out, as flat rows. */
  flat: number;
  bytes: number;
}

/** The number of bytes of the trainable block that are updated together, and that a partial sum of the norm covers. */
export const chunkBytes = 16384;

const panelsFor = (columns: number): number => Math.ceil(columns / 16);

/** Allocates the memory from its beginning, in whole cache lines. */
export class Arena {
  end = reservedBytes;

  take(bytes: number): number {
    const at = this.end;
    this.end += Math.ceil(bytes / 64) * 64;
    return at;
  }

  /** A matrix of panels, [rows, 16 · panels]. */
  takePanels(rows: number, panels: number): number {
    return this.take(rows * panels * 64);
  }
}

/** Allocates all parameters: the trainable block first, then a frozen embedding. */
export function placeWeights(spec: NetworkSpec, arena: Arena): Weights {
  const matrix = (rows: number, panels: number): MatrixWeights => ({
    weights: arena.takePanels(rows, panels),
    rows,
    panels,
  });
  const vector = (panels: number): VectorWeights => ({ weights: arena.takePanels(1, panels) });
  const trainable = arena.end;
  const { input } = spec;
  const inputPanels = panelsFor(inputSize(spec));
  let below = input.kind === 'one-hot' ? inputSize(spec) : inputPanels * 16;
  const layers = spec.layers.map(({ units, bidirectional }) => {
    const unitPanels = panelsFor(units);
    const gatePanels = gatesOf[spec.cell] * unitPanels;
    const direction = (): DirectionWeights => ({
      units,
      unitPanels,
      gatePanels,
      input: matrix(below, gatePanels),
      recurrent: matrix(unitPanels * 16, gatePanels),
      inputBias: vector(gatePanels),
      recurrentBias: spec.cell === 'gru' ? vector(gatePanels) : undefined,
    });
    const directions = bidirectional ? [direction(), direction()] : [direction()];
    const outputPanels = unitPanels * directions.length;
    below = outputPanels * 16;
    return { directions, outputPanels };
  });
  const classPanels = panelsFor(outputSize(spec));
  const output = matrix(below, classPanels);
  const outputBias = vector(classPanels);
  const embedding =
    input.kind === 'embedding' ? { ...matrix(input.vocabulary, inputPanels), trainable: input.trainable } : undefined;
  const end = embedding && !embedding.trainable ? embedding.weights : arena.end;
  const trainableBytes = end - trainable;
  return { spec, layers, embedding, inputPanels, output, outputBias, classPanels, trainable, trainableBytes };
}

/** The layout of a network that trains batches up to the limits. */
export function createLayout(spec: NetworkSpec, limits: NetworkLimits): Layout {
  const { batch: B, steps: T } = limits;
  const arena = new Arena();
  const weights = placeWeights(spec, arena);
  const { trainable, trainableBytes, inputPanels, classPanels } = weights;
  const gradients = arena.take(trainableBytes);
  const vector = (place: VectorWeights): VectorPlace => ({
    ...place,
    gradients: place.weights + gradients - trainable,
  });
  const matrix = (place: MatrixWeights, transposed: boolean): MatrixPlace => ({
    ...place,
    ...vector(place),
    transposed: transposed ? arena.takePanels(Math.ceil(place.rows / 16) * 16, place.panels) : 0,
  });
  const learns = weights.embedding?.trainable === true;
  const occurring = weights.embedding ? Math.min(B * T, weights.embedding.rows) : 0;
  const lstm = spec.cell === 'lstm';
  const perStep = (panels: number, steps = T): number => arena.takePanels(steps * B, panels);

  const placeGates = (panels: number): Pick<DirectionPlace, 'gates' | 'recurrentGates'> => {
    const gates = perStep(panels);
    return { gates, recurrentGates: spec.cell === 'gru' ? perStep(panels) : gates };
  };

  const layers: LayerPlace[] = [];
  weights.layers.forEach(({ directions, outputPanels }, l) => {
    const { dropout } = spec.layers[l];
    const first = l === 0;
    layers.push({
      directions: directions.map((d, i) => ({
        ...d,
        layer: l,
        reverse: i === 1,
        input: matrix(d.input, !first || learns),
        recurrent: matrix(d.recurrent, true),
        inputBias: vector(d.inputBias),
        recurrentBias: d.recurrentBias && vector(d.recurrentBias),
        ...placeGates(d.gatePanels),
        h: perStep(d.unitPanels, T + 1),
        c: lstm ? perStep(d.unitPanels, T + 1) : 0,
        squashed: lstm ? perStep(d.unitPanels) : 0,
        denseInput: first && spec.input.kind === 'scalar' ? perStep(inputPanels) : 0,
        projected: first ? arena.takePanels(occurring, d.gatePanels) : 0,
        dProjected: first ? arena.takePanels(occurring, d.gatePanels) : 0,
        dh: perStep(d.unitPanels, 1),
        dc: perStep(d.unitPanels, 1),
        // The input gradients of a layer are the gradients of the output of the layer below.
        dInput: first ? 0 : layers[l - 1].dOutput,
      })),
      dropout,
      outputPanels,
      output: dropout > 0 || directions.length > 1 ? perStep(outputPanels) : 0,
      dOutput: perStep(outputPanels),
    });
  });
  const carried = (): StatePlace[] =>
    layers.map(({ directions: [{ unitPanels }] }) => ({
      h: perStep(unitPanels, 1),
      c: lstm ? perStep(unitPanels, 1) : 0,
    }));
  return {
    ...weights,
    limits,
    layers,
    embedding: weights.embedding && { ...weights.embedding, ...matrix(weights.embedding, false) },
    output: matrix(weights.output, true),
    outputBias: vector(weights.outputBias),
    occurring: weights.embedding && {
      ids: arena.take(occurring * 2),
      vectors: arena.takePanels(occurring, inputPanels),
      dVectors: learns ? arena.takePanels(occurring, inputPanels) : 0,
    },
    logits: perStep(classPanels),
    scratchLogits: perStep(classPanels, 1),
    tokens: arena.take(T * B * 2),
    reversedTokens: arena.take(T * B * 2),
    targets: arena.take(T * B * 4),
    losses: arena.take(T * B * 4),
    correct: arena.take(T * B * 4),
    rowWeights: arena.take(B * 4),
    carried: { train: carried(), evaluate: carried() },
    gradients,
    slots: [arena.take(trainableBytes), arena.take(trainableBytes)],
    partialSums: arena.take(Math.ceil(trainableBytes / chunkBytes) * 8),
    flat: arena.take(B * Math.max(stateSize(spec), outputSize(spec)) * 4),
    // Last, when everything has been allocated.
    bytes: arena.end,
  };
}

/**
 * Calls `visit(outside, inside)` for every number of every tensor: `outside` is its index in the flat unpadded block,
 * `inside` its float32 index in a padded block that begins where the trainable block begins. Rows of PyTorch's matrices
 * are columns here, except for an embedding.
 */
export function forEachElement(weights: Weights, visit: (outside: number, inside: number) => void): void {
  const { spec, trainable } = weights;
  for (const t of parameterLayout(spec)) {
    if (t.role === 'embedding') {
      const { weights: table, panels } = weights.embedding!;
      const [rows, columns] = t.shape;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++)
          visit(t.offset + r * columns + c, (table - trainable) / 4 + r * panels * 16 + c);
      }
      continue;
    }
    const units = t.role === 'outputWeights' || t.role === 'outputBias' ? t.shape[0] : directionOf(weights, t).units;
    const padded = panelsFor(units) * 16;
    const place = placeOf(weights, t);
    const base = (place.weights - trainable) / 4;
    // The padded column of the unpadded row `r` (gate · units + unit).
    const column = (r: number): number => Math.floor(r / units) * padded + (r % units);
    const rows = t.shape[0];
    if (t.shape.length === 1) {
      for (let r = 0; r < rows; r++) visit(t.offset + r, base + column(r));
      continue;
    }
    const width = t.shape[1];
    // Both halves of the output of a bidirectional layer are padded separately.
    const half = t.role === 'outputWeights' ? weights.layers.at(-1)!.directions[0].units : width;
    const halfPadded = t.role === 'outputWeights' ? panelsFor(half) * 16 : width;
    for (let r = 0; r < rows; r++) {
      const c = column(r);
      const panel = base + (c >> 4) * (place as MatrixWeights).rows * 16 + (c & 15);
      for (let k = 0; k < width; k++) {
        const row = Math.floor(k / half) * halfPadded + (k % half);
        visit(t.offset + r * width + k, panel + row * 16);
      }
    }
  }
}

function directionOf({ layers }: Weights, { layer, reverse }: TensorSpec): DirectionWeights {
  return layers[layer].directions[reverse ? 1 : 0];
}

/** The position of a tensor other than an embedding. */
function placeOf(weights: Weights, t: TensorSpec): MatrixWeights | VectorWeights {
  switch (t.role) {
    case 'outputWeights':
      return weights.output;
    case 'outputBias':
      return weights.outputBias;
    case 'inputWeights':
      return directionOf(weights, t).input;
    case 'recurrentWeights':
      return directionOf(weights, t).recurrent;
    case 'inputBias':
      return directionOf(weights, t).inputBias;
    case 'recurrentBias':
      return directionOf(weights, t).recurrentBias!;
    case 'embedding':
      return weights.embedding!;
  }
}

/** Writes a flat block of parameters to its positions in `floats`. */
export function writeWeights(weights: Weights, floats: Float32Array, parameters: Float32Array): void {
  const base = weights.trainable / 4;
  // Padding classes have a logit of -1e30: see kernels/loss.ts.
  const bias = weights.outputBias.weights / 4;
  floats.fill(-1e30, bias, bias + weights.classPanels * 16);
  forEachElement(weights, (outside, inside) => {
    floats[base + inside] = parameters[outside];
  });
}

/**
 * Moves recurrent states between `places`, one per layer, and `rows` flat rows of `stateSize` numbers at `flat`, in
 * either direction.
 */
export function copyStates(
  k: Kernels,
  spec: NetworkSpec,
  flat: number,
  places: StatePlace[],
  rows: number,
  direction: 'in' | 'out',
): void {
  const stride = stateSize(spec) * 4;
  let at = flat;
  spec.layers.forEach(({ units }, l) => {
    const { h, c } = places[l];
    for (const matrix of spec.cell === 'lstm' ? [h, c] : [h]) {
      k.copyRows(at, stride, matrix, rows, units, direction === 'in' ? 1 : 0);
      at += units * 4;
    }
  });
}
