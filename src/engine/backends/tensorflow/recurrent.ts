/**
 * A recurrent layer on TensorFlow in three forms with the same inputs and outputs. B rows, T steps, I inputs, H units,
 * G gates (PyTorch's order, which is that of cuDNN and of BlockLSTMV2).
 *
 *   cudnn  NVIDIA's fused operation, all cells      CudnnRNN, CudnnRNNBackprop: the first version, since the later ones
 *                                                   return an int8 that the addon's JavaScript cannot name
 *   block  TensorFlow's fused LSTM for CPUs         BlockLSTMV2, BlockLSTMGradV2
 *   plain  operation by operation, all cells
 *
 * A layer's parameters come as one vector: W_ih [G·H, I], W_hh [G·H, H], b_ih [G·H] and, for the GRU, b_hh [G·H], as in
 * the parameter block and in cuDNN's format (which has b_hh for every cell).
 */
import type { CellKind } from '../../../common/trainingConfig';
import { gatesOf } from '../../model/networkSpec';
import type { TensorHandle } from './binding';
import type { Ops } from './ops';

export interface LayerShape {
  cell: CellKind;
  /** T, B, I, H. */
  steps: number;
  rows: number;
  inputs: number;
  units: number;
}

export type LayerState = {
  /** [B, H] */
  h: TensorHandle;
  c?: TensorHandle;
};

/** The results of the forward pass. */
export interface LayerOutput {
  /** [T, B, H] */
  outputs: TensorHandle;
  last: LayerState;
  /** What else the backward pass of the form needs. */
  trace: TensorHandle[];
}

export interface LayerGradients {
  /** [T, B, I] */
  dInputs: TensorHandle;
  /** In the order of the parameter vector. */
  dParameters: TensorHandle;
}

export interface RecurrentForm {
  readonly name: 'cudnn' | 'block' | 'plain';
  forward(
    shape: LayerShape,
    x: TensorHandle,
    initial: LayerState,
    parameters: TensorHandle,
    training: boolean,
  ): LayerOutput;
  /** `dOutputs` [T, B, H]. */
  backward(
    shape: LayerShape,
    x: TensorHandle,
    initial: LayerState,
    parameters: TensorHandle,
    output: LayerOutput,
    dOutputs: TensorHandle,
  ): LayerGradients;
}

/** The length of a layer's parameter vector. */
export function layerParameterCount({ cell, inputs, units }: LayerShape): number {
  const rows = gatesOf[cell] * units;
  return rows * (inputs + units + (cell === 'gru' ? 2 : 1));
}

/** The requested form, or the plain one where it does not support the cell. */
export function createForm(ops: Ops, cell: CellKind, form: RecurrentForm['name']): RecurrentForm {
  if (form === 'cudnn') return new CudnnForm(ops);
  return form === 'block' && cell === 'lstm' ? new BlockForm(ops) : new PlainForm(ops);
}

class CudnnForm implements RecurrentForm {
  readonly name = 'cudnn';
  constructor(private readonly ops: Ops) {}

  forward(
    shape: LayerShape,
    x: TensorHandle,
    initial: LayerState,
    parameters: TensorHandle,
    training: boolean,
  ): LayerOutput {
    const { ops } = this;
    const attributes = [...this.attributes(shape), ops.flag('is_training', training)];
    const inputs = [x, ...this.states(shape, initial), this.packed(shape, parameters)];
    const [outputs, h, c, reserve] = ops.run('CudnnRNN', attributes, inputs, 4);
    return { outputs, last: this.unstack(shape, h, c), trace: [h, c, reserve] };
  }

