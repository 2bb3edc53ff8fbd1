/**
 * TensorFlow as far as the backend uses it, in plain TypeScript: eager operations on handles, so that all forms,
 * cuDNN's fused operation too, are tested without TensorFlow. It records the operations, refuses unknown ones, and
 * knows cuDNN's packing of parameters from its documentation: every gate's W_ih, every gate's W_hh, input biases,
 * recurrent biases; LSTM gates i f c o, GRU gates r z n.
 */
import type { OpAttribute, TensorflowBinding, TensorHandle } from '../../src/engine/backends/tensorflow/binding';

const [FLOAT, INT32, INT64, BOOL] = [1, 3, 9, 10];

interface Value {
  shape: number[];
  dtype: number;
  data: Float64Array;
}

type Attributes = Map<string, OpAttribute['value']>;

export class FakeTensorflow implements TensorflowBinding {
  readonly TF_FLOAT = FLOAT;
  readonly TF_INT32 = INT32;
  readonly TF_INT64 = INT64;
  readonly TF_BOOL = BOOL;
  readonly TF_ATTR_STRING = 0;
  readonly TF_ATTR_INT = 1;
  readonly TF_ATTR_FLOAT = 2;
  readonly TF_ATTR_BOOL = 3;
  readonly TF_ATTR_TYPE = 4;
  readonly TF_Version = 'fake';
  /** Operations in the order in which they were run. */
  readonly log: string[] = [];
  private readonly values = new Map<number, Value>();
  private next = 1;

  createTensor(shape: number[], dtype: number, values: Float32Array | Int32Array): number {
    const data = Float64Array.from(dtype === INT64 ? [values[0]] : values);
    if (data.length !== size(shape)) throw new Error('Shape does not match the array.');
    return this.store({ shape, dtype, data }).id;
  }

  deleteTensor(id: number): void {
    if (!this.values.delete(id)) throw new Error(`Delete called on a tensor not referenced (id ${id}).`);
  }

  tensorDataSync(id: number): Float32Array | Int32Array {
    const { data, dtype } = this.value(id);
    return dtype === FLOAT ? Float32Array.from(data) : Int32Array.from(data);
  }

  getNumOfTensors(): number {
    return this.values.size;
  }

  isUsingGpuDevice(): boolean {
    return true;
  }

  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): TensorHandle[] {
    this.log.push(name);
    const operation = operations[name];
    if (!operation) throw new Error(`There is no operation ${name}.`);
    const named: Attributes = new Map(attributes.map(({ name, value }) => [name, value]));
    const results = operation(
      inputs.map((id) => this.value(id)),
      named,
    );
    if (results.length !== outputs) throw new Error(`${name} has ${results.length} outputs, not ${outputs}.`);
    return results.map((result) => this.store(result));
  }

  private value(id: number): Value {
    const value = this.values.get(id);
    if (!value) throw new Error(`There is no tensor ${id}.`);
    return value;
  }

  private store(value: Value): TensorHandle {
    if (value.dtype === FLOAT) value.data = Float64Array.from(Float32Array.from(value.data));
    this.values.set(this.next, value);
    return { id: this.next++, shape: value.shape, dtype: value.dtype };
  }
}

const size = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);
const float = (shape: number[], data: ArrayLike<number>): Value => ({
  shape,
  dtype: FLOAT,
  data: Float64Array.from(data),
});
const sigma = (x: number): number => 1 / (1 + Math.exp(-x));

const unary =
  (f: (x: number) => number) =>
  ([x]: Value[]): Value[] => [float(x.shape, x.data.map(f))];

