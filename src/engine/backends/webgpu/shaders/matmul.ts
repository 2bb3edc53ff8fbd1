/**
 * Matrix product C [M, N] = A B, in tiles of 64 × 64: 256 invocations compute 4 × 4 sums each, and move along K in
 * strips of 16 that are in workgroup memory (Volkov and Demmel 2008).
 *
 *   nt: A [M, K], B [N, K]    nn: A [M, K], B [K, N]    tn: A [K, M], B [K, N]
 *
 * With `bias`, C starts from bias[n] (at `biasOffset` of the buffer `bias`). With `columnSums` (tn only), the sums of
 * A's columns, Σ_k A[k, m], are also written, at `sumsOffset` of C's buffer: the gradient of a bias.
 */
import { read, unroll, write, type Shader, type ShaderBuffer } from './shader';

export type MatmulForm = 'nt' | 'nn' | 'tn';

/** How A, B and C are stored. */
export interface MatmulTypes {
  a?: ShaderBuffer['type'];
  b?: ShaderBuffer['type'];
  c?: ShaderBuffer['type'];
}

const fields = ['M', 'N', 'K', 'aOffset', 'bOffset', 'cOffset', 'biasOffset', 'sumsOffset'] as const;

/** The rows and columns of a tile. */
export const matmulTile = 64;

/** Workgroups: (columns / 64, rows / 64). */
export function matmul(
  form: MatmulForm,
  extra: 'none' | 'bias' | 'columnSums' = 'none',
  { a = 'f32', b = 'f32', c = 'f32' }: MatmulTypes = {},
): Shader<(typeof fields)[number]> {
  // Four neighbouring columns of a strip are stored in one vec4. `byColumn`: the matrix is [K, columns], otherwise
  // [columns, K].
  const strip = (target: string, source: string, offset: string, columns: string, byColumn: boolean): string => {
    const [k, four] = byColumn ? ['lane / 16u', 'lane % 16u'] : ['lane % 16u', 'lane / 16u'];
    const first = target === 'a_strip' ? 'row0' : 'column0';
    const at = byColumn ? `(k0 + k) * dims.${columns} + column` : 'column * dims.K + k0 + k';
    return /* wgsl */ `
    {
      let k = ${k};
      let four = ${four};
      var v = vec4f();
      if (k0 + k < dims.K) {
        for (var i = 0u; i < 4u; i++) {
          let column = ${first} + four * 4u + i;
          if (column < dims.${columns}) { v[i] = f32(${source}[dims.${offset} + ${at}]); }
        }
      }
      ${target}[k * 17u + four] = v;
    }`;
  };
  const buffers = [read('a', a), read('b', b), write('c', c)];
  if (extra === 'bias') buffers.push(read('bias'));
  return {
    name: `matmul ${form} ${extra} ${a} ${b} ${c}`,
    fields,
    buffers,
    code: /* wgsl */ `
// Rows of 17 vec4, so that invocations of one column write to different banks.
var<workgroup> a_strip: array<vec4f, 272>;
var<workgroup> b_strip: array<vec4f, 272>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let column0 = group.x * 64u;
  let row0 = group.y * 64u;
  let x = lane % 16u;
  let y = lane / 16u;
  ${unroll(4, (i) => `var sum${i} = vec4f();`)}
  var column_sums = vec4f();
  for (var k0 = 0u; k0 < dims.K; k0 += 16u) {
    ${strip('a_strip', 'a', 'aOffset', 'M', form === 'tn')}
    ${strip('b_strip', 'b', 'bOffset', 'N', form !== 'nt')}
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let a4 = a_strip[k * 17u + y];
      let b4 = b_strip[k * 17u + x];
      ${unroll(4, (i) => `sum${i} += a4[${i}] * b4;`)}
      ${extra === 'columnSums' ? 'column_sums += a4;' : ''}
    }
    workgroupBarrier();
  }
  let sums = array<vec4f, 4>(sum0, sum1, sum2, sum3);
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + y * 4u + i;
    if (row >= dims.M) { break; }
    ${extra === 'columnSums' ? 'if (group.x == 0u && x == 0u) { c[dims.sumsOffset + row] = column_sums[i]; }' : ''}
    for (var j = 0u; j < 4u; j++) {
      let column = column0 + x * 4u + j;
      if (column >= dims.N) { break; }
      let value = sums[i][j]${extra === 'bias' ? ' + bias[dims.biasOffset + column]' : ''};
      c[dims.cOffset + row * dims.N + column] = ${c}(value);
    }
  }
}
`,
  };
}