  backward(
    shape: LayerShape,
    x: TensorHandle,
    initial: LayerState,
    parameters: TensorHandle,
    { outputs, trace: [h, c, reserve] }: LayerOutput,
    dOutputs: TensorHandle,
  ): LayerGradients {
    const { ops } = this;
    const nothing = ops.zeros([1, shape.rows, shape.units]);
    const states = this.states(shape, initial);
    const packed = this.packed(shape, parameters);
    // Without cell states, the operation still has an output_c and its gradient, which are not used.
    const dC = shape.cell === 'lstm' ? nothing : ops.zeros(c.shape);
    const inputs = [x, ...states, packed, outputs, h, c, dOutputs, nothing, dC, reserve];
    const [dInputs, , , dPacked] = ops.run('CudnnRNNBackprop', this.attributes(shape), inputs, 4);
    return { dInputs, dParameters: ops.slice(dPacked, 0, layerParameterCount(shape)) };
  }

  private attributes({ cell }: LayerShape): Parameters<Ops['run']>[1] {
    const { ops } = this;
    return [
      ops.type('T'),
      ops.text('rnn_mode', cell === 'rnn' ? 'rnn_tanh' : cell),
      ops.text('input_mode', 'linear_input'),
      ops.text('direction', 'unidirectional'),
      ops.float('dropout', 0),
      ops.int('seed', 0),
      ops.int('seed2', 0),
    ];
  }

  /** input_h and input_c [1, B, H]; without cell states, the latter is an unused number. */
  private states({ cell, rows, units }: LayerShape, { h, c }: LayerState): TensorHandle[] {
    const { ops } = this;
    const stacked = (state: TensorHandle): TensorHandle => ops.reshape(state, [1, rows, units]);
    return [stacked(h), cell === 'lstm' ? stacked(c!) : ops.scalar(0)];
  }

  /** With zeros for the second bias, which the LSTM and tanh RNN do not have here. */
  private packed({ cell, units }: LayerShape, parameters: TensorHandle): TensorHandle {
    if (cell === 'gru') return parameters;
    return this.ops.concat([parameters, this.ops.zeros([gatesOf[cell] * units])], 0);
  }

  private unstack({ cell, rows, units }: LayerShape, h: TensorHandle, c: TensorHandle): LayerState {
    const flat = (state: TensorHandle): TensorHandle => this.ops.reshape(state, [rows, units]);
    return { h: flat(h), c: cell === 'lstm' ? flat(c) : undefined };
  }
}

/** The parts of a parameter vector as matrices. */
interface Parts {
  /** [G·H, I] */
  inputWeights: TensorHandle;
  /** [G·H, H] */
  recurrentWeights: TensorHandle;
  inputBias: TensorHandle;
  recurrentBias?: TensorHandle;
}

function partsOf(ops: Ops, { cell, inputs, units }: LayerShape, parameters: TensorHandle): Parts {
  const rows = gatesOf[cell] * units;
  let at = 0;
  const take = (size: number): TensorHandle => ops.slice(parameters, (at += size) - size, size);
  return {
    inputWeights: ops.reshape(take(rows * inputs), [rows, inputs]),
    recurrentWeights: ops.reshape(take(rows * units), [rows, units]),
    inputBias: take(rows),
    recurrentBias: cell === 'gru' ? take(rows) : undefined,
  };
}

function joinParts(ops: Ops, { inputWeights, recurrentWeights, inputBias, recurrentBias }: Parts): TensorHandle {
  const flat = [ops.reshape(inputWeights, [-1]), ops.reshape(recurrentWeights, [-1]), inputBias];
  return ops.concat(recurrentBias ? [...flat, recurrentBias] : flat, 0);
}

class BlockForm implements RecurrentForm {
  readonly name = 'block';
  constructor(private readonly ops: Ops) {}

  forward(shape: LayerShape, x: TensorHandle, initial: LayerState, parameters: TensorHandle): LayerOutput {
    const { ops } = this;
    const attributes = [ops.float('cell_clip', 0), ops.flag('use_peephole', false), ops.type('T')];
    const trace = ops.run('BlockLSTMV2', attributes, this.inputs(shape, x, initial, parameters), 7);
    const [, cells, , , , , outputs] = trace;
    const last = (steps: TensorHandle): TensorHandle =>
      ops.reshape(ops.slice(steps, shape.steps - 1, 1), [shape.rows, shape.units]);
    return { outputs, last: { h: last(outputs), c: last(cells) }, trace };
  }