/** Element by element with broadcasting. */
function broadcast(a: Value, b: Value, dtype: number, f: (a: number, b: number) => number): Value {
  const rank = Math.max(a.shape.length, b.shape.length);
  const pad = (shape: number[]): number[] => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const [sa, sb] = [pad(a.shape), pad(b.shape)];
  const shape = sa.map((n, i) => {
    if (n !== sb[i] && n !== 1 && sb[i] !== 1) throw new Error(`Incompatible shapes: [${a.shape}] and [${b.shape}].`);
    return n === 1 ? sb[i] : n;
  });
  const data = new Float64Array(size(shape));
  for (let i = 0; i < data.length; i++) {
    let [rest, ia, ib, da, db] = [i, 0, 0, 1, 1];
    for (let d = rank - 1; d >= 0; d--) {
      const k = rest % shape[d];
      rest = (rest - k) / shape[d];
      if (sa[d] > 1) ia += k * da;
      if (sb[d] > 1) ib += k * db;
      da *= sa[d];
      db *= sb[d];
    }
    data[i] = f(a.data[ia], b.data[ib]);
  }
  return { shape, dtype, data };
}

const binary =
  (f: (a: number, b: number) => number, dtype = FLOAT) =>
  ([a, b]: Value[]): Value[] => [broadcast(a, b, dtype, f)];

/** Every 1-D stretch along `axis`: outer and inner extents. */
function along(shape: number[], axis: number): [outer: number, inner: number] {
  return [size(shape.slice(0, axis)), size(shape.slice(axis + 1))];
}

function concat(parts: Value[], axis: number): Value {
  const shape = [...parts[0].shape];
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const [outer] = along(shape, axis);
  const data: number[] = [];
  for (let o = 0; o < outer; o++) {
    for (const { data: own, shape: s } of parts) {
      const stretch = size(s.slice(axis));
      for (let i = 0; i < stretch; i++) data.push(own[o * stretch + i]);
    }
  }
  return { ...float(shape, data), dtype: parts[0].dtype };
}

function split(x: Value, count: number, axis: number): Value[] {
  const [outer, inner] = along(x.shape, axis);
  const each = x.shape[axis] / count;
  const shape = x.shape.map((n, d) => (d === axis ? each : n));
  return Array.from({ length: count }, (_, part) => {
    const data: number[] = [];
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < each * inner; i++) data.push(x.data[(o * count + part) * each * inner + i]);
    }
    return float(shape, data);
  });
}

