/**
 * All time steps of a small recurrent layer in one dispatch instead of one per step, forward and backward. Each
 * workgroup runs a few rows of the batch through all steps, with the states (backward: the gradients of the gates) of
 * one step in workgroup memory; the weights are read from the GPU's cache at every step, so they must fit into it.
 *
 * 256 invocations: each owns one unit of `rowsEach` rows. Shapes as in recurrent.ts; `transposed` is W_hhᵀ [H, G·H].
 */
import type { CellKind } from '../../../../common/trainingConfig';
import { gatesOf } from '../../../model/networkSpec';
import { dropoutKeepCode } from './header';
import {
  activationsCode,
  backwardCellCode,
  backwardDimensions,
  forwardCellCode,
  outputGradientCode,
  type Stored,
} from './recurrent';
import { read, unroll, write, type Shader } from './shader';

/** How 256 invocations share the units and rows of a workgroup. */
export interface PersistentShape {
  /** The number of invocations along the units, at least one per unit: 32, 64, 128 or 256. */
  unitLanes: number;
  /** The number of rows of each invocation. */
  rowsEach: number;
  /** The number of rows of the workgroup. */
  rows: number;
}

/** The maximum of G · H · H: 256 KiB of weights, which fit into the caches of a GPU. */
const largestWeights = 65536;

/** Undefined if the layer is too large. */
export function persistentShape(cell: CellKind, units: number): PersistentShape | undefined {
  if (gatesOf[cell] * units * units > largestWeights) return undefined;
  const unitLanes = [32, 64, 128].find((lanes) => lanes >= units) ?? 256;
  const rowsEach = unitLanes === 256 ? 4 : 2;
  return { unitLanes, rowsEach, rows: (256 / unitLanes) * rowsEach };
}

const transposeFields = ['rows', 'columns', 'offset'] as const;

/** transposed [columns, rows] of the matrix [rows, columns] at `offset` of `weights`. */
export function transposeMatrix(): Shader<(typeof transposeFields)[number]> {
  return {
    name: 'transpose',
    fields: transposeFields,
    buffers: [write('transposed'), read('weights')],
    code: /* wgsl */ `
var<workgroup> tile: array<f32, 272>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let x = lane % 16u;
  let y = lane / 16u;
  let row = group.y * 16u + y;
  let column = group.x * 16u + x;
  if (row < dims.rows && column < dims.columns) {
    tile[y * 17u + x] = weights[dims.offset + row * dims.columns + column];
  }
  workgroupBarrier();
  let to_row = group.x * 16u + y;
  let to_column = group.y * 16u + x;
  if (to_row < dims.columns && to_column < dims.rows) {
    transposed[to_row * dims.rows + to_column] = tile[x * 17u + y];
  }
}
`,
  };
}

const forwardFields = ['B', 'H', 'steps', 'biasOffset'] as const;

/** The beginning of both passes: the unit of an invocation, and the first of its rows within the workgroup. */
const lanesCode = (G: number, { unitLanes, rowsEach }: PersistentShape): string => /* wgsl */ `
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let H = dims.H;
  let K = ${G}u * H;
  let unit = lane % ${unitLanes}u;
  let first = (lane / ${unitLanes}u) * ${rowsEach}u;`;

