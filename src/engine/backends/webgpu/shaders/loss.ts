/**
 * The cross-entropy of every position's logits [P, V] (equations in reference/loss.ts): one workgroup per position.
 * Writes losses [P] and hits [P] to `outcomes` [2, capacity]; with `gradients`, also replaces the logits by dL/dlogits
 * times the weight of the row. (The loss scale is applied later, in the optimiser: unscaled gradients fit into 16 bits.)
 */
import { read, write, type Shader } from './shader';

const fields = ['B', 'V', 'firstPosition', 'positions', 'capacity', 'targetsOffset', 'rowWeightsOffset'] as const;

/** The number of invocations per position. */
export function lossLanes(classes: number): number {
  return classes > 1024 ? 256 : 64;
}

/** Workgroups: any number; each takes positions in turn. */
export function softmaxLoss(lanes: number, gradients: boolean): Shader<(typeof fields)[number]> {
  return {
    name: `softmax loss ${lanes} ${gradients}`,
    fields,
    buffers: [write('logits'), write('outcomes'), read('batch', 'u32')],
    code: /* wgsl */ `
var<workgroup> values: array<f32, ${lanes}>;
var<workgroup> ids: array<u32, ${lanes}>;

@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u) {
  for (var p = dims.firstPosition + group.x; p < dims.positions; p += groups.x) {
    let target_id = bitcast<i32>(batch[dims.targetsOffset + p]);
    let base = p * dims.V;
    // The largest logit, and the lowest id that has it.
    var largest = -3.4e38;
    var best = dims.V;
    for (var j = lane; j < dims.V; j += ${lanes}u) {
      let l = logits[base + j];
      if (l > largest || best == dims.V) { largest = l; best = j; }
    }
    values[lane] = largest;
    ids[lane] = best;
    workgroupBarrier();
    for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
      if (lane < half) {
        let other = values[lane + half];
        let id = ids[lane + half];
        if (other > values[lane] || (other == values[lane] && id < ids[lane])) {
          values[lane] = other;
          ids[lane] = id;
        }
      }
      workgroupBarrier();
    }
    largest = values[0];
    best = ids[0];
    workgroupBarrier();
    var sum = 0.0;
    for (var j = lane; j < dims.V; j += ${lanes}u) { sum += exp(logits[base + j] - largest); }
    values[lane] = sum;
    workgroupBarrier();
    for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
      if (lane < half) { values[lane] += values[lane + half]; }
      workgroupBarrier();
    }
    sum = values[0];
    if (lane == 0u) {
      var loss = 0.0;
      var hit = 0.0;
      if (target_id >= 0) {
        loss = log(sum) + largest - logits[base + u32(target_id)];
        hit = select(0.0, 1.0, best == u32(target_id));
      }
      outcomes[p] = loss;
      outcomes[dims.capacity + p] = hit;
    }
    // The logit of the target must not be overwritten before it was read for the loss.
    workgroupBarrier();
    ${
      gradients
        ? /* wgsl */ `
    let weight = select(0.0, bitcast<f32>(batch[dims.rowWeightsOffset + p % dims.B]), target_id >= 0);
    for (var j = lane; j < dims.V; j += ${lanes}u) {
      let probability = exp(logits[base + j] - largest) / sum;
      logits[base + j] = weight * (probability - select(0.0, 1.0, i32(j) == target_id));
    }`
        : ''
    }
  }
}
`,
  };
}

/** One logit per position, targets 0 or 1. */
export function sigmoidLoss(gradients: boolean): Shader<(typeof fields)[number]> {
  return {
    name: `sigmoid loss ${gradients}`,
    fields,
    buffers: [write('logits'), write('outcomes'), read('batch', 'u32')],
    code: /* wgsl */ `
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var p = dims.firstPosition + id.x; p < dims.positions; p += groups.x * 256u) {
    let target_id = bitcast<i32>(batch[dims.targetsOffset + p]);
    let l = logits[p];
    let y = f32(target_id);
    // ln(1 + e) for e = exp(-|l|); the series where 1 + e would lose e.
    let e = exp(-abs(l));
    let softplus = max(l, 0.0) + select(log(1.0 + e), e - 0.5 * e * e, e < 1e-3);
    outcomes[p] = select(0.0, softplus - y * l, target_id >= 0);
    outcomes[dims.capacity + p] = select(0.0, 1.0, target_id >= 0 && (l > 0.0) == (target_id == 1));
    ${
      gradients
        ? /* wgsl */ `
    let weight = bitcast<f32>(batch[dims.rowWeightsOffset + p % dims.B]);
    logits[p] = select(0.0, weight * (1.0 / (1.0 + exp(-l)) - y), target_id >= 0);`
        : ''
    }
  }
}
`,
  };
}
