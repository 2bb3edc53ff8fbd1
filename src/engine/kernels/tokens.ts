// Between tokens and panels: picks rows of a table by token id and adds their gradients back, and moves rows between
// flat arrays and panels. A token of 0xFFFF is "no token": it picks nothing.
import { BYTES, load, store, splat, add } from './lanes';

const NO_TOKEN: u32 = 0xffff;

/**
 * out = bias + table[token], for the first product of a one-hot input.
 * `out`: `rows` rows, nPanels panels; `table`: nPanels panels of `tableRows` rows; `bias`: nPanels·16 numbers;
 * `tokens`: `rows` 16-bit ids.
 */
export function gatherRows(
  out: usize, stride: usize, table: usize, tableRows: i32, bias: usize, tokens: usize, rows: i32, nPanels: i32,
): void {
  const panelBytes = (<usize>tableRows) << 6;
  for (let n = 0; n < nPanels; n++, out += stride, table += panelBytes, bias += 64) {
    for (let r: usize = 0; r < <usize>rows; r++) {
      const to = out + (r << 6);
      const token = <u32>i32.load16_u(tokens + (r << 1));
      if (token == NO_TOKEN) {
        for (let i: usize = 0; i < 64; i += BYTES) store(to + i, load(bias + i));
      } else {
        const from = table + ((<usize>token) << 6);
        for (let i: usize = 0; i < 64; i += BYTES) store(to + i, add(load(bias + i), load(from + i)));
      }
    }
  }
}

/** table[token] += row, for the panels [nBegin, nEnd) of `g`; the gradient of `gatherRows`. */
export function scatterRows(
  table: usize, tableRows: i32, g: usize, stride: usize, tokens: usize, rows: i32, nBegin: i32, nEnd: i32,
): void {
  for (let n = nBegin; n < nEnd; n++) {
    const gp = g + (<usize>n) * stride;
    const tp = table + ((<usize>n * tableRows) << 6);
    for (let r: usize = 0; r < <usize>rows; r++) {
      const token = <u32>i32.load16_u(tokens + (r << 1));
      if (token == NO_TOKEN) continue;
      const to = tp + ((<usize>token) << 6), from = gp + (r << 6);
      for (let i: usize = 0; i < 64; i += BYTES) store(to + i, add(load(to + i), load(from + i)));
    }
  }
}

/**
 * x = table[token], for an embedding. `table`: rows of `panels` · 16 numbers, one after the other; `x`: `rows` rows,
 * panels `stride` bytes apart.
 */
export function gatherVectors(x: usize, stride: usize, table: usize, tokens: usize, rows: i32, panels: i32): void {
  for (let r: usize = 0; r < <usize>rows; r++) {
    const token = <u32>i32.load16_u(tokens + (r << 1));
    let to = x + (r << 6), from = table + ((<usize>token * panels) << 6);
    for (let p = 0; p < panels; p++, to += stride, from += 64) {
      if (token == NO_TOKEN) memory.fill(to, 0, 64);
      else memory.copy(to, from, 64);
    }
  }
}

/** table[token] += row, for the panels [begin, end) of `g`; the gradient of `gatherVectors`. */
export function scatterVectors(
  table: usize, g: usize, stride: usize, tokens: usize, rows: i32, panels: i32, begin: i32, end: i32,
): void {
  for (let r: usize = 0; r < <usize>rows; r++) {
    const token = <u32>i32.load16_u(tokens + (r << 1));
    if (token == NO_TOKEN) continue;
    for (let p = begin; p < end; p++) {
      const to = table + ((<usize>(token * panels + p)) << 6), from = g + (<usize>p) * stride + (r << 6);
      for (let i: usize = 0; i < 64; i += BYTES) store(to + i, add(load(to + i), load(from + i)));
    }
  }
}

/** sums[n] += Σ of the rows of panel n, over `steps` blocks, for the panels [nBegin, nEnd): the gradient of a bias. */
export function sumRows(
  sums: usize, g: usize, stride: usize, gStep: usize, rows: i32, steps: i32, nBegin: i32, nEnd: i32,
): void {
  for (let n = nBegin; n < nEnd; n++) {
    const s = sums + ((<usize>n) << 6);
    const p = g + (<usize>n) * stride;
    if (BYTES == 4) {
      for (let i: usize = 0; i < 64; i += 4) {
        let sum = f32.load(s + i);
        for (let t = 0; t < steps; t++) {
          let at = p + (<usize>t) * gStep + i;
          for (const end = at + ((<usize>rows) << 6); at < end; at += 64) sum += f32.load(at);
        }
        f32.store(s + i, sum);
      }
    } else {
      // Four chains side by side hide each other's latency.
      let s0 = v128.load(s), s1 = v128.load(s, 16), s2 = v128.load(s, 32), s3 = v128.load(s, 48);
      for (let t = 0; t < steps; t++) {
        let at = p + (<usize>t) * gStep;
        for (const end = at + ((<usize>rows) << 6); at < end; at += 64) {
          s0 = f32x4.add(s0, v128.load(at)); s1 = f32x4.add(s1, v128.load(at, 16));
          s2 = f32x4.add(s2, v128.load(at, 32)); s3 = f32x4.add(s3, v128.load(at, 48));
        }
      }
      v128.store(s, s0); v128.store(s, s1, 16); v128.store(s, s2, 32); v128.store(s, s3, 48);
    }
  }
}

