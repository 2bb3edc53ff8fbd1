/** The few matrix products of the reference backend. Matrices are row-major, [rows, columns] with rows = out.length. */

/** out += W x. W [R, C], x [C], out [R]. */
export function addProduct(out: Float64Array, W: Float64Array, x: Float64Array): void {
  const columns = x.length;
  for (let r = 0; r < out.length; r++) {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += W[r * columns + c] * x[c];
    out[r] += sum;
  }
}

/** out += Wᵀ y. W [R, C], y [R], out [C]. */
export function addTransposedProduct(out: Float64Array, W: Float64Array, y: Float64Array): void {
  const columns = out.length;
  for (let r = 0; r < y.length; r++) {
    for (let c = 0; c < columns; c++) out[c] += W[r * columns + c] * y[r];
  }
}

/** dW += y xᵀ. dW [R, C], y [R], x [C]. */
export function addOuterProduct(dW: Float64Array, y: Float64Array, x: Float64Array): void {
  const columns = x.length;
  for (let r = 0; r < y.length; r++) {
    for (let c = 0; c < columns; c++) dW[r * columns + c] += y[r] * x[c];
  }
}

/** out += x. */
export function addVector(out: Float64Array, x: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] += x[i];
}
