/**
 * From gradients to new parameters, over one flat buffer: the norm (two sums of squares: without clipping, and with
 * each element clipped), the figures of the step, and the update (equations in reference/optimiser.ts). The gradients in
 * the buffer are those of the sum of losses; the loss scale is applied here.
 */
import type { OptimiserKind } from '../../../../common/trainingConfig';
import { headerFloat } from './header';
import { read, write, type Shader } from './shader';

/**
 * The number of workgroups, and of partial sums, of `sumSquares` over this many elements; at most `mostSquareGroups`.
 */
export function squareGroups(elements: number): number {
  return Math.min(mostSquareGroups, Math.ceil(elements / 2048));
}

export const mostSquareGroups = 256;

/** The elements of the stats buffer. */
export const stats = { lossSum: 0, correct: 1, gradientNorm: 2, clipFactor: 3 } as const;
export const statsSize = 4;

const clipped = /* wgsl */ `
fn clipped(g: f32) -> f32 {
  let limit = ${headerFloat('clipValue')};
  return select(g, clamp(g, -limit, limit), limit > 0.0);
}
`;

const rangeFields = ['begin', 'end'] as const;

/** partial [workgroups]; workgroups: `squareGroups`. */
export function sumSquares(): Shader<(typeof rangeFields)[number]> {
  return {
    name: 'sum squares',
    fields: rangeFields,
    buffers: [write('partial', 'vec2f'), read('gradients'), read('batch', 'u32')],
    code: /* wgsl */ `
var<workgroup> sums: array<vec2f, 256>;
${clipped}
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u) {
  var sum = vec2f();
  for (var i = dims.begin + group.x * 256u + lane; i < dims.end; i += groups.x * 256u) {
    let g = gradients[i] * ${headerFloat('lossScale')};
    let v = vec2f(g, clipped(g));
    sum += v * v;
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { partial[group.x] = sums[0]; }
}
`,
  };
}

const summaryFields = ['firstPosition', 'positions', 'capacity', 'squares'] as const;

/**
 * The sums of losses and hits, the norm of the gradient from `squares` partial sums (at most 256), and the factor for
 * clipping by norm. One workgroup.
 */
export function summarise(): Shader<(typeof summaryFields)[number]> {
  return {
    name: 'summarise',
    fields: summaryFields,
    buffers: [write('stats'), read('outcomes'), read('partial', 'vec2f'), read('batch', 'u32')],
    code: /* wgsl */ `
var<workgroup> sums: array<vec4f, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = vec4f();
  for (var p = dims.firstPosition + lane; p < dims.positions; p += 256u) {
    sum.x += outcomes[p];
    sum.y += outcomes[dims.capacity + p];
  }
  if (lane < dims.squares) { sum = vec4f(sum.xy, partial[lane]); }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let total = sums[0];
    stats[${stats.lossSum}] = total.x;
    stats[${stats.correct}] = total.y;
    stats[${stats.gradientNorm}] = sqrt(total.z);
    let limit = ${headerFloat('clipNorm')};
    let norm = sqrt(total.w);
    stats[${stats.clipFactor}] = select(1.0, limit / norm, limit > 0.0 && norm > limit);
  }
}
`,
  };
}

/** Workgroups: any number. */
export function updateParameters(kind: OptimiserKind): Shader<(typeof rangeFields)[number]> {
  const rules: Record<OptimiserKind, string> = {
    sgd: /* wgsl */ `let change = g;`,
    rmsprop: /* wgsl */ `
    let rho = ${headerFloat('rho')};
    let v = rho * slot0[i] + (1.0 - rho) * g * g;
    slot0[i] = v;
    let change = g / (sqrt(v) + ${headerFloat('epsilon')});`,
    adam: /* wgsl */ `
    let beta1 = ${headerFloat('beta1')};
    let beta2 = ${headerFloat('beta2')};
    let m = beta1 * slot0[i] + (1.0 - beta1) * g;
    let v = beta2 * slot1[i] + (1.0 - beta2) * g * g;
    slot0[i] = m;
    slot1[i] = v;
    let change = m * ${headerFloat('mScale')} / (sqrt(v * ${headerFloat('vScale')}) + ${headerFloat('epsilon')});`,
  };
  const slots = { sgd: [], rmsprop: [write('slot0')], adam: [write('slot0'), write('slot1')] }[kind];
  return {
    name: `update ${kind}`,
    fields: rangeFields,
    buffers: [write('parameters'), read('gradients'), read('stats'), read('batch', 'u32'), ...slots],
    code: /* wgsl */ `
${clipped}
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = dims.begin + id.x; i < dims.end; i += groups.x * 256u) {
    let g = clipped(gradients[i] * ${headerFloat('lossScale')}) * stats[${stats.clipFactor}];
    ${rules[kind]}
    parameters[i] -= ${headerFloat('learningRate')} * (change + ${headerFloat('weightDecay')} * parameters[i]);
  }
}
`,
  };
}