/**
 * Copies rows of `columns` numbers between a flat array, `flatStride` bytes from row to row, and a matrix of `rows` rows
 * in panels; into the matrix if `inwards`. What pads the last panel is left alone.
 */
export function copyRows(
  flat: usize, flatStride: usize, matrix: usize, rows: i32, columns: i32, inwards: i32,
): void {
  const panelBytes = (<usize>rows) << 6;
  for (let r = 0; r < rows; r++, flat += flatStride, matrix += 64) {
    let f = flat, m = matrix;
    for (let left = (<usize>columns) << 2; left > 0; f += 64, m += panelBytes) {
      const bytes = min<usize>(left, 64);
      if (BYTES == 16 && bytes == 64) {
        const to = inwards ? m : f, from = inwards ? f : m;
        v128.store(to, v128.load(from)); v128.store(to, v128.load(from, 16), 16);
        v128.store(to, v128.load(from, 32), 32); v128.store(to, v128.load(from, 48), 48);
      } else if (inwards) {
        memory.copy(m, f, bytes);
      } else {
        memory.copy(f, m, bytes);
      }
      left -= bytes;
    }
  }
}

/** One number per row, id · scale, as a matrix of one panel whose other columns are 0. */
export function scalarRows(out: usize, tokens: usize, scale: f32, rows: i32): void {
  for (let r: usize = 0; r < <usize>rows; r++) {
    const to = out + (r << 6);
    for (let i: usize = 0; i < 64; i += BYTES) store(to + i, splat(0));
    const token = <u32>i32.load16_u(tokens + (r << 1));
    if (token != NO_TOKEN) f32.store(to, <f32>token * scale);
  }
}

/**
 * Dropout, forward and backward alike: multiplies each number by 0 or by 1 / (1 − rate).
 * The mask is `dropoutKeep` of backends/backend.ts for (key, layer, step, row + firstRow, unit + firstUnit); what pads
 * `units` to whole panels becomes 0.
 */
export function dropout(
  to: usize, from: usize, stride: usize, rows: i32, firstRow: i32, panels: i32, units: i32,
  firstUnit: i32, key: i32, layer: i32, step: i32, rate: f32,
): void {
  const threshold = <u32>(f64(rate) * 16777216.0 + 0.5);
  const scale: f32 = <f32>(1.0 / (1.0 - f64(rate)));
  const base = (((step + 1) * <i32>0xc2b2ae3d) ^ ((layer + 1) * <i32>0x27d4eb2f) ^ key);
  for (let p = 0; p < panels; p++) {
    for (let j = 0; j < 16; j += <i32>(BYTES >>> 2)) {
      const unit = (p << 4) + j;
      let at = (<usize>p) * stride + ((<usize>j) << 2);
      if (BYTES == 4) {
        const unitHash = (unit + firstUnit) * <i32>0x9e3779b1;
        for (let r = 0; r < rows; r++, at += 64) {
          let x = <u32>(unitHash ^ base ^ ((firstRow + r + 1) * <i32>0x85ebca77));
          x = (x ^ (x >>> 16)) * 0x7feb352d;
          x = (x ^ (x >>> 15)) * 0x846ca68b;
          x ^= x >>> 16;
          f32.store(to + at, unit < units && x >>> 8 >= threshold ? f32.load(from + at) * scale : 0);
        }
      } else {
        const four = i32x4.add(i32x4.splat(unit), i32x4(0, 1, 2, 3));
        const unitHash = i32x4.mul(i32x4.add(four, i32x4.splat(firstUnit)), i32x4.splat(<i32>0x9e3779b1));
        const real = i32x4.lt_s(four, i32x4.splat(units));
        for (let r = 0; r < rows; r++, at += 64) {
          let x = v128.xor(unitHash, i32x4.splat(base ^ ((firstRow + r + 1) * <i32>0x85ebca77)));
          x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x7feb352d));
          x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(<i32>0x846ca68b));
          x = i32x4.shr_u(v128.xor(x, i32x4.shr_u(x, 16)), 8);
          const kept = v128.and(real, i32x4.ge_s(x, i32x4.splat(<i32>threshold)));
          v128.store(to + at, v128.and(kept, f32x4.mul(v128.load(from + at), f32x4.splat(scale))));
        }
      }
    }
  }
}
