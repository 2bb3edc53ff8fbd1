/**
 * Weights in eight bits, for shipped models: each row of a matrix becomes integers from -127 to 127 and one scale,
 *
 *   w ≈ q · s,   s = max |w| / 127
 *
 * Vectors (biases) are few and stay float32.
 */

export interface QuantisedRows {
  /** [rows, columns]. */
  values: Int8Array;
  /** [rows]. */
  scales: Float32Array;
}

/** The nearest eight-bit representation of a row-major matrix with `rows` rows. */
export function quantiseRows(matrix: Float32Array, rows: number): QuantisedRows {
  const columns = matrix.length / rows;
  const values = new Int8Array(matrix.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    let largest = 0;
    for (let i = from; i < from + columns; i++) largest = Math.max(largest, Math.abs(matrix[i]));
    scales[row] = largest / 127;
    if (largest === 0) continue;
    for (let i = from; i < from + columns; i++) values[i] = Math.round(matrix[i] / scales[row]);
  }
  return { values, scales };
}

/** The matrix that `quantiseRows` encoded, [rows, columns]. */
export function dequantiseRows({ values, scales }: QuantisedRows): Float32Array {
  const columns = values.length / scales.length;
  const matrix = new Float32Array(values.length);
  for (let row = 0; row < scales.length; row++) {
    for (let i = row * columns; i < (row + 1) * columns; i++) matrix[i] = values[i] * scales[row];
  }
  return matrix;
}