/** Workgroups: rows of the batch / `shape.rows`. */
export function persistentForward(
  cell: CellKind,
  shape: PersistentShape,
  stored: Stored,
): Shader<(typeof forwardFields)[number]> {
  const { unitLanes, rowsEach, rows } = shape;
  const G = gatesOf[cell];
  const buffers = [write('gates', stored), write('h', stored), read('transposed')];
  if (cell === 'lstm') buffers.push(write('c'));
  if (cell === 'gru') buffers.push(write('recurrent', stored), read('weights'));
  return {
    name: `${cell} persistent forward ${unitLanes} ${stored}`,
    fields: forwardFields,
    buffers,
    code: /* wgsl */ `
// States of this step and of the next.
var<workgroup> states: array<f32, ${2 * rows * unitLanes}>;
${activationsCode}
${lanesCode(G, shape)}
  ${unroll(
    rowsEach,
    (r) => /* wgsl */ `
  let row${r} = group.x * ${rows}u + first + ${r}u;
  let own${r} = (first + ${r}u) * ${unitLanes}u;
  states[own${r} + unit] = 0.0;
  if (unit < H && row${r} < dims.B) { states[own${r} + unit] = f32(h[row${r} * H + unit]); }`,
  )}
  workgroupBarrier();
  for (var t = 0u; t < dims.steps; t++) {
    let now = (t % 2u) * ${rows * unitLanes}u;
    let next = ${rows * unitLanes}u - now;
    if (unit < H) {
      ${unroll(rowsEach, (r) => unroll(G, (g) => `var sum${r}_${g} = 0.0;`))}
      for (var k = 0u; k < H; k++) {
        ${unroll(G, (g) => `let w${g} = transposed[k * K + ${g}u * H + unit];`)}
        ${unroll(rowsEach, (r) => `let s${r} = states[now + own${r} + k];`)}
        ${unroll(rowsEach, (r) => unroll(G, (g) => `sum${r}_${g} += w${g} * s${r};`))}
      }
      ${unroll(
        rowsEach,
        (r) => /* wgsl */ `
      if (row${r} < dims.B) {
        let at = (t * dims.B + row${r}) * K + unit;
        let before = (t * dims.B + row${r}) * H + unit;
        let after = before + dims.B * H;
        ${unroll(G, (g) => `let b${g} = sum${r}_${g};`)}
        ${forwardCellCode(cell, stored)}
        h[after] = ${stored}(hidden);
        states[next + own${r} + unit] = hidden;
      }`,
      )}
    }
    workgroupBarrier();
  }
}
`,
  };
}

/** Workgroups as forward. */
export function persistentBackward(
  cell: CellKind,
  shape: PersistentShape,
  stored: Stored,
): Shader<(typeof backwardDimensions)[number]> {
  const { unitLanes, rowsEach, rows } = shape;
  const G = gatesOf[cell];
  const buffers = [write('gates', stored), read('weights'), read('dOut'), read('batch', 'u32')];
  if (cell === 'lstm') buffers.push(read('c'));
  if (cell === 'gru') buffers.push(write('recurrent', stored), read('h', stored));
  const product = cell === 'gru' ? 'recurrent' : 'gates';
  return {
    name: `${cell} persistent backward ${unitLanes} ${stored}`,
    fields: backwardDimensions,
    buffers,
    code: /* wgsl */ `
// Gradients of the gates of one step.
var<workgroup> gradients: array<f32, ${G * rows * unitLanes}>;
${activationsCode}
${dropoutKeepCode}
${outputGradientCode}
${lanesCode(G, shape)}
  ${unroll(
    rowsEach,
    (r) => /* wgsl */ `
  let row${r} = group.x * ${rows}u + first + ${r}u;
  let own${r} = (first + ${r}u) * ${G * unitLanes}u;
  var sum${r} = 0.0;
  var handed${r} = 0.0;`,
  )}
  for (var left = dims.steps; left > 0u; left--) {
    let t = left - 1u;
    if (unit < H) {
      ${unroll(
        rowsEach,
        (r) => /* wgsl */ `
      if (row${r} < dims.B) {
        let at = (t * dims.B + row${r}) * K + unit;
        let before = (t * dims.B + row${r}) * H + unit;
        let after = before + dims.B * H;
        let handed = handed${r};
        let dh = sum${r} + handed_on_gradient(t, row${r}, unit)${cell === 'gru' ? ' + handed' : ''};
        ${backwardCellCode(cell, stored)}
        handed${r} = handing;
        ${unroll(G, (g) => `gradients[own${r} + ${g}u * H + unit] = f32(${product}[at + ${g}u * H]);`)}
      }`,
      )}
    }
    workgroupBarrier();
    if (unit < H) {
      ${unroll(rowsEach, (r) => `sum${r} = 0.0;`)}
      for (var k = 0u; k < K; k++) {
        let w = weights[dims.weightsOffset + k * H + unit];
        ${unroll(rowsEach, (r) => `sum${r} += w * gradients[own${r} + k];`)}
      }
    }
    workgroupBarrier();
  }
}
`,
  };
}
