/** Shaders that handle each element once: the input of the network, carried states, the output of a layer. */
import { dropoutKeepCode, header, headerWord, wgslNoToken } from './header';
import { read, write, type Shader, type ShaderBuffer } from './shader';

/** The number of workgroups for this many elements; each has 256 invocations, which take further elements if necessary. */
export function elementGroups(elements: number): number {
  return Math.min(4096, Math.ceil(elements / 256));
}

const elementwise = (count: string, body: string): string => /* wgsl */ `
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let count = ${count};
  for (var i = id.x; i < count; i += groups.x * 256u) {${body}}
}
`;

const gatherFields = ['positions', 'width', 'vocabulary', 'tokensOffset', 'weightsOffset', 'biasOffset'] as const;

/** One-hot: gates [P, width] = bias + column `token` of W [width, V]. */
export function gatherOneHot(stored: ShaderBuffer['type']): Shader<(typeof gatherFields)[number]> {
  return {
    name: `gather one-hot ${stored}`,
    fields: gatherFields,
    buffers: [write('gates', stored), read('weights'), read('batch', 'u32')],
    code: elementwise(
      'dims.positions * dims.width',
      /* wgsl */ `
    let column = i % dims.width;
    let token = batch[dims.tokensOffset + i / dims.width];
    var value = weights[dims.biasOffset + column];
    if (token != ${wgslNoToken}) { value += weights[dims.weightsOffset + column * dims.vocabulary + token]; }
    gates[i] = ${stored}(value);
  `,
    ),
  };
}

const vectorFields = ['positions', 'width', 'tokensOffset', 'weightsOffset', 'scale'] as const;

/** The input vectors [P, width]: rows of the embedding table, or the one number id · scale. */
export function gatherVectors(
  kind: 'embedding' | 'scalar',
  stored: ShaderBuffer['type'],
): Shader<(typeof vectorFields)[number]> {
  const value =
    kind === 'embedding'
      ? 'weights[dims.weightsOffset + token * dims.width + i % dims.width]'
      : 'f32(token) * bitcast<f32>(dims.scale)';
  return {
    name: `gather ${kind} ${stored}`,
    fields: vectorFields,
    buffers: [write('vectors', stored), ...(kind === 'embedding' ? [read('weights')] : []), read('batch', 'u32')],
    code: elementwise(
      'dims.positions * dims.width',
      /* wgsl */ `
    let token = batch[dims.tokensOffset + i / dims.width];
    var value = 0.0;
    if (token != ${wgslNoToken}) { value = ${value}; }
    vectors[i] = ${stored}(value);
  `,
    ),
  };
}

const keepFields = ['count', 'offset'] as const;

/** carried = the values at `offset` of h or c, float32. */
export function keepState(stored: ShaderBuffer['type']): Shader<(typeof keepFields)[number]> {
  return {
    name: `keep state ${stored}`,
    fields: keepFields,
    buffers: [write('carried'), read('state', stored)],
    code: elementwise('dims.count', `carried[i] = f32(state[dims.offset + i]);`),
  };
}

const stateFields = ['B', 'H', 'resetOffset'] as const;

/** Slot 0 of h or c [B, H]: the carried state if the batch carries it and the row is not reset, otherwise zeros. */
export function initialState(stored: ShaderBuffer['type']): Shader<(typeof stateFields)[number]> {
  return {
    name: `initial state ${stored}`,
    fields: stateFields,
    buffers: [write('state', stored), read('carried'), read('batch', 'u32')],
    code: elementwise(
      'dims.B * dims.H',
      /* wgsl */ `
    let kept = batch[${header.carry}] == 1u && batch[dims.resetOffset + i / dims.H] == 0u;
    state[i] = ${stored}(select(0.0, carried[i], kept));
  `,
    ),
  };
}

const outputFields = [
  'positions',
  'B',
  'H',
  'width',
  'columnOffset',
  'layer',
  'dropoutThreshold',
  'dropoutScale',
] as const;

/** The output of a layer, where it is not simply h: columns of [P, width] from h [P, H], with dropout. */
export function layerOutput(stored: ShaderBuffer['type']): Shader<(typeof outputFields)[number]> {
  return {
    name: `layer output ${stored}`,
    fields: outputFields,
    buffers: [write('output', stored), read('h', stored), read('batch', 'u32')],
    code: /* wgsl */ `${dropoutKeepCode}${elementwise(
      'dims.positions * dims.H',
      /* wgsl */ `
    let position = i / dims.H;
    let column = dims.columnOffset + i % dims.H;
    var value = f32(h[dims.B * dims.H + i]);
    if (dims.dropoutThreshold > 0u) {
      let keep = dropout_keep(${headerWord('dropoutKey')}, dims.layer, position / dims.B, position % dims.B, column,
        dims.dropoutThreshold);
      value = select(0.0, value * bitcast<f32>(dims.dropoutScale), keep);
    }
    output[position * dims.width + column] = ${stored}(value);
  `,
    )}`,
  };
}
