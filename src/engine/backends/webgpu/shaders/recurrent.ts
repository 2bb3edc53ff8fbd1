/**
 * One time step of a recurrent layer, forward and backward; equations in reference/cells.ts. The recurrent product, all
 * gates and the cell are one dispatch. Recurrent weights and states pass through workgroup memory in strips of 32
 * columns; each of 16 × 16 invocations owns one unit of `rows` rows of the batch.
 *
 *   gates      [T, B, G·H]  the input's part, then activations, then gradients by the input's part
 *   recurrent  [T, B, G·H]  GRU only: the state's part, then its gradients
 *   h, c       [T+1, B, H]  slot 0 is the initial state
 *   carried    [B, H]       the gradient that goes from step to step beside the product's (LSTM: of c; GRU: z ∘ dh)
 *   dOut       [T, B, width] gradients of the layer's output
 */
import type { CellKind } from '../../../../common/trainingConfig';
import { gatesOf } from '../../../model/networkSpec';
import { dropoutKeepCode, headerWord } from './header';
import { read, unroll, write, type Shader } from './shader';

/** How activations are stored. */
export type Stored = 'f32' | 'f16';

/** A workgroup takes this many units, and `rows` rows of the batch for each of this many lanes. */
export const unitsPerGroup = 16;
export const rowLanes = 16;

/** σ and tanh. */
export const activationsCode = /* wgsl */ `
fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }
// tanh by way of exp(-2|x|), which cannot overflow and keeps small values exact.
fn tanh_of(x: f32) -> f32 {
  let a = abs(x);
  if (a < 0.02) { return x * (1.0 - x * x * (1.0 / 3.0 - x * x * (2.0 / 15.0))); }
  let e = exp(-2.0 * a);
  return sign(x) * (1.0 - e) / (1.0 + e);
}
`;

/** Forward of one cell: WGSL from the sums `b0 …` (recurrent product of each gate) to gates, c and h. */
export function forwardCellCode(cell: CellKind, stored: Stored): string {
  const gate = (g: number): string => `gates[at + ${g}u * H]`;
  switch (cell) {
    case 'lstm':
      return /* wgsl */ `
      let i = sigmoid(f32(${gate(0)}) + b0);
      let f = sigmoid(f32(${gate(1)}) + b1);
      let g = tanh_of(f32(${gate(2)}) + b2);
      let o = sigmoid(f32(${gate(3)}) + b3);
      let cell = f * c[before] + i * g;
      ${gate(0)} = ${stored}(i);
      ${gate(1)} = ${stored}(f);
      ${gate(2)} = ${stored}(g);
      ${gate(3)} = ${stored}(o);
      c[after] = cell;
      let hidden = o * tanh_of(cell);`;
    case 'gru':
      return /* wgsl */ `
      let bn = b2 + weights[dims.biasOffset + 2u * H + unit];
      let r = sigmoid(f32(${gate(0)}) + b0 + weights[dims.biasOffset + unit]);
      let z = sigmoid(f32(${gate(1)}) + b1 + weights[dims.biasOffset + H + unit]);
      let n = tanh_of(f32(${gate(2)}) + r * bn);
      ${gate(0)} = ${stored}(r);
      ${gate(1)} = ${stored}(z);
      ${gate(2)} = ${stored}(n);
      recurrent[at + 2u * H] = ${stored}(bn);
      let hidden = (1.0 - z) * n + z * f32(h[before]);`;
    case 'rnn':
      return /* wgsl */ `
      let hidden = tanh_of(f32(${gate(0)}) + b0);
      ${gate(0)} = ${stored}(hidden);`;
  }
}

/**
 * Backward of one cell: WGSL from `dh` (the whole gradient of the state after the step) and `handed` (the old content
 * of `carried`) to the gradients of the gates and the new `carried`.
 */
