/**
 * The pointwise part of each recurrent cell: one time step of one direction, forward and backward. The equations are in
 * kernels/cells.ts.
 */
import type { CellKind } from '../../../common/trainingConfig';
import type { Kernels } from './kernels';
import type { DirectionWeights } from './layout';
import { fromResult, fromZero } from './runtime';

/** The position of one time step of `rows` rows; panels of a matrix are `stride` bytes apart. */
export interface CellStep {
  rows: number;
  stride: number;
  unitPanels: number;
  /**
   * The input part of the pre-activations and, except for the GRU, the state part; then activations, then gradients.
   */
  gates: number;
  /** GRU: the state part, then its gradients; otherwise the same as `gates`. */
  recurrentGates: number;
  /** State before and after. */
  hOld: number;
  h: number;
  /** LSTM only, as are `c` and `squashed` (tanh c). */
  cOld: number;
  c: number;
  squashed: number;
}

export interface Cell {
  forward(k: Kernels, step: CellStep): void;
  /** The gates become their gradients, and `dc` becomes the gradient of the previous c. */
  backward(k: Kernels, step: CellStep, dh: number, dc: number): void;
  /**
   * The initial value of ∂L/∂h of the previous step, to which the part that passes through the gates is added: zero, or
   * what `backward` left in `dh`.
   */
  carriedBack: typeof fromZero | typeof fromResult;
}

export const cells: Record<CellKind, Cell> = {
  lstm: {
    forward: (k, { gates, cOld, c, squashed, h, stride, rows, unitPanels }) =>
      k.lstmForward(gates, cOld, c, squashed, h, stride, rows, unitPanels),
    backward: (k, { gates, cOld, squashed, stride, rows, unitPanels }, dh, dc) =>
      k.lstmBackward(gates, cOld, squashed, dh, dc, stride, rows, unitPanels),
    carriedBack: fromZero,
  },
  gru: {
    forward: (k, { gates, recurrentGates, hOld, h, stride, rows, unitPanels }) =>
      k.gruForward(gates, recurrentGates, hOld, h, stride, rows, unitPanels),
    backward: (k, { gates, recurrentGates, hOld, stride, rows, unitPanels }, dh) =>
      k.gruBackward(gates, recurrentGates, hOld, dh, stride, rows, unitPanels),
    carriedBack: fromResult,
  },
  rnn: {
    forward: (k, { gates, h, stride, rows, unitPanels }) => k.rnnForward(gates, h, stride, rows, unitPanels),
    backward: (k, { gates, stride, rows, unitPanels }, dh) => k.rnnBackward(gates, dh, stride, rows, unitPanels),
    carriedBack: fromZero,
  },
};

/** A whole step forward: adds the state part to the pre-activations, then applies the cell. */
export function stepCell(k: Kernels, cell: CellKind, d: DirectionWeights, step: CellStep): void {
  const { recurrentGates, hOld, stride, rows, unitPanels } = step;
  const start = d.recurrentBias ? d.recurrentBias.weights : fromResult;
  k.multiply(recurrentGates, stride, hOld, stride, d.recurrent.weights, rows, unitPanels, d.gatePanels, start);
  cells[cell].forward(k, step);
}