  backward(
    shape: LayerShape,
    x: TensorHandle,
    initial: LayerState,
    parameters: TensorHandle,
    { trace }: LayerOutput,
    dOutputs: TensorHandle,
  ): LayerGradients {
    const { ops } = this;
    const dCells = ops.zeros([shape.steps, shape.rows, shape.units]);
    const inputs = [...this.inputs(shape, x, initial, parameters), ...trace, dCells, dOutputs];
    const gradients = ops.run('BlockLSTMGradV2', [ops.flag('use_peephole', false), ops.type('T')], inputs, 8);
    const [dInputs, , , dWeights, , , , inputBias] = gradients;
    const inputWeights = ops.transpose(ops.slice(dWeights, 0, shape.inputs));
    const recurrentWeights = ops.transpose(ops.slice(dWeights, shape.inputs, shape.units));
    return { dInputs, dParameters: joinParts(ops, { inputWeights, recurrentWeights, inputBias }) };
  }

  /** seq_len_max, x, cs_prev, h_prev, w [I + H, 4H], three peepholes [H], b. */
  private inputs(shape: LayerShape, x: TensorHandle, { h, c }: LayerState, parameters: TensorHandle): TensorHandle[] {
    const { ops } = this;
    const { inputWeights, recurrentWeights, inputBias } = partsOf(ops, shape, parameters);
    const weights = ops.transpose(ops.concat([inputWeights, recurrentWeights], 1));
    const peephole = ops.zeros([shape.units]);
    return [ops.long(shape.steps), x, c!, h, weights, peephole, peephole, peephole, inputBias];
  }
}

class PlainForm implements RecurrentForm {
  readonly name = 'plain';
  constructor(private readonly ops: Ops) {}

  forward(shape: LayerShape, x: TensorHandle, initial: LayerState, parameters: TensorHandle): LayerOutput {
    const { ops } = this;
    const { cell, steps, rows, inputs, units } = shape;
    const columns = gatesOf[cell] * units;
    const { inputWeights, recurrentWeights, inputBias, recurrentBias } = partsOf(ops, shape, parameters);
    const product = ops.matmul(ops.reshape(x, [steps * rows, inputs]), inputWeights, { transposeB: true });
    const fromInput = ops.unpack(ops.reshape(ops.add(product, inputBias), [steps, rows, columns]));
    let { h, c } = initial;
    const outputs: TensorHandle[] = [];
    const trace: TensorHandle[] = [];
    for (const a of fromInput) {
      let b = ops.matmul(h, recurrentWeights, { transposeB: true });
      if (recurrentBias) b = ops.add(b, recurrentBias);
      switch (cell) {
        case 'lstm': {
          const [ai, af, ag, ao] = ops.split(ops.add(a, b), 4, 1);
          const [i, f, g, o] = [ops.sigmoid(ai), ops.sigmoid(af), ops.tanh(ag), ops.sigmoid(ao)];
          const before = c!;
          c = ops.add(ops.mul(f, before), ops.mul(i, g));
          const squashed = ops.tanh(c);
          trace.push(h, i, f, g, o, before, squashed);
          h = ops.mul(o, squashed);
          break;
        }
        case 'gru': {
          const [ar, az, an] = ops.split(a, 3, 1);
          const [br, bz, bn] = ops.split(b, 3, 1);
          const [r, z] = [ops.sigmoid(ops.add(ar, br)), ops.sigmoid(ops.add(az, bz))];
          const n = ops.tanh(ops.add(an, ops.mul(r, bn)));
          trace.push(h, r, z, n, bn);
          h = ops.add(n, ops.mul(z, ops.sub(h, n)));
          break;
        }
        case 'rnn':
          trace.push(h);
          h = ops.tanh(ops.add(a, b));
          trace.push(h);
          break;
      }
      outputs.push(h);
    }
    return { outputs: ops.pack(outputs), last: { h, c }, trace };
  }

