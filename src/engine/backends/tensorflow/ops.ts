/**
 * TensorFlow operations on handles, one method each, and the management of handles: everything created within `scope`
 * is freed at its end except what is returned. Shapes are row-major; all numbers float32 unless said otherwise.
 */
import { InklingError } from '../../../common/errors';
import type { OpAttribute, TensorflowBinding, TensorHandle } from './binding';

/** One tensor or several. */
type Kept = TensorHandle | undefined | readonly Kept[] | { readonly [name: string]: Kept | number };

export class Ops {
  private open: Set<TensorHandle>[] = [];
  private readonly constants = new Map<string, TensorHandle>();

  constructor(readonly binding: TensorflowBinding) {}

  /** Calls `work` and frees what it created, except what it returns. */
  scope<T extends Kept>(work: () => T): T {
    const own = new Set<TensorHandle>();
    this.open.push(own);
    let result: T | undefined;
    try {
      return (result = work());
    } finally {
      this.open.pop();
      const outer = this.open.at(-1);
      forEachTensor(result, (tensor) => {
        if (own.delete(tensor)) outer?.add(tensor);
      });
      own.forEach((tensor) => this.binding.deleteTensor(tensor.id));
    }
  }

  /** Removes a tensor from its scope: it lives until `free`. */
  keep(tensor: TensorHandle): TensorHandle {
    for (const own of this.open) own.delete(tensor);
    return tensor;
  }

  /** Adds kept tensors to the current scope, which frees them at its end. */
  freeLater(tensors: Kept): void {
    forEachTensor(tensors, (tensor) => this.open.at(-1)!.add(tensor));
  }

  /** Frees tensors that outlived their scope. */
  free(tensors: Kept): void {
    forEachTensor(tensors, (tensor) => this.binding.deleteTensor(tensor.id));
  }

  freeConstants(): void {
    this.free([...this.constants.values()]);
    this.constants.clear();
  }

  /** A tensor with a copy of `values`. */
  floats(shape: number[], values: ArrayLike<number>): TensorHandle {
    return this.track(shape, this.binding.TF_FLOAT, Float32Array.from(values));
  }

  integers(shape: number[], values: ArrayLike<number>): TensorHandle {
    return this.track(shape, this.binding.TF_INT32, Int32Array.from(values));
  }

