/**
 * The initial weights of a run, drawn from one seed.
 *
 * `keras` is what Keras does for its recurrent layers: input and output kernels Glorot-uniform (Glorot and Bengio 2010:
 * ±√(6 / (fan in + fan out)), the fan out of a cell counting all its gates), recurrent kernels orthogonal (Saxe et al.
 * 2014), embeddings uniform in ±0.05, biases 0 except the LSTM's forget gate, 1. `normal` is N(0, 1) · scale, biases 0.
 */
import type { NetworkConfig } from '../../common/trainingConfig';
import { Random } from '../random';
import { TimeSlice } from '../timeSlice';
import { parameterCount, parameterLayout, type NetworkSpec, type TensorSpec } from './networkSpec';

/** Keeps these random numbers independent of those that other rooms draw from the same seed. */
const initialisationStream = 0x1a17;

/**
 * A new parameter block in the layout of `parameterLayout(spec)`; the same seed gives the same block. The orthogonal
 * kernels of thousands of units take minutes, so the thread does other work in between.
 */
export async function initialiseParameters(
  spec: NetworkSpec,
  initialisation: NetworkConfig['initialisation'],
  seed: number,
): Promise<Float32Array> {
  const random = new Random(seed, initialisationStream);
  const parameters = new Float32Array(parameterCount(spec));
  for (const tensor of parameterLayout(spec)) {
    const values = parameters.subarray(tensor.offset, tensor.offset + tensor.size);
    if (initialisation.kind === 'keras') await fillAsKeras(spec, tensor, values, random);
    else if (tensor.shape.length === 2) {
      await fill(values, () => random.normal() * initialisation.scale);
    }
  }
  return parameters;
}

/** `values` must be all zeros. */
async function fillAsKeras(spec: NetworkSpec, tensor: TensorSpec, values: Float32Array, random: Random): Promise<void> {
  const [rows, columns] = tensor.shape;
  switch (tensor.role) {
    case 'embedding':
      return fillUniform(values, 0.05, random);
    case 'inputWeights':
    case 'outputWeights':
      return fillUniform(values, Math.sqrt(6 / (rows + columns)), random);
    case 'recurrentWeights':
      return fillOrthogonal(values, rows, columns, random);
    case 'inputBias':
      if (spec.cell === 'lstm') {
        const { units } = spec.layers[tensor.layer];
        values.fill(1, units, 2 * units);
      }
      return;
    case 'recurrentBias':
    case 'outputBias':
      return;
  }
}

function fillUniform(values: Float32Array, limit: number, random: Random): Promise<void> {
  return fill(values, () => (2 * random.uniform() - 1) * limit);
}

async function fill(values: Float32Array, next: () => number): Promise<void> {
  const slice = new TimeSlice();
  for (let i = 0; i < values.length; i++) {
    values[i] = next();
    if (i % 4096 === 0 && slice.isOver) await slice.renew();
  }
}

/**
 * Fills the matrix [rows, columns], rows ≥ columns, with orthonormal columns: the factor Q of the QR decomposition of a
 * matrix of normal deviates. Gram–Schmidt gives R a positive diagonal, which Keras achieves by changing signs, so that
 * Q is uniformly distributed over all such matrices (Mezzadri 2007).
 */
async function fillOrthogonal(values: Float32Array, rows: number, columns: number, random: Random): Promise<void> {
  const slice = new TimeSlice();
  const basis: Float64Array[] = [];
  for (let c = 0; c < columns; c++) {
    const v = new Float64Array(rows);
    for (let r = 0; r < rows; r++) v[r] = random.normal();
    let b = 0;
    for (; b + 4 <= c; b += 4) removeFourProjections(v, basis[b], basis[b + 1], basis[b + 2], basis[b + 3]);
    for (; b < c; b++) removeProjection(v, basis[b]);
    let square = 0;
    for (let r = 0; r < rows; r++) square += v[r] * v[r];
    const length = Math.sqrt(square);
    for (let r = 0; r < rows; r++) values[r * columns + c] = v[r] /= length;
    basis.push(v);
    if (slice.isOver) await slice.renew();
  }
}

function removeProjection(v: Float64Array, q: Float64Array): void {
  let share = 0;
  for (let r = 0; r < v.length; r++) share += v[r] * q[r];
  for (let r = 0; r < v.length; r++) v[r] -= share * q[r];
}

/** The same for four orthonormal vectors at once, which takes a third of the time. That matters for wide layers. */
function removeFourProjections(
  v: Float64Array,
  p: Float64Array,
  q: Float64Array,
  s: Float64Array,
  t: Float64Array,
): void {
  let [onP, onQ, onS, onT] = [0, 0, 0, 0];
  for (let r = 0; r < v.length; r++) {
    onP += v[r] * p[r];
    onQ += v[r] * q[r];
    onS += v[r] * s[r];
    onT += v[r] * t[r];
  }
  for (let r = 0; r < v.length; r++) v[r] -= onP * p[r] + onQ * q[r] + onS * s[r] + onT * t[r];
}
