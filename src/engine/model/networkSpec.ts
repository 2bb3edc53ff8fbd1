/**
 * What a network is, apart from any weights. B batch, T steps, H units, V vocabulary.
 *
 * Gate order is PyTorch's: LSTM i f g o, GRU r z n; the GRU applies its reset gate after the recurrent product (Keras'
 * `reset_after`, PyTorch's only form).
 */
import { InklingError } from '../../common/errors';
import type { CellKind } from '../../common/trainingConfig';

export interface LayerSpec {
  units: number;
  /** The share of this layer's outputs that is dropped during training, in [0, 1). */
  dropout: number;
  /**
   * Also reads the sequence backwards and concatenates both outputs. Only for a network of one layer whose loss is on
   * the last step (the classifier).
   */
  bidirectional?: boolean;
}

export type InputSpec =
  | { kind: 'one-hot'; vocabulary: number }
  /** `trainable: false` keeps the table fixed (pretrained word vectors). */
  | { kind: 'embedding'; vocabulary: number; dimensions: number; trainable: boolean }
  /** The one number id · scale. */
  | { kind: 'scalar'; scale: number };

export type OutputSpec =
  | { kind: 'softmax'; classes: number }
  /** One logit; targets are 0 or 1. */
  | { kind: 'sigmoid' };

export interface NetworkSpec {
  cell: CellKind;
  input: InputSpec;
  layers: LayerSpec[];
  output: OutputSpec;
}

/** One tensor of the flat parameter block, under PyTorch's name and layout (row-major). */
export interface TensorSpec {
  name: string;
  shape: number[];
  /** The index of its first element in the flat block. */
  offset: number;
  size: number;
  trainable: boolean;
  layer: number;
  reverse: boolean;
  role:
    'embedding' | 'inputWeights' | 'recurrentWeights' | 'inputBias' | 'recurrentBias' | 'outputWeights' | 'outputBias';
}

/** The number of gates of each cell. */
export const gatesOf: Record<CellKind, number> = { lstm: 4, gru: 3, rnn: 1 };

/** The number of inputs of layer 0 at each step: V for one-hot, the dimensions of an embedding, 1 for a scalar. */
export function inputSize(spec: NetworkSpec): number {
  switch (spec.input.kind) {
    case 'one-hot':
      return spec.input.vocabulary;
    case 'embedding':
      return spec.input.dimensions;
    case 'scalar':
      return 1;
  }
}

/** The number of outputs of a layer: its units, or twice that if it is bidirectional. */
export function layerOutputSize(layer: LayerSpec): number {
  return layer.units * (layer.bidirectional ? 2 : 1);
}

/** The number of logits per row: the classes of a softmax, or 1 for a sigmoid. */
export function outputSize(spec: NetworkSpec): number {
  return spec.output.kind === 'softmax' ? spec.output.classes : 1;
}

/** The size of the recurrent state of a row, all layers: h of layer 0, (LSTM: c of layer 0,) h of layer 1, … */
export function stateSize(spec: NetworkSpec): number {
  return spec.layers.reduce((sum, layer) => sum + layer.units * (spec.cell === 'lstm' ? 2 : 1), 0);
}

/**
 * The parameter block: every tensor in order, flat float32. LSTM and tanh RNN have one bias per gate (`bias_ih_l*`); a
 * model file adds a zero `bias_hh_l*` so that PyTorch loads it. The GRU has both. The reverse direction's tensors end
 * in `_reverse`.
 */
export function parameterLayout(spec: NetworkSpec): TensorSpec[] {
  const tensors: TensorSpec[] = [];
  let offset = 0;
  const add = (
    name: string,
    shape: number[],
    role: TensorSpec['role'],
    layer: number,
    reverse = false,
    trainable = true,
  ): void => {
    const size = shape.reduce((a, b) => a * b, 1);
    tensors.push({ name, shape, offset, size, trainable, layer, reverse, role });
    offset += size;
  };
  if (spec.input.kind === 'embedding') {
    const { vocabulary, dimensions, trainable } = spec.input;
    add('embedding.weight', [vocabulary, dimensions], 'embedding', 0, false, trainable);
  }
  let below = inputSize(spec);
  const gates = gatesOf[spec.cell];
  spec.layers.forEach((layer, l) => {
    for (const reverse of layer.bidirectional ? [false, true] : [false]) {
      const end = reverse ? '_reverse' : '';
      const rows = gates * layer.units;
      add(`rnn.weight_ih_l${l}${end}`, [rows, below], 'inputWeights', l, reverse);
      add(`rnn.weight_hh_l${l}${end}`, [rows, layer.units], 'recurrentWeights', l, reverse);
      add(`rnn.bias_ih_l${l}${end}`, [rows], 'inputBias', l, reverse);
      if (spec.cell === 'gru') add(`rnn.bias_hh_l${l}${end}`, [rows], 'recurrentBias', l, reverse);
    }
    below = layerOutputSize(layer);
  });
  add('output.weight', [outputSize(spec), below], 'outputWeights', spec.layers.length);
  add('output.bias', [outputSize(spec)], 'outputBias', spec.layers.length);
  return tensors;
}

/** The length of the parameter block. */
export function parameterCount(spec: NetworkSpec): number {
  const last = parameterLayout(spec).at(-1)!;
  return last.offset + last.size;
}

/** Throws `invalidInput` for a spec that no backend can build. */
export function checkNetworkSpec(spec: NetworkSpec): void {
  const fail = (message: string): never => {
    throw new InklingError('invalidInput', message);
  };
  const whole = (n: number, low: number, high: number): boolean => Number.isInteger(n) && n >= low && n <= high;
  if (!(spec.cell in gatesOf)) fail(`There is no cell "${spec.cell}"; choose lstm, gru or rnn.`);
  if (!whole(spec.layers.length, 1, 4)) fail('A network has 1 to 4 layers.');
  for (const layer of spec.layers) {
    if (!whole(layer.units, 1, 4096)) fail(`A layer has 1 to 4096 units, not ${layer.units}.`);
    if (!(layer.dropout >= 0 && layer.dropout < 1)) fail(`Dropout is a share from 0 to below 1, not ${layer.dropout}.`);
    if (layer.bidirectional && spec.layers.length > 1) fail('Only a network of one layer can be bidirectional.');
  }
  if (spec.input.kind !== 'scalar' && !whole(spec.input.vocabulary, 1, 65535)) {
    fail('A vocabulary has 1 to 65,535 entries.');
  }
  if (spec.input.kind === 'embedding' && !whole(spec.input.dimensions, 1, 4096)) {
    fail('An embedding has 1 to 4096 dimensions.');
  }
  if (spec.output.kind === 'softmax' && !whole(spec.output.classes, 1, 65535))
    fail('A softmax has 1 to 65,535 classes.');
}
