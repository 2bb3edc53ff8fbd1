/**
 * The output layer, softmax and cross-entropy in one dispatch, for up to 128 classes: 16 positions per workgroup, 16
 * invocations per position, each with every sixteenth class. It writes the same as `matmul` and `softmaxLoss` together:
 * losses and hits and, with `gradients`, the gradients of the logits in their place.
 */
import { read, unroll, write, type Shader, type ShaderBuffer } from './shader';

const fields = [
  'B',
  'V',
  'K',
  'firstPosition',
  'positions',
  'capacity',
  'targetsOffset',
  'rowWeightsOffset',
  'topOffset',
  'weightsOffset',
  'biasOffset',
] as const;

export const positionsPerGroup = 16;

/** The number of classes of each invocation; undefined if there are too many classes. */
export function classesEach(classes: number): number | undefined {
  return classes <= 128 ? Math.ceil(classes / 16) : undefined;
}

/** `each`: from `classesEach`. Workgroups: positions / `positionsPerGroup`. */
export function denseSoftmaxLoss(
  each: number,
  gradients: boolean,
  stored: ShaderBuffer['type'],
): Shader<(typeof fields)[number]> {
  const reduce = (step: string): string => /* wgsl */ `
  for (var half = 8u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (x < half) { ${step} }
  }
  workgroupBarrier();`;
  return {
    name: `dense softmax loss ${each} ${gradients} ${stored}`,
    fields,
    buffers: [write('logits'), write('outcomes'), read('top', stored), read('weights'), read('batch', 'u32')],
    code: /* wgsl */ `
// Rows of 17, so that invocations of one column read from different banks.
var<workgroup> weight_strip: array<f32, ${each * 16 * 17}>;
var<workgroup> top_strip: array<f32, 272>;
var<workgroup> values: array<f32, 256>;
var<workgroup> ids: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let x = lane % 16u;
  let y = lane / 16u;
  let p = dims.firstPosition + group.x * 16u + y;
  ${unroll(each, (c) => `var l${c} = 0.0;`)}
  for (var k0 = 0u; k0 < dims.K; k0 += 16u) {
    let k = k0 + x;
    for (var j = y; j < ${each * 16}u; j += 16u) {
      var w = 0.0;
      if (j < dims.V && k < dims.K) { w = weights[dims.weightsOffset + j * dims.K + k]; }
      weight_strip[j * 17u + x] = w;
    }
    var t = 0.0;
    if (p < dims.positions && k < dims.K) {
      t = f32(top[dims.topOffset + (p - dims.firstPosition) * dims.K + k]);
    }
    top_strip[y * 17u + x] = t;
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
      let own = top_strip[y * 17u + i];
      ${unroll(each, (c) => `l${c} += own * weight_strip[(x + ${c * 16}u) * 17u + i];`)}
    }
    workgroupBarrier();
  }
  var largest = -3.4e38;
  var best = dims.V;
  ${unroll(
    each,
    (c) => /* wgsl */ `
  if (x + ${c * 16}u < dims.V) {
    l${c} += weights[dims.biasOffset + x + ${c * 16}u];
    if (l${c} > largest || best == dims.V) { largest = l${c}; best = x + ${c * 16}u; }
  }`,
  )}
  values[lane] = largest;
  ids[lane] = best;
  ${reduce(/* wgsl */ `
      let other = values[lane + half];
      let id = ids[lane + half];
      if (id < dims.V && (ids[lane] == dims.V || other > values[lane] || (other == values[lane] && id < ids[lane]))) {
        values[lane] = other;
        ids[lane] = id;
      }`)}
  largest = values[y * 16u];
  best = ids[y * 16u];
  workgroupBarrier();
  var sum = 0.0;
  ${unroll(each, (c) => `if (x + ${c * 16}u < dims.V) { sum += exp(l${c} - largest); }`)}
  values[lane] = sum;
  ${reduce('values[lane] += values[lane + half];')}
  sum = values[y * 16u];
  if (p >= dims.positions) { return; }
  let target_id = bitcast<i32>(batch[dims.targetsOffset + p]);
  let weight = select(0.0, bitcast<f32>(batch[dims.rowWeightsOffset + p % dims.B]), target_id >= 0);
  if (x == 0u && target_id < 0) {
    outcomes[p] = 0.0;
    outcomes[dims.capacity + p] = 0.0;
  }
  ${unroll(
    each,
    (c) => /* wgsl */ `
  {
    let j = x + ${c * 16}u;
    if (j < dims.V) {
      if (i32(j) == target_id) {
        outcomes[p] = log(sum) + largest - l${c};
        outcomes[dims.capacity + p] = select(0.0, 1.0, best == j);
      }
      logits[p * dims.V + j] = ${
        gradients ? `weight * (exp(l${c} - largest) / sum - select(0.0, 1.0, i32(j) == target_id))` : `l${c}`
      };
    }
  }`,
  )}
}
`,
  };
}