  backward(
    shape: LayerShape,
    x: TensorHandle,
    _initial: LayerState,
    parameters: TensorHandle,
    { trace }: LayerOutput,
    dOutputs: TensorHandle,
  ): LayerGradients {
    const { ops } = this;
    const { cell, steps, rows, inputs, units } = shape;
    const columns = gatesOf[cell] * units;
    const { inputWeights, recurrentWeights } = partsOf(ops, shape, parameters);
    const perStep = trace.length / steps;
    const dOut = ops.unpack(dOutputs);
    const dFromInput: TensorHandle[] = [];
    const dFromState: TensorHandle[] = [];
    const before: TensorHandle[] = [];
    let dh: TensorHandle | undefined;
    let dc: TensorHandle | undefined;
    for (let t = steps - 1; t >= 0; t--) {
      const whole: TensorHandle = dh ? ops.add(dOut[t], dh) : dOut[t];
      const own = trace.slice(t * perStep, (t + 1) * perStep);
      const h = own[0];
      let da: TensorHandle;
      let db: TensorHandle;
      let direct: TensorHandle | undefined;
      switch (cell) {
        case 'lstm': {
          const [, i, f, g, o, cellBefore, squashed] = own;
          const fromH = ops.tanhGradient(squashed, ops.mul(whole, o));
          const dCell: TensorHandle = dc ? ops.add(dc, fromH) : fromH;
          const di = ops.sigmoidGradient(i, ops.mul(dCell, g));
          const df = ops.sigmoidGradient(f, ops.mul(dCell, cellBefore));
          const dg = ops.tanhGradient(g, ops.mul(dCell, i));
          const dO = ops.sigmoidGradient(o, ops.mul(whole, squashed));
          dc = ops.mul(dCell, f);
          da = db = ops.concat([di, df, dg, dO], 1);
          break;
        }
        case 'gru': {
          const [, r, z, n, bn] = own;
          const toCandidate = ops.sub(whole, ops.mul(whole, z));
          const dn = ops.tanhGradient(n, toCandidate);
          const dr = ops.sigmoidGradient(r, ops.mul(dn, bn));
          const dz = ops.sigmoidGradient(z, ops.mul(whole, ops.sub(h, n)));
          da = ops.concat([dr, dz, dn], 1);
          db = ops.concat([dr, dz, ops.mul(dn, r)], 1);
          direct = ops.mul(whole, z);
          break;
        }
        case 'rnn':
          da = db = ops.tanhGradient(own[1], whole);
          break;
      }
      dh = ops.matmul(db, recurrentWeights);
      if (direct) dh = ops.add(dh, direct);
      dFromInput.unshift(da);
      dFromState.unshift(db);
      before.unshift(h);
    }
    const positions = steps * rows;
    const matrix = (parts: TensorHandle[], width: number): TensorHandle =>
      ops.reshape(ops.pack(parts), [positions, width]);
    const da = matrix(dFromInput, columns);
    const db = cell === 'gru' ? matrix(dFromState, columns) : da;
    const flatInputs = ops.reshape(x, [positions, inputs]);
    return {
      dInputs: ops.reshape(ops.matmul(da, inputWeights), [steps, rows, inputs]),
      dParameters: joinParts(ops, {
        inputWeights: ops.matmul(da, flatInputs, { transposeA: true }),
        recurrentWeights: ops.matmul(db, matrix(before, units), { transposeA: true }),
        inputBias: ops.sum(da, [0]),
        recurrentBias: cell === 'gru' ? ops.sum(db, [0]) : undefined,
      }),
    };
  }
}