const operations: Record<string, (inputs: Value[], attributes: Attributes) => Value[]> = {
  AddV2: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  RealDiv: binary((a, b) => a / b),
  Minimum: binary((a, b) => Math.min(a, b)),
  SigmoidGrad: binary((y, dy) => dy * y * (1 - y)),
  TanhGrad: binary((y, dy) => dy * (1 - y * y)),
  Greater: binary((a, b) => Number(a > b), BOOL),
  Less: binary((a, b) => Number(a < b), BOOL),
  Equal: binary((a, b) => Number(a === b), BOOL),
  Sigmoid: unary(sigma),
  Tanh: unary(Math.tanh),
  Sqrt: unary(Math.sqrt),
  Square: unary((x) => x * x),
  Softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Cast: ([x], attributes) => [{ ...x, dtype: attributes.get('DstT') as number }],
  ClipByValue: ([x, low, high]) => [
    float(
      x.shape,
      x.data.map((v) => Math.min(high.data[0], Math.max(low.data[0], v))),
    ),
  ],
  SelectV2: ([condition, a, b]) => {
    const pick = condition.data.map((c, i) => (c ? a.data[a.data.length > 1 ? i : 0] : b.data[i]));
    return [{ shape: b.shape, dtype: b.dtype, data: pick }];
  },
  MatMul: ([a, b], attributes) => {
    const [ta, tb] = [attributes.get('transpose_a') === true, attributes.get('transpose_b') === true];
    const [M, K] = ta ? [a.shape[1], a.shape[0]] : a.shape;
    const [K2, N] = tb ? [b.shape[1], b.shape[0]] : b.shape;
    if (K !== K2) throw new Error(`Matrix size-incompatible: [${a.shape}] and [${b.shape}].`);
    const data = new Float64Array(M * N);
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) sum += a.data[ta ? k * M + m : m * K + k] * b.data[tb ? n * K + k : k * N + n];
        data[m * N + n] = sum;
      }
    }
    return [float([M, N], data)];
  },
  Transpose: ([x]) => {
    const [rows, columns] = x.shape;
    return [
      float(
        [columns, rows],
        x.data.map((_, i) => x.data[(i % rows) * columns + Math.floor(i / rows)]),
      ),
    ];
  },
  Sum: ([x, axes]) => {
    if (axes.data.length === x.shape.length) return [float([], [x.data.reduce((a, b) => a + b, 0)])];
    const columns = size(x.shape.slice(1));
    const data = new Float64Array(columns);
    x.data.forEach((v, i) => (data[i % columns] += v));
    return [float(x.shape.slice(1), data)];
  },
  Reshape: ([x, shape]) => {
    const known = [...shape.data].filter((n) => n >= 0).reduce((a, b) => a * b, 1);
    const filled = [...shape.data].map((n) => (n < 0 ? x.data.length / known : n));
    if (size(filled) !== x.data.length) throw new Error(`Cannot reshape [${x.shape}] to [${filled}].`);
    return [{ ...x, shape: filled }];
  },
  Slice: ([x, begin, count]) => {
    const inner = size(x.shape.slice(1));
    const data = x.data.slice(begin.data[0] * inner, (begin.data[0] + count.data[0]) * inner);
    return [float([count.data[0], ...x.shape.slice(1)], data)];
  },
  Split: ([axis, x], attributes) => split(x, attributes.get('num_split') as number, axis.data[0]),
  ConcatV2: (inputs) => [concat(inputs.slice(0, -1), inputs.at(-1)!.data[0])],
  Pack: (parts) => [
    float(
      [parts.length, ...parts[0].shape],
      parts.flatMap(({ data }) => [...data]),
    ),
  ],
  Unpack: ([x]) => split(x, x.shape[0], 0).map((part) => ({ ...part, shape: x.shape.slice(1) })),
  OneHot: ([ids, depth]) => {
    const width = depth.data[0];
    const data = new Float64Array(ids.data.length * width);
    ids.data.forEach((id, i) => {
      if (id >= 0 && id < width) data[i * width + id] = 1;
    });
    return [float([...ids.shape, width], data)];
  },
  GatherV2: ([table, ids]) => {
    const width = table.shape[1];
    return [
      float(
        [ids.data.length, width],
        [...ids.data].flatMap((id) => [...table.data.subarray(id * width, (id + 1) * width)]),
      ),
    ];
  },
  UnsortedSegmentSum: ([rows, ids, count]) => {
    const width = rows.shape[1];
    const data = new Float64Array(count.data[0] * width);
    rows.data.forEach((v, i) => {
      const id = ids.data[Math.floor(i / width)];
      if (id >= 0) data[id * width + (i % width)] += v;
    });
    return [float([count.data[0], width], data)];
  },
  ArgMax: ([x]) => {
    const width = x.shape[1];
    const best = Array.from({ length: x.shape[0] }, (_, r) => {
      const row = x.data.subarray(r * width, (r + 1) * width);
      return row.indexOf(Math.max(...row));
    });
    return [{ shape: [x.shape[0]], dtype: INT32, data: Float64Array.from(best) }];
  },
  SparseSoftmaxCrossEntropyWithLogits: ([logits, labels]) => {
    const [rows, width] = logits.shape;
    const losses = new Float64Array(rows);
    const gradients = new Float64Array(rows * width);
    for (let r = 0; r < rows; r++) {
      const row = logits.data.subarray(r * width, (r + 1) * width);
      const largest = Math.max(...row);
      const sum = row.reduce((total, l) => total + Math.exp(l - largest), 0);
      losses[r] = Math.log(sum) + largest - row[labels.data[r]];
      row.forEach((l, j) => (gradients[r * width + j] = Math.exp(l - largest) / sum - Number(j === labels.data[r])));
    }
    return [float([rows], losses), float(logits.shape, gradients)];
  },
  CudnnRNN: ([x, h, c, params], attributes) => {
    const { outputs, last, lastCells } = cudnnForward(modeOf(attributes), x, h, c, params);
    // The reserve contains nothing here; its size only shows that it is passed on.
    return [outputs, { ...h, data: last }, { ...c, data: lastCells }, float([7], [1, 2, 3, 4, 5, 6, 7])];
  },
  CudnnRNNBackprop: (inputs, attributes) => {
    const [x, h, c, params, , , , dOutputs, , , reserve] = inputs;
    if (reserve.data.join() !== '1,2,3,4,5,6,7') throw new Error('The reserve space is not that of the forward pass.');
    return cudnnBackward(modeOf(attributes), x, h, c, params, dOutputs);
  },
};

