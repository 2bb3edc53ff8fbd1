/**
 * One step of one row through a recurrent cell, forward and backward. H units, G gates.
 *
 *   LSTM (Gers 2000; gates i f g o)      GRU, reset after (Cho 2014; PyTorch; gates r z n)     tanh RNN (Elman 1990)
 *   i, f, o = σ(a)   g = tanh(a)         r, z = σ(a + b)   n = tanh(a + r ∘ b)                 h' = tanh(a + b)
 *   c' = f ∘ c + i ∘ g                   h' = (1 - z) ∘ n + z ∘ h
 *   h' = o ∘ tanh(c')
 *
 * where a = W_ih x + b_ih comes from the input, b = W_hh h (+ b_hh for the GRU) from the state, and the LSTM's a is
 * the sum of both. A cell's state is h, for the LSTM h then c.
 */
import type { CellKind } from '../../../common/trainingConfig';
import { gatesOf } from '../../model/networkSpec';
import { noToken } from '../backend';
import { addOuterProduct, addProduct, addTransposedProduct, addVector } from './matrix';

/** The tensors of one direction of one layer: its weights, or their gradients. */
export interface CellTensors {
  /** [G·H, I] */
  inputWeights: Float64Array;
  /** [G·H, H] */
  recurrentWeights: Float64Array;
  /** [G·H] */
  inputBias: Float64Array;
  /** [G·H], GRU only. */
  recurrentBias?: Float64Array;
}

/** The input of a cell: a vector [I], or the column selected by a one-hot vector (`noToken`: a zero vector). */
export type StepInput = Float64Array | number;

/** What the backward step needs from the forward step. */
export interface CellTrace {
  input: StepInput;
  /** The state before the step and after it, [H] or [2H]. */
  before: Float64Array;
  after: Float64Array;
  /** [G·H] after their σ or tanh. */
  gates: Float64Array;
  /** [G·H] b of the equations above. */
  fromState: Float64Array;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The size of the state of a row: H, or 2H for the LSTM. */
export function cellStateSize(cell: CellKind, units: number): number {
  return cell === 'lstm' ? 2 * units : units;
}

/** One step from the state `before`, [H] or [2H]. */
export function forwardCell(
  cell: CellKind,
  units: number,
  weights: CellTensors,
  input: StepInput,
  before: Float64Array,
): CellTrace {
  const H = units;
  const rows = gatesOf[cell] * H;
  const a = Float64Array.from(weights.inputBias);
  if (typeof input !== 'number') addProduct(a, weights.inputWeights, input);
  else if (input !== noToken) addColumn(a, weights.inputWeights, input);
  const b = weights.recurrentBias ? Float64Array.from(weights.recurrentBias) : new Float64Array(rows);
  addProduct(b, weights.recurrentWeights, before.subarray(0, H));

  const gates = new Float64Array(rows);
  const after = new Float64Array(before.length);
  for (let u = 0; u < H; u++) {
    switch (cell) {
      case 'lstm': {
        const i = (gates[u] = sigmoid(a[u] + b[u]));
        const f = (gates[H + u] = sigmoid(a[H + u] + b[H + u]));
        const g = (gates[2 * H + u] = Math.tanh(a[2 * H + u] + b[2 * H + u]));
        const o = (gates[3 * H + u] = sigmoid(a[3 * H + u] + b[3 * H + u]));
        const c = (after[H + u] = f * before[H + u] + i * g);
        after[u] = o * Math.tanh(c);
        break;
      }
      case 'gru': {
        const r = (gates[u] = sigmoid(a[u] + b[u]));
        const z = (gates[H + u] = sigmoid(a[H + u] + b[H + u]));
        const n = (gates[2 * H + u] = Math.tanh(a[2 * H + u] + r * b[2 * H + u]));
        after[u] = (1 - z) * n + z * before[u];
        break;
      }
      case 'rnn':
        after[u] = gates[u] = Math.tanh(a[u] + b[u]);
        break;
    }
  }
  return { input, before, after, gates, fromState: b };
}

/**
 * The gradient `dAfter` of the state after the step, carried back through it. Adds the weights' gradients to
 * `gradients`; returns the gradients of the state before the step and of the input (none for a one-hot input).
 */
export function backwardCell(
  cell: CellKind,
  units: number,
  weights: CellTensors,
  gradients: CellTensors,
  trace: CellTrace,
  dAfter: Float64Array,
): { dBefore: Float64Array; dInput: Float64Array | undefined } {
  const H = units;
  const { gates, before, after, fromState } = trace;
  /** The gradients of a and of b, which differ only in the GRU's candidate. */
  const da = new Float64Array(gates.length);
  const db = cell === 'gru' ? new Float64Array(gates.length) : da;
  const dBefore = new Float64Array(before.length);
  for (let u = 0; u < H; u++) {
    const dh = dAfter[u];
    switch (cell) {
      case 'lstm': {
        const [i, f, g, o] = [gates[u], gates[H + u], gates[2 * H + u], gates[3 * H + u]];
        const tanhC = Math.tanh(after[H + u]);
        const dc = dAfter[H + u] + dh * o * (1 - tanhC * tanhC);
        da[u] = dc * g * i * (1 - i);
        da[H + u] = dc * before[H + u] * f * (1 - f);
        da[2 * H + u] = dc * i * (1 - g * g);
        da[3 * H + u] = dh * tanhC * o * (1 - o);
        dBefore[H + u] = dc * f;
        break;
      }
      case 'gru': {
        const [r, z, n] = [gates[u], gates[H + u], gates[2 * H + u]];
        const dn = dh * (1 - z) * (1 - n * n);
        da[u] = db[u] = dn * fromState[2 * H + u] * r * (1 - r);
        da[H + u] = db[H + u] = dh * (before[u] - n) * z * (1 - z);
        da[2 * H + u] = dn;
        db[2 * H + u] = dn * r;
        dBefore[u] = dh * z;
        break;
      }
      case 'rnn':
        da[u] = dh * (1 - after[u] * after[u]);
        break;
    }
  }
  const h = before.subarray(0, H);
  addTransposedProduct(dBefore.subarray(0, H), weights.recurrentWeights, db);
  addOuterProduct(gradients.recurrentWeights, db, h);
  if (gradients.recurrentBias) addVector(gradients.recurrentBias, db);
  addVector(gradients.inputBias, da);
  const { input } = trace;
  if (typeof input === 'number') {
    if (input !== noToken) addToColumn(gradients.inputWeights, da, input);
    return { dBefore, dInput: undefined };
  }
  addOuterProduct(gradients.inputWeights, da, input);
  const dInput = new Float64Array(input.length);
  addTransposedProduct(dInput, weights.inputWeights, da);
  return { dBefore, dInput };
}

/** out += column `column` of W [out.length, C]. */
function addColumn(out: Float64Array, W: Float64Array, column: number): void {
  const columns = W.length / out.length;
  for (let r = 0; r < out.length; r++) out[r] += W[r * columns + column];
}

/** Column `column` of W [y.length, C] += y. */
function addToColumn(W: Float64Array, y: Float64Array, column: number): void {
  const columns = W.length / y.length;
  for (let r = 0; r < y.length; r++) W[r * columns + column] += y[r];
}