  zeros(shape: number[]): TensorHandle {
    return this.track(shape, this.binding.TF_FLOAT, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  }

  /** A constant number. Constants are created once and kept until `freeConstants`. */
  scalar(value: number): TensorHandle {
    return this.constant(`f${value}`, [], this.binding.TF_FLOAT, Float32Array.of(value));
  }

  /** A constant list of integers, such as a shape. */
  list(...values: number[]): TensorHandle {
    return this.constant(`i${values.join()}`, [values.length], this.binding.TF_INT32, Int32Array.from(values));
  }

  /** A constant integer. */
  whole(value: number): TensorHandle {
    return this.constant(`w${value}`, [], this.binding.TF_INT32, Int32Array.of(value));
  }

  /** A constant int64 number. */
  long(value: number): TensorHandle {
    return this.constant(`l${value}`, [], this.binding.TF_INT64, Int32Array.of(value, 0));
  }

  read(tensor: TensorHandle): Float32Array {
    return this.binding.tensorDataSync(tensor.id) as Float32Array;
  }

  /** Any operation. Throws `outOfMemory` or `backendUnavailable` with TensorFlow's message. */
  run(name: string, attributes: OpAttribute[], inputs: TensorHandle[], outputs = 1): TensorHandle[] {
    try {
      const made = this.binding.executeOp(
        name,
        attributes,
        inputs.map(({ id }) => id),
        outputs,
      );
      const own = this.open.at(-1);
      made.forEach((tensor) => own?.add(tensor));
      return made;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (/OOM|out of memory|RESOURCE_EXHAUSTED/i.test(message)) {
        throw new InklingError(
          'outOfMemory',
          `TensorFlow has too little memory (${message}). Choose fewer units, a smaller batch or fewer steps.`,
          { cause: error },
        );
      }
      throw new InklingError(
        'backendUnavailable',
        `TensorFlow refused ${name}: ${message}. Use the backend wasm (--backend wasm, or inkling.engine.backend in VS Code).`,
        {
          cause: error,
        },
      );
    }
  }

  // ---- attributes

  type(name: string, dtype = this.binding.TF_FLOAT): OpAttribute {
    return { name, type: this.binding.TF_ATTR_TYPE, value: dtype };
  }

  flag(name: string, value: boolean): OpAttribute {
    return { name, type: this.binding.TF_ATTR_BOOL, value };
  }

  int(name: string, value: number): OpAttribute {
    return { name, type: this.binding.TF_ATTR_INT, value };
  }

  float(name: string, value: number): OpAttribute {
    return { name, type: this.binding.TF_ATTR_FLOAT, value };
  }

  text(name: string, value: string): OpAttribute {
    return { name, type: this.binding.TF_ATTR_STRING, value };
  }

  // ---- arithmetic, with broadcasting

  add = (a: TensorHandle, b: TensorHandle): TensorHandle => this.binary('AddV2', a, b);
  sub = (a: TensorHandle, b: TensorHandle): TensorHandle => this.binary('Sub', a, b);
  mul = (a: TensorHandle, b: TensorHandle): TensorHandle => this.binary('Mul', a, b);
  div = (a: TensorHandle, b: TensorHandle): TensorHandle => this.binary('RealDiv', a, b);
  minimum = (a: TensorHandle, b: TensorHandle): TensorHandle => this.binary('Minimum', a, b);
  /** dy · y · (1 - y). */
  sigmoidGradient = (y: TensorHandle, dy: TensorHandle): TensorHandle => this.binary('SigmoidGrad', y, dy);
  /** dy · (1 - y²). */
  tanhGradient = (y: TensorHandle, dy: TensorHandle): TensorHandle => this.binary('TanhGrad', y, dy);
  sigmoid = (x: TensorHandle): TensorHandle => this.run('Sigmoid', [this.type('T')], [x])[0];
  tanh = (x: TensorHandle): TensorHandle => this.run('Tanh', [this.type('T')], [x])[0];
  sqrt = (x: TensorHandle): TensorHandle => this.run('Sqrt', [this.type('T')], [x])[0];
  square = (x: TensorHandle): TensorHandle => this.run('Square', [this.type('T')], [x])[0];
  softplus = (x: TensorHandle): TensorHandle => this.run('Softplus', [this.type('T')], [x])[0];

  scale(x: TensorHandle, factor: number): TensorHandle {
    return factor === 1 ? x : this.mul(x, this.scalar(factor));
  }

  clip(x: TensorHandle, limit: number): TensorHandle {
    return this.run('ClipByValue', [this.type('T')], [x, this.scalar(-limit), this.scalar(limit)])[0];
  }

  private binary(name: string, a: TensorHandle, b: TensorHandle): TensorHandle {
    return this.run(name, [this.type('T')], [a, b])[0];
  }

  // ---- matrices

  /** A B, each transposed first if requested. */
  matmul(a: TensorHandle, b: TensorHandle, { transposeA = false, transposeB = false } = {}): TensorHandle {
    const attributes = [this.type('T'), this.flag('transpose_a', transposeA), this.flag('transpose_b', transposeB)];
    return this.run('MatMul', attributes, [a, b])[0];
  }

  transpose(a: TensorHandle): TensorHandle {
    const attributes = [this.type('T'), this.type('Tperm', this.binding.TF_INT32)];
    return this.run('Transpose', attributes, [a, this.list(1, 0)])[0];
  }

  /** Sum over the given axes, or over all. */
  sum(x: TensorHandle, axes: number[] = x.shape.map((_, i) => i)): TensorHandle {
    const attributes = [this.flag('keep_dims', false), this.type('T'), this.type('Tidx', this.binding.TF_INT32)];
    return this.run('Sum', attributes, [x, this.list(...axes)])[0];
  }

  // ---- shapes

  reshape(x: TensorHandle, shape: number[]): TensorHandle {
    const attributes = [this.type('T', x.dtype), this.type('Tshape', this.binding.TF_INT32)];
    return this.run('Reshape', attributes, [x, this.list(...shape)])[0];
  }

  /** Part of a tensor along its first axis. */
  slice(x: TensorHandle, begin: number, size: number): TensorHandle {
    const rest = x.shape.slice(1);
    const attributes = [this.type('T', x.dtype), this.type('Index', this.binding.TF_INT32)];
    const from = this.list(begin, ...rest.map(() => 0));
    return this.run('Slice', attributes, [x, from, this.list(size, ...rest)])[0];
  }

  /** `count` equal parts along an axis. */
  split(x: TensorHandle, count: number, axis: number): TensorHandle[] {
    if (count === 1) return [x];
    return this.run('Split', [this.int('num_split', count), this.type('T')], [this.whole(axis), x], count);
  }

  concat(parts: TensorHandle[], axis: number): TensorHandle {
    if (parts.length === 1) return parts[0];
    const attributes = [this.int('N', parts.length), this.type('T'), this.type('Tidx', this.binding.TF_INT32)];
    return this.run('ConcatV2', attributes, [...parts, this.whole(axis)])[0];
  }

  /** Parts of one shape along a new first axis. */
  pack(parts: TensorHandle[]): TensorHandle {
    return this.run('Pack', [this.int('N', parts.length), this.type('T'), this.int('axis', 0)], parts)[0];
  }

  /** The inverse of `pack`. */
  unpack(x: TensorHandle): TensorHandle[] {
    const count = x.shape[0];
    return this.run('Unpack', [this.int('num', count), this.type('T'), this.int('axis', 0)], [x], count);
  }

  // ---- tokens

  /** [P] ids → [P, depth]; an id out of range gives a row of zeros. */
  oneHot(ids: TensorHandle, depth: number): TensorHandle {
    const attributes = [this.int('axis', -1), this.type('T'), this.type('TI', this.binding.TF_INT32)];
    return this.run('OneHot', attributes, [ids, this.whole(depth), this.scalar(1), this.scalar(0)])[0];
  }

  /** Rows of a table. */
  gather(table: TensorHandle, ids: TensorHandle): TensorHandle {
    const attributes = [
      this.int('batch_dims', 0),
      this.type('Tparams'),
      this.type('Tindices', this.binding.TF_INT32),
      this.type('Taxis', this.binding.TF_INT32),
    ];
    return this.run('GatherV2', attributes, [table, ids, this.whole(0)])[0];
  }

  /** Row v of the result is the sum of the rows whose id is v; negative ids are left out. */
  sumByToken(rows: TensorHandle, ids: TensorHandle, vocabulary: number): TensorHandle {
    const attributes = [
      this.type('T'),
      this.type('Tindices', this.binding.TF_INT32),
      this.type('Tnumsegments', this.binding.TF_INT32),
    ];
    return this.run('UnsortedSegmentSum', attributes, [rows, ids, this.whole(vocabulary)])[0];
  }

  private track(shape: number[], dtype: number, values: Float32Array | Int32Array): TensorHandle {
    const tensor = { id: this.binding.createTensor(shape, dtype, values), shape, dtype };
    this.open.at(-1)?.add(tensor);
    return tensor;
  }

  private constant(key: string, shape: number[], dtype: number, values: Float32Array | Int32Array): TensorHandle {
    let tensor = this.constants.get(key);
    if (!tensor) {
      tensor = { id: this.binding.createTensor(shape, dtype, values), shape, dtype };
      this.constants.set(key, tensor);
    }
    return tensor;
  }
}

function forEachTensor(value: Kept | number, visit: (tensor: TensorHandle) => void): void {
  if (typeof value !== 'object') return;
  if (isTensor(value)) visit(value);
  else for (const item of Object.values(value) as (Kept | number)[]) forEachTensor(item, visit);
}

function isTensor(value: object): value is TensorHandle {
  return 'id' in value && 'dtype' in value && 'shape' in value;
}