type Mode = 'lstm' | 'gru' | 'rnn_tanh';

function modeOf(attributes: Attributes): Mode {
  if (attributes.get('direction') !== 'unidirectional' || attributes.get('input_mode') !== 'linear_input') {
    throw new Error('Only one direction and a linear input are known here.');
  }
  return attributes.get('rnn_mode') as Mode;
}

interface Packed {
  gates: number;
  B: number;
  I: number;
  H: number;
  /** Element offsets of W_ih, W_hh, b_ih, b_hh. */
  at: [number, number, number, number];
}

function unpackSizes(mode: Mode, x: Value, h: Value, params: Value): Packed {
  const gates = { lstm: 4, gru: 3, rnn_tanh: 1 }[mode];
  const [, B, I] = x.shape;
  const H = h.shape[2];
  const at: Packed['at'] = [0, gates * H * I, gates * H * (I + H), gates * H * (I + H + 1)];
  if (params.data.length !== gates * H * (I + H + 2)) throw new Error('The packed parameters have another length.');
  if (h.shape.join() !== [1, B, H].join()) throw new Error(`input_h must be [1, ${B}, ${H}], not [${h.shape}].`);
  return { gates, B, I, H, at };
}

/** All steps; `gates[t]` [B, G·H] after their σ or tanh, `candidate[t]` the GRU's recurrent part of n. */
function cudnnForward(
  mode: Mode,
  x: Value,
  h: Value,
  c: Value,
  params: Value,
): {
  outputs: Value;
  last: Float64Array;
  lastCells: Float64Array;
  states: Float64Array[];
  cells: Float64Array[];
  gates: Float64Array[];
  candidate: Float64Array[];
} {
  const { gates: G, B, I, H, at } = unpackSizes(mode, x, h, params);
  const [T] = x.shape;
  const p = params.data;
  const [states, cells, gates, candidate] = [[h.data], [c.data], [] as Float64Array[], [] as Float64Array[]];
  for (let t = 0; t < T; t++) {
    const [own, ownN] = [new Float64Array(B * G * H), new Float64Array(B * H)];
    const [hNew, cNew] = [new Float64Array(B * H), new Float64Array(cells[t].length)];
    for (let b = 0; b < B; b++) {
      const sums = (row: number): [number, number] => {
        let [a, r] = [p[at[2] + row], p[at[3] + row]];
        for (let k = 0; k < I; k++) a += p[at[0] + row * I + k] * x.data[(t * B + b) * I + k];
        for (let k = 0; k < H; k++) r += p[at[1] + row * H + k] * states[t][b * H + k];
        return [a, r];
      };
      for (let u = 0; u < H; u++) {
        const s = Array.from({ length: G }, (_, g) => sums(g * H + u));
        const set = (g: number, value: number): number => (own[(b * G + g) * H + u] = value);
        const i = b * H + u;
        if (mode === 'lstm') {
          const [gi, gf, go] = [0, 1, 3].map((g) => set(g, sigma(s[g][0] + s[g][1])));
          const gc = set(2, Math.tanh(s[2][0] + s[2][1]));
          cNew[i] = gf * cells[t][i] + gi * gc;
          hNew[i] = go * Math.tanh(cNew[i]);
        } else if (mode === 'gru') {
          const [r, z] = [0, 1].map((g) => set(g, sigma(s[g][0] + s[g][1])));
          ownN[i] = s[2][1];
          const n = set(2, Math.tanh(s[2][0] + r * s[2][1]));
          hNew[i] = (1 - z) * n + z * states[t][i];
        } else hNew[i] = set(0, Math.tanh(s[0][0] + s[0][1]));
      }
    }
    states.push(hNew);
    cells.push(cNew);
    gates.push(own);
    candidate.push(ownN);
  }
  const outputs = float(
    [T, B, H],
    states.slice(1).flatMap((state) => [...state]),
  );
  return { outputs, last: states[T], lastCells: cells[T], states, cells, gates, candidate };
}