export function backwardCellCode(cell: CellKind, stored: Stored): string {
  const gate = (g: number): string => `gates[at + ${g}u * H]`;
  switch (cell) {
    case 'lstm':
      return /* wgsl */ `
      let i = f32(${gate(0)});
      let f = f32(${gate(1)});
      let g = f32(${gate(2)});
      let o = f32(${gate(3)});
      let tanh_c = tanh_of(c[after]);
      let dc = handed + dh * o * (1.0 - tanh_c * tanh_c);
      ${gate(0)} = ${stored}(dc * g * i * (1.0 - i));
      ${gate(1)} = ${stored}(dc * c[before] * f * (1.0 - f));
      ${gate(2)} = ${stored}(dc * i * (1.0 - g * g));
      ${gate(3)} = ${stored}(dh * tanh_c * o * (1.0 - o));
      let handing = dc * f;`;
    case 'gru':
      return /* wgsl */ `
      let r = f32(${gate(0)});
      let z = f32(${gate(1)});
      let n = f32(${gate(2)});
      let dn = dh * (1.0 - z) * (1.0 - n * n);
      let dr = dn * f32(recurrent[at + 2u * H]) * r * (1.0 - r);
      let dz = dh * (f32(h[before]) - n) * z * (1.0 - z);
      ${gate(0)} = ${stored}(dr);
      ${gate(1)} = ${stored}(dz);
      ${gate(2)} = ${stored}(dn);
      recurrent[at] = ${stored}(dr);
      recurrent[at + H] = ${stored}(dz);
      recurrent[at + 2u * H] = ${stored}(dn * r);
      let handing = dh * z;`;
    case 'rnn':
      return /* wgsl */ `
      let after_step = f32(${gate(0)});
      ${gate(0)} = ${stored}(dh * (1.0 - after_step * after_step));
      let handing = 0.0;`;
  }
}

const dimensions = ['B', 'H', 't', 'weightsOffset', 'biasOffset'] as const;

/** Step `t`. Workgroups: (units / `unitsPerGroup`, rows of the batch / (`rowLanes` · rows)). */
export function recurrentForward(cell: CellKind, rows: number, stored: Stored): Shader<(typeof dimensions)[number]> {
  const G = gatesOf[cell];
  const buffers = [write('gates', stored), write('h', stored), read('weights')];
  if (cell === 'lstm') buffers.push(write('c'));
  if (cell === 'gru') buffers.push(write('recurrent', stored));
  return {
    name: `${cell} forward ${rows} ${stored}`,
    fields: dimensions,
    buffers,
    code: /* wgsl */ `
var<workgroup> weight_strip: array<vec4f, ${G * unitsPerGroup * 9}>;
var<workgroup> state_strip: array<vec4f, ${rowLanes * rows * 9}>;
${activationsCode}
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let H = dims.H;
  let unit0 = group.x * 16u;
  let row0 = group.y * ${rowLanes * rows}u;
  let own_unit = lane % 16u;
  let own_row = lane / 16u;
  let states = dims.t * dims.B * H;
  ${unroll(rows, (r) => unroll(G, (g) => `var sum${r}_${g} = 0.0;`))}
  for (var k0 = 0u; k0 < H; k0 += 32u) {
    for (var i = lane; i < ${G * unitsPerGroup * 8}u; i += 256u) {
      let k = k0 + (i % 8u) * 4u;
      let unit = unit0 + (i / 8u) % 16u;
      let at = dims.weightsOffset + ((i / 128u) * H + unit) * H + k;
      var v = vec4f();
      if (unit < H) {
        for (var j = 0u; j < 4u && k + j < H; j++) { v[j] = weights[at + j]; }
      }
      weight_strip[(i / 8u) * 9u + i % 8u] = v;
    }
    for (var i = lane; i < ${rowLanes * rows * 8}u; i += 256u) {
      let k = k0 + (i % 8u) * 4u;
      let row = row0 + i / 8u;
      let at = states + row * H + k;
      var v = vec4f();
      if (row < dims.B) {
        for (var j = 0u; j < 4u && k + j < H; j++) { v[j] = f32(h[at + j]); }
      }
      state_strip[(i / 8u) * 9u + i % 8u] = v;
    }
    workgroupBarrier();
    for (var k = 0u; k < 8u; k++) {
      ${unroll(G, (g) => `let w${g} = weight_strip[(${g * 16}u + own_unit) * 9u + k];`)}
      ${unroll(rows, (r) => `let s${r} = state_strip[(own_row + ${r * 16}u) * 9u + k];`)}
      ${unroll(rows, (r) => unroll(G, (g) => `sum${r}_${g} += dot(w${g}, s${r});`))}
    }
    workgroupBarrier();
  }
  let unit = unit0 + own_unit;
  if (unit >= H) { return; }
  ${unroll(
    rows,
    (r) => /* wgsl */ `
  {
    let row = row0 + own_row + ${r * 16}u;
    if (row < dims.B) {
      let at = (dims.t * dims.B + row) * ${G}u * H + unit;
      let before = states + row * H + unit;
      let after = before + dims.B * H;
      ${unroll(G, (g) => `let b${g} = sum${r}_${g};`)}
      ${forwardCellCode(cell, stored)}
      h[after] = ${stored}(hidden);
    }
  }`,
  )}
}
`,
  };
}

