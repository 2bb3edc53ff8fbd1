/**
 * The gradient of a table that tokens select from: out[token] = Σ over the positions p of that token of rows[p].
 * Positions are counting-sorted by token on the CPU and cut into segments of at most `segmentLength`. First each segment
 * is summed, then the segments of each token, always in the same order and without float atomics, so the sums are
 * reproducible.
 *
 * Sections of the batch: order [P], the sorted positions; segments [S + 1], where each begins in `order`; tokenSegments
 * [V + 1], where those of each token begin in `segments`.
 */
import { read, write, type Shader, type ShaderBuffer } from './shader';

/** The maximum number of positions of a segment. */
export const segmentLength = 32;

const segmentFields = ['width', 'orderOffset', 'segmentsOffset', 'segmentCountAt'] as const;

/** partial [S, width]; workgroups: (segments or fewer, width / 64). */
export function sumSegments(stored: ShaderBuffer['type']): Shader<(typeof segmentFields)[number]> {
  return {
    name: `sum segments ${stored}`,
    fields: segmentFields,
    buffers: [write('partial'), read('rows', stored), read('batch', 'u32')],
    code: /* wgsl */ `
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u) {
  let column = group.y * 64u + lane;
  if (column >= dims.width) { return; }
  for (var s = group.x; s < batch[dims.segmentCountAt]; s += groups.x) {
    var sum = 0.0;
    let end = batch[dims.segmentsOffset + s + 1u];
    for (var i = batch[dims.segmentsOffset + s]; i < end; i++) {
      sum += f32(rows[batch[dims.orderOffset + i] * dims.width + column]);
    }
    partial[s * dims.width + column] = sum;
  }
}
`,
  };
}

const tokenFields = [
  'width',
  'vocabulary',
  'tokenSegmentsOffset',
  'gradientsOffset',
  'tokenStride',
  'columnStride',
  'accumulate',
] as const;

/** gradients[token · tokenStride + column · columnStride] = Σ partial; workgroups: (V, width / 64). */
export function sumTokens(): Shader<(typeof tokenFields)[number]> {
  return {
    name: 'sum tokens',
    fields: tokenFields,
    buffers: [write('gradients'), read('partial'), read('batch', 'u32')],
    code: /* wgsl */ `
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let column = group.y * 64u + lane;
  if (column >= dims.width) { return; }
  let at = dims.gradientsOffset + group.x * dims.tokenStride + column * dims.columnStride;
  var sum = 0.0;
  if (dims.accumulate == 1u) { sum = gradients[at]; }
  let end = batch[dims.tokenSegmentsOffset + group.x + 1u];
  for (var s = batch[dims.tokenSegmentsOffset + group.x]; s < end; s++) {
    sum += partial[s * dims.width + column];
  }
  gradients[at] = sum;
}
`,
  };
}