function cudnnBackward(mode: Mode, x: Value, h: Value, c: Value, params: Value, dOutputs: Value): Value[] {
  const { gates: G, B, I, H, at } = unpackSizes(mode, x, h, params);
  const [T] = x.shape;
  const p = params.data;
  const { states, cells, gates, candidate } = cudnnForward(mode, x, h, c, params);
  const dx = new Float64Array(x.data.length);
  const dp = new Float64Array(p.length);
  let dh = new Float64Array(B * H);
  const dc = new Float64Array(B * H);
  for (let t = T - 1; t >= 0; t--) {
    const before = new Float64Array(B * H);
    for (let b = 0; b < B; b++) {
      for (let u = 0; u < H; u++) {
        const i = b * H + u;
        const y = dOutputs.data[t * B * H + i] + dh[i];
        const gate = (g: number): number => gates[t][(b * G + g) * H + u];
        /** Gradients of a gate's sums: by the input's part, by the state's part. */
        const parts: [number, number][] = [];
        if (mode === 'lstm') {
          const [gi, gf, gc, go] = [0, 1, 2, 3].map(gate);
          const th = Math.tanh(cells[t + 1][i]);
          const dCell = dc[i] + y * go * (1 - th * th);
          for (const d of [
            dCell * gc * gi * (1 - gi),
            dCell * cells[t][i] * gf * (1 - gf),
            dCell * gi * (1 - gc * gc),
            y * th * go * (1 - go),
          ])
            parts.push([d, d]);
          dc[i] = dCell * gf;
        } else if (mode === 'gru') {
          const [r, z, n] = [0, 1, 2].map(gate);
          const dn = y * (1 - z) * (1 - n * n);
          const dr = dn * candidate[t][i] * r * (1 - r);
          const dz = y * (states[t][i] - n) * z * (1 - z);
          parts.push([dr, dr], [dz, dz], [dn, dn * r]);
          before[i] += y * z;
        } else {
          const d = y * (1 - gate(0) ** 2);
          parts.push([d, d]);
        }
        parts.forEach(([da, db], g) => {
          const row = g * H + u;
          for (let k = 0; k < I; k++) {
            dp[at[0] + row * I + k] += da * x.data[(t * B + b) * I + k];
            dx[(t * B + b) * I + k] += da * p[at[0] + row * I + k];
          }
          for (let k = 0; k < H; k++) {
            dp[at[1] + row * H + k] += db * states[t][b * H + k];
            before[b * H + k] += db * p[at[1] + row * H + k];
          }
          dp[at[2] + row] += da;
          dp[at[3] + row] += db;
        });
      }
    }
    dh = before;
  }
  return [float(x.shape, dx), float(h.shape, dh), mode === 'lstm' ? float(c.shape, dc) : c, float([p.length], dp)];
}