export const backwardDimensions = [
  ...dimensions,
  'steps',
  'firstLossStep',
  'width',
  'columnOffset',
  'layer',
  'dropoutThreshold',
  'dropoutScale',
] as const;

/** WGSL of the gradient of h at (step, row, unit) from the layer's output, through dropout; 0 before the first loss. */
export const outputGradientCode = /* wgsl */ `
fn handed_on_gradient(step: u32, row: u32, unit: u32) -> f32 {
  if (step < dims.firstLossStep) { return 0.0; }
  let column = dims.columnOffset + unit;
  let d = dOut[(step * dims.B + row) * dims.width + column];
  if (dims.dropoutThreshold == 0u) { return d; }
  let keep = dropout_keep(${headerWord('dropoutKey')}, dims.layer, step, row, column, dims.dropoutThreshold);
  return select(0.0, d * bitcast<f32>(dims.dropoutScale), keep);
}
`;

/** Step `t`, after step t + 1. Workgroups as forward. */
export function recurrentBackward(
  cell: CellKind,
  rows: number,
  stored: Stored,
): Shader<(typeof backwardDimensions)[number]> {
  const G = gatesOf[cell];
  const buffers = [write('gates', stored), read('weights'), write('carried'), read('dOut'), read('batch', 'u32')];
  if (cell === 'lstm') buffers.push(read('c'));
  if (cell === 'gru') buffers.push(write('recurrent', stored), read('h', stored));
  const later = cell === 'gru' ? 'recurrent' : 'gates';
  return {
    name: `${cell} backward ${rows} ${stored}`,
    fields: backwardDimensions,
    buffers,
    code: /* wgsl */ `
var<workgroup> weight_strip: array<vec4f, ${unitsPerGroup * 9}>;
var<workgroup> gradient_strip: array<vec4f, ${rowLanes * rows * 9}>;
${activationsCode}
${dropoutKeepCode}
${outputGradientCode}
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let H = dims.H;
  let K = ${G}u * H;
  let unit0 = group.x * 16u;
  let row0 = group.y * ${rowLanes * rows}u;
  let own_unit = lane % 16u;
  let own_row = lane / 16u;
  let is_last = dims.t + 1u == dims.steps;
  let later = (dims.t + 1u) * dims.B * K;
  ${unroll(rows, (r) => `var sum${r} = 0.0;`)}
  for (var k0 = 0u; k0 < select(K, 0u, is_last); k0 += 32u) {
    if (lane < 128u) {
      let k = k0 + (lane / 16u) * 4u;
      let unit = unit0 + own_unit;
      let at = dims.weightsOffset + k * H + unit;
      var v = vec4f();
      if (unit < H) {
        for (var j = 0u; j < 4u && k + j < K; j++) { v[j] = weights[at + j * H]; }
      }
      weight_strip[own_unit * 9u + lane / 16u] = v;
    }
    for (var i = lane; i < ${rowLanes * rows * 8}u; i += 256u) {
      let k = k0 + (i % 8u) * 4u;
      let row = row0 + i / 8u;
      let at = later + row * K + k;
      var v = vec4f();
      if (row < dims.B) {
        for (var j = 0u; j < 4u && k + j < K; j++) { v[j] = f32(${later}[at + j]); }
      }
      gradient_strip[(i / 8u) * 9u + i % 8u] = v;
    }
    workgroupBarrier();
    for (var k = 0u; k < 8u; k++) {
      let w = weight_strip[own_unit * 9u + k];
      ${unroll(rows, (r) => `sum${r} += dot(w, gradient_strip[(own_row + ${r * 16}u) * 9u + k]);`)}
    }
    workgroupBarrier();
  }
  let unit = unit0 + own_unit;
  if (unit >= H) { return; }
  ${unroll(
    rows,
    (r) => /* wgsl */ `
  {
    let row = row0 + own_row + ${r * 16}u;
    if (row < dims.B) {
      let at = (dims.t * dims.B + row) * K + unit;
      let before = (dims.t * dims.B + row) * H + unit;
      let after = before + dims.B * H;
      let cell_at = row * H + unit;
      let handed = select(carried[cell_at], 0.0, is_last);
      let dh = sum${r} + handed_on_gradient(dims.t, row, unit)${cell === 'gru' ? ' + handed' : ''};
      ${backwardCellCode(cell, stored)}
      carried[cell_at] = handing;
    }
  }`,
  )}
}
`,
  };
}
