// Written by esbuild.js from src/engine/kernels, which say what each does. Pointers and strides are byte counts.
export interface Kernels {
  multiply(c: number, cStride: number, a: number, aStride: number, w: number, rows: number, kPanels: number, nPanels: number, start: number): void;
  clear(c: number, cStride: number, rows: number, panels: number): void;
  weightGradient(dw: number, a: number, aStride: number, aStep: number, g: number, gStride: number, gStep: number, rows: number, steps: number, mPanels: number, nBegin: number, nEnd: number): void;
  transpose(to: number, from: number, kPanels: number, nPanels: number, kBegin: number, kEnd: number): void;
  lstmForward(gates: number, cOld: number, c: number, s: number, h: number, stride: number, rows: number, uPanels: number): void;
  lstmBackward(gates: number, cOld: number, s: number, dh: number, dc: number, stride: number, rows: number, uPanels: number): void;
  gruForward(x: number, y: number, hOld: number, h: number, stride: number, rows: number, uPanels: number): void;
  gruBackward(x: number, y: number, hOld: number, dh: number, stride: number, rows: number, uPanels: number): void;
  rnnForward(gates: number, h: number, stride: number, rows: number, uPanels: number): void;
  rnnBackward(gates: number, dh: number, stride: number, rows: number, uPanels: number): void;
  addTo(a: number, b: number, stride: number, rows: number, panels: number): void;
  copy(to: number, toStride: number, from: number, fromStride: number, rows: number, panels: number): void;
  gatherRows(out: number, stride: number, table: number, tableRows: number, bias: number, tokens: number, rows: number, nPanels: number): void;
  scatterRows(table: number, tableRows: number, g: number, stride: number, tokens: number, rows: number, nBegin: number, nEnd: number): void;
  gatherVectors(x: number, stride: number, table: number, tokens: number, rows: number, panels: number): void;
  scatterVectors(table: number, g: number, stride: number, tokens: number, rows: number, panels: number, begin: number, end: number): void;
  copyRows(flat: number, flatStride: number, matrix: number, rows: number, columns: number, inwards: number): void;
  sumRows(sums: number, g: number, stride: number, gStep: number, rows: number, steps: number, nBegin: number, nEnd: number): void;
  scalarRows(out: number, tokens: number, scale: number, rows: number): void;
  dropout(to: number, from: number, stride: number, rows: number, firstRow: number, panels: number, units: number, firstUnit: number, key: number, layer: number, step: number, rate: number): void;
  softmaxLoss(logits: number, stride: number, rows: number, classes: number, targets: number, losses: number, correct: number, weights: number, scale: number): void;
  sigmoidLoss(logits: number, rows: number, targets: number, losses: number, correct: number, weights: number, scale: number): void;
  sgd(w: number, g: number, bytes: number, rate: number, limit: number, scale: number): void;
  rmsprop(w: number, g: number, v: number, bytes: number, rate: number, rho: number, epsilon: number, limit: number, scale: number): void;
  adam(w: number, g: number, m: number, v: number, bytes: number, rate: number, beta1: number, beta2: number, epsilon: number, mScale: number, vScale: number, limit: number, scale: number): void;
  decay(w: number, bytes: number, factor: number): void;
  sumOfSquares(g: number, bytes: number, limit: number): number;
}
