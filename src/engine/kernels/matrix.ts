// Products of matrices in panels.
//
// A matrix of R rows and C columns (C a multiple of 16) is stored in C/16 panels; a panel holds R rows of 16 numbers,
// one cache line each: element (r, c) is at panel(c / 16) + r·64 bytes + (c mod 16)·4. The same layout serves as left
// operand, right operand and result, so nothing is repacked. `…Stride` is the distance of two panels in bytes.
//
// Every result element is one chain of multiply-adds over k in ascending order, whichever tile computes it: results do
// not depend on how rows are shared among threads. Tiles of 6 × 16 are BLIS' choice for 256-bit registers; those of 5
// and 4 rows process the remainder. They are written with v128 and immediate offsets because V8 can then combine
// neighbouring 128-bit operations into 256-bit ones (see backends/wasm/runtime.ts).
import { BYTES, load, store, splat, madd } from './lanes';

/** Initial values of a product other than a row of numbers: zero, or the content of the result. */
const FROM_ZERO: usize = 0, FROM_RESULT: usize = 1;
/** 16 KB of W. */
const BLOCK_PANELS: i32 = 16;
const zeros = memory.data<f32>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 64);

/**
 * C = S + A·W. Every row of S is 0 (`start` = 0), what C holds there (1), or the nPanels·16 numbers at `start` (a bias).
 * A: `rows` rows, kPanels panels; W: kPanels·16 rows, nPanels panels without gaps; C: `rows` rows, nPanels panels.
 */
export function multiply(
  c: usize, cStride: usize, a: usize, aStride: usize, w: usize,
  rows: i32, kPanels: i32, nPanels: i32, start: usize,
): void {
  // The sixteen numbers of row r and panel n of S are at s + r·sRow + n·sStride.
  let s = start, sRow: usize = 0, sStride: usize = 64;
  if (start == FROM_ZERO) {
    s = zeros;
    sStride = 0;
  } else if (start == FROM_RESULT) {
    s = c;
    sRow = 64;
    sStride = cStride;
  }
  if (BYTES == 4) {
    multiplyPlain(c, cStride, s, sRow, sStride, a, aStride, w, rows, kPanels, nPanels);
    return;
  }
  // Sixes first, as long as the rest is divisible by four; the remainder (at most three rows) is processed row by row.
  const even = rows & ~1;
  let six = even - (even % 6);
  if (six >= 6 && ((even - six) & 3) != 0) six -= 6;
  const four = six + ((rows - six) & ~3);
  for (let r: usize = four; r < <usize>rows; r++) {
    multiplyRow(c + (r << 6), cStride, s + r * sRow, sStride, a + (r << 6), aStride, w, kPanels, nPanels);
  }
  // Rows of W are processed in blocks that stay in the first-level cache while they are multiplied by all rows of A.
  for (let k = 0; four > 0 && k < kPanels; k += BLOCK_PANELS) {
    const ap = a + (<usize>k) * aStride;
    const count = min(BLOCK_PANELS, kPanels - k);
    let cp = c, wp = w + ((<usize>k) << 10), sp = s;
    for (let n = 0; n < nPanels; n++) {
      for (let r: usize = 0; r < <usize>six; r += 6) {
        tile6(cp + (r << 6), sp + r * sRow, sRow, ap + (r << 6), aStride, wp, count);
      }
      for (let r: usize = six; r < <usize>four; r += 4) {
        tile4(cp + (r << 6), sp + r * sRow, sRow, ap + (r << 6), aStride, wp, count);
      }
      cp += cStride;
      wp += (<usize>kPanels) << 10;
      sp += sStride;
    }
    s = c;
    sRow = 64;
    sStride = cStride;
  }
}

/** Sets `rows` rows of `panels` panels to zero. */
export function clear(c: usize, cStride: usize, rows: i32, panels: i32): void {
  for (let n = 0; n < panels; n++, c += cStride) memory.fill(c, 0, (<usize>rows) << 6);
}

/** Six rows of one panel of C = S + A·W. Unrolled by hand: the accumulators must stay in registers. */
function tile6(c: usize, s: usize, sRow: usize, a: usize, aStride: usize, w: usize, kPanels: i32): void {
  const s1 = s + sRow, s2 = s1 + sRow, s3 = s2 + sRow, s4 = s3 + sRow, s5 = s4 + sRow;
  let c00 = v128.load(s), c01 = v128.load(s, 16), c02 = v128.load(s, 32), c03 = v128.load(s, 48);
  let c10 = v128.load(s1), c11 = v128.load(s1, 16), c12 = v128.load(s1, 32), c13 = v128.load(s1, 48);
  let c20 = v128.load(s2), c21 = v128.load(s2, 16), c22 = v128.load(s2, 32), c23 = v128.load(s2, 48);
  let c30 = v128.load(s3), c31 = v128.load(s3, 16), c32 = v128.load(s3, 32), c33 = v128.load(s3, 48);
  let c40 = v128.load(s4), c41 = v128.load(s4, 16), c42 = v128.load(s4, 32), c43 = v128.load(s4, 48);
  let c50 = v128.load(s5), c51 = v128.load(s5, 16), c52 = v128.load(s5, 32), c53 = v128.load(s5, 48);
  const aJump = aStride - 64;
  for (let panel = 0; panel < kPanels; panel++) {
    for (const end = a + 64; a < end; a += 4, w += 64) {
      const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48);
      let x = v128.load32_splat(a);
      c00 = madd(x, w0, c00); c01 = madd(x, w1, c01); c02 = madd(x, w2, c02); c03 = madd(x, w3, c03);
      x = v128.load32_splat(a, 64);
      c10 = madd(x, w0, c10); c11 = madd(x, w1, c11); c12 = madd(x, w2, c12); c13 = madd(x, w3, c13);
      x = v128.load32_splat(a, 128);
      c20 = madd(x, w0, c20); c21 = madd(x, w1, c21); c22 = madd(x, w2, c22); c23 = madd(x, w3, c23);
      x = v128.load32_splat(a, 192);
      c30 = madd(x, w0, c30); c31 = madd(x, w1, c31); c32 = madd(x, w2, c32); c33 = madd(x, w3, c33);
      x = v128.load32_splat(a, 256);
      c40 = madd(x, w0, c40); c41 = madd(x, w1, c41); c42 = madd(x, w2, c42); c43 = madd(x, w3, c43);
      x = v128.load32_splat(a, 320);
      c50 = madd(x, w0, c50); c51 = madd(x, w1, c51); c52 = madd(x, w2, c52); c53 = madd(x, w3, c53);
    }
    a += aJump;
  }
  v128.store(c, c00); v128.store(c, c01, 16); v128.store(c, c02, 32); v128.store(c, c03, 48);
  v128.store(c, c10, 64); v128.store(c, c11, 80); v128.store(c, c12, 96); v128.store(c, c13, 112);
  v128.store(c, c20, 128); v128.store(c, c21, 144); v128.store(c, c22, 160); v128.store(c, c23, 176);
  v128.store(c, c30, 192); v128.store(c, c31, 208); v128.store(c, c32, 224); v128.store(c, c33, 240);
  v128.store(c, c40, 256); v128.store(c, c41, 272); v128.store(c, c42, 288); v128.store(c, c43, 304);
  v128.store(c, c50, 320); v128.store(c, c51, 336); v128.store(c, c52, 352); v128.store(c, c53, 368);
}

/** Four rows of one panel of C = S + A·W. Unrolled by hand: the accumulators must stay in registers. */
function tile4(c: usize, s: usize, sRow: usize, a: usize, aStride: usize, w: usize, kPanels: i32): void {
  const s1 = s + sRow, s2 = s1 + sRow, s3 = s2 + sRow;
  let c00 = v128.load(s), c01 = v128.load(s, 16), c02 = v128.load(s, 32), c03 = v128.load(s, 48);
  let c10 = v128.load(s1), c11 = v128.load(s1, 16), c12 = v128.load(s1, 32), c13 = v128.load(s1, 48);
  let c20 = v128.load(s2), c21 = v128.load(s2, 16), c22 = v128.load(s2, 32), c23 = v128.load(s2, 48);
  let c30 = v128.load(s3), c31 = v128.load(s3, 16), c32 = v128.load(s3, 32), c33 = v128.load(s3, 48);
  const aJump = aStride - 64;
  for (let panel = 0; panel < kPanels; panel++) {
    for (const end = a + 64; a < end; a += 4, w += 64) {
      const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48);
      let x = v128.load32_splat(a);
      c00 = madd(x, w0, c00); c01 = madd(x, w1, c01); c02 = madd(x, w2, c02); c03 = madd(x, w3, c03);
      x = v128.load32_splat(a, 64);
      c10 = madd(x, w0, c10); c11 = madd(x, w1, c11); c12 = madd(x, w2, c12); c13 = madd(x, w3, c13);
      x = v128.load32_splat(a, 128);
      c20 = madd(x, w0, c20); c21 = madd(x, w1, c21); c22 = madd(x, w2, c22); c23 = madd(x, w3, c23);
      x = v128.load32_splat(a, 192);
      c30 = madd(x, w0, c30); c31 = madd(x, w1, c31); c32 = madd(x, w2, c32); c33 = madd(x, w3, c33);
    }
    a += aJump;
  }
  v128.store(c, c00); v128.store(c, c01, 16); v128.store(c, c02, 32); v128.store(c, c03, 48);
  v128.store(c, c10, 64); v128.store(c, c11, 80); v128.store(c, c12, 96); v128.store(c, c13, 112);
  v128.store(c, c20, 128); v128.store(c, c21, 144); v128.store(c, c22, 160); v128.store(c, c23, 176);
  v128.store(c, c30, 192); v128.store(c, c31, 208); v128.store(c, c32, 224); v128.store(c, c33, 240);
}

/** One row of C = S + A·W: four panels at a time, so that enough sums are in progress to hide the latency of each. */
function multiplyRow(
  c: usize, cStride: usize, s: usize, sStride: usize, a: usize, aStride: usize, w: usize, kPanels: i32, nPanels: i32,
): void {
  const wStride = (<usize>kPanels) << 10;
  let n = 0;
  for (; n + 4 <= nPanels; n += 4, c += cStride * 4, s += sStride * 4, w += wStride * 4) {
    const d1 = c + cStride, d2 = d1 + cStride, d3 = d2 + cStride;
    const s1 = s + sStride, s2 = s1 + sStride, s3 = s2 + sStride;
    let c00 = v128.load(s), c01 = v128.load(s, 16), c02 = v128.load(s, 32), c03 = v128.load(s, 48);
    let c10 = v128.load(s1), c11 = v128.load(s1, 16), c12 = v128.load(s1, 32), c13 = v128.load(s1, 48);
    let c20 = v128.load(s2), c21 = v128.load(s2, 16), c22 = v128.load(s2, 32), c23 = v128.load(s2, 48);
    let c30 = v128.load(s3), c31 = v128.load(s3, 16), c32 = v128.load(s3, 32), c33 = v128.load(s3, 48);
    let p = a, w0 = w, w1 = w + wStride, w2 = w1 + wStride, w3 = w2 + wStride;
    for (let panel = 0; panel < kPanels; panel++, p += aStride - 64) {
      for (const end = p + 64; p < end; p += 4, w0 += 64, w1 += 64, w2 += 64, w3 += 64) {
        const x = v128.load32_splat(p);
        c00 = madd(x, v128.load(w0), c00); c01 = madd(x, v128.load(w0, 16), c01); c02 = madd(x, v128.load(w0, 32), c02); c03 = madd(x, v128.load(w0, 48), c03);
        c10 = madd(x, v128.load(w1), c10); c11 = madd(x, v128.load(w1, 16), c11); c12 = madd(x, v128.load(w1, 32), c12); c13 = madd(x, v128.load(w1, 48), c13);
        c20 = madd(x, v128.load(w2), c20); c21 = madd(x, v128.load(w2, 16), c21); c22 = madd(x, v128.load(w2, 32), c22); c23 = madd(x, v128.load(w2, 48), c23);
        c30 = madd(x, v128.load(w3), c30); c31 = madd(x, v128.load(w3, 16), c31); c32 = madd(x, v128.load(w3, 32), c32); c33 = madd(x, v128.load(w3, 48), c33);
      }
    }
    v128.store(c, c00); v128.store(c, c01, 16); v128.store(c, c02, 32); v128.store(c, c03, 48);
    v128.store(d1, c10); v128.store(d1, c11, 16); v128.store(d1, c12, 32); v128.store(d1, c13, 48);
    v128.store(d2, c20); v128.store(d2, c21, 16); v128.store(d2, c22, 32); v128.store(d2, c23, 48);
    v128.store(d3, c30); v128.store(d3, c31, 16); v128.store(d3, c32, 32); v128.store(d3, c33, 48);
  }
  for (; n < nPanels; n++, c += cStride, s += sStride, w += wStride) {
    let c00 = v128.load(s), c01 = v128.load(s, 16), c02 = v128.load(s, 32), c03 = v128.load(s, 48);
    let p = a, w0 = w;
    for (let panel = 0; panel < kPanels; panel++, p += aStride - 64) {
      for (const end = p + 64; p < end; p += 4, w0 += 64) {
        const x = v128.load32_splat(p);
        c00 = madd(x, v128.load(w0), c00); c01 = madd(x, v128.load(w0, 16), c01); c02 = madd(x, v128.load(w0, 32), c02); c03 = madd(x, v128.load(w0, 48), c03);
      }
    }
    v128.store(c, c00); v128.store(c, c01, 16); v128.store(c, c02, 32); v128.store(c, c03, 48);
  }
}

/** The scalar build's product: no tile, the result stays in memory. */
function multiplyPlain(
  c: usize, cStride: usize, s: usize, sRow: usize, sStride: usize, a: usize, aStride: usize, w: usize,
  rows: i32, kPanels: i32, nPanels: i32,
): void {
  for (let n = 0; n < nPanels; n++, c += cStride, s += sStride, w += (<usize>kPanels) << 10) {
    for (let r: usize = 0; r < <usize>rows; r++) {
      const cp = c + (r << 6);
      memory.copy(cp, s + r * sRow, 64);
      let wp = w;
      for (let k = 0; k < kPanels << 4; k++, wp += 64) {
        addScaled(cp, wp, f32.load(a + (<usize>(k >> 4)) * aStride + (r << 6) + (<usize>(k & 15) << 2)));
      }
    }
  }
}

/** Sixteen numbers at c += x · those at w. */
// @ts-ignore: decorator
@inline function addScaled(c: usize, w: usize, x: f32): void {
  const s = splat(x);
  for (let i: usize = 0; i < 64; i += BYTES) store(c + i, madd(s, load(w + i), load(c + i)));
}

/**
 * dW += Σ_t A_tᵀ·G_t for the panels [nBegin, nEnd) of dW.
 * A_t: `rows` rows, mPanels panels, `aStep` bytes from step to step; G_t: `rows` rows, panels `gStride` bytes apart,
 * `gStep` bytes from step to step; dW: mPanels·16 rows, panels without gaps.
 * Rows and steps are taken in blocks small enough for A's and G's panels to stay in the first-level cache.
 */
export function weightGradient(
  dw: usize, a: usize, aStride: usize, aStep: usize, g: usize, gStride: usize, gStep: usize,
  rows: i32, steps: i32, mPanels: i32, nBegin: i32, nEnd: i32,
): void {
  // Whole steps where several fit into a block; a step of more rows than that is cut.
  const block = max(1, BLOCK_ROWS / rows);
  for (let t = 0; t < steps; t += block) {
    const count = min(block, steps - t);
    for (let r = 0; r < rows; r += BLOCK_ROWS) {
      const at = (<usize>r) << 6;
      gradientBlock(
        dw, a + (<usize>t) * aStep + at, aStride, aStep, g + (<usize>t) * gStep + at, gStride, gStep,
        min(BLOCK_ROWS, rows - r), count, mPanels, nBegin, nEnd,
      );
    }
  }
}

/** A panel of 192 rows is 12 KB. */
const BLOCK_ROWS: i32 = 192;

function gradientBlock(
  dw: usize, a: usize, aStride: usize, aStep: usize, g: usize, gStride: usize, gStep: usize,
  rows: i32, steps: i32, mPanels: i32, nBegin: i32, nEnd: i32,
): void {
  for (let n = nBegin; n < nEnd; n++) {
    const gp = g + (<usize>n) * gStride;
    let d = dw + ((<usize>n * mPanels) << 10);
    let ap = a;
    for (let m = 0; m < mPanels; m++, ap += aStride, d += 1024) {
      if (BYTES == 4) {
        gradientPlain(d, ap, aStep, gp, gStep, rows, steps);
      } else {
        gradientTile6(d, ap, aStep, gp, gStep, rows, steps);
        gradientTile5(d + 384, ap + 24, aStep, gp, gStep, rows, steps);
        gradientTile5(d + 704, ap + 44, aStep, gp, gStep, rows, steps);
      }
    }
  }
}

/** The scalar build's sixteen rows of one panel of dW += Aᵀ·G. */
function gradientPlain(c: usize, a: usize, aStep: usize, g: usize, gStep: usize, rows: i32, steps: i32): void {
  for (let t = 0; t < steps; t++, a += aStep, g += gStep) {
    for (let r = 0; r < rows; r++) {
      const ar = a + (<usize>r << 6), gr = g + (<usize>r << 6);
      for (let m: usize = 0; m < 16; m++) addScaled(c + (m << 6), gr, f32.load(ar + (m << 2)));
    }
  }
}

/** Six rows of one panel of dW += Aᵀ·G, over `steps` blocks of `rows` rows. */
function gradientTile6(c: usize, a: usize, aStep: usize, g: usize, gStep: usize, rows: i32, steps: i32): void {
  let c00 = v128.load(c), c01 = v128.load(c, 16), c02 = v128.load(c, 32), c03 = v128.load(c, 48);
  let c10 = v128.load(c, 64), c11 = v128.load(c, 80), c12 = v128.load(c, 96), c13 = v128.load(c, 112);
  let c20 = v128.load(c, 128), c21 = v128.load(c, 144), c22 = v128.load(c, 160), c23 = v128.load(c, 176);
  let c30 = v128.load(c, 192), c31 = v128.load(c, 208), c32 = v128.load(c, 224), c33 = v128.load(c, 240);
  let c40 = v128.load(c, 256), c41 = v128.load(c, 272), c42 = v128.load(c, 288), c43 = v128.load(c, 304);
  let c50 = v128.load(c, 320), c51 = v128.load(c, 336), c52 = v128.load(c, 352), c53 = v128.load(c, 368);
  const bytes = (<usize>rows) << 6;
  for (let t = 0; t < steps; t++) {
    for (const end = g + bytes; g < end; g += 64, a += 64) {
      const w0 = v128.load(g), w1 = v128.load(g, 16), w2 = v128.load(g, 32), w3 = v128.load(g, 48);
      let x = v128.load32_splat(a);
      c00 = madd(x, w0, c00); c01 = madd(x, w1, c01); c02 = madd(x, w2, c02); c03 = madd(x, w3, c03);
      x = v128.load32_splat(a, 4);
      c10 = madd(x, w0, c10); c11 = madd(x, w1, c11); c12 = madd(x, w2, c12); c13 = madd(x, w3, c13);
      x = v128.load32_splat(a, 8);
      c20 = madd(x, w0, c20); c21 = madd(x, w1, c21); c22 = madd(x, w2, c22); c23 = madd(x, w3, c23);
      x = v128.load32_splat(a, 12);
      c30 = madd(x, w0, c30); c31 = madd(x, w1, c31); c32 = madd(x, w2, c32); c33 = madd(x, w3, c33);
      x = v128.load32_splat(a, 16);
      c40 = madd(x, w0, c40); c41 = madd(x, w1, c41); c42 = madd(x, w2, c42); c43 = madd(x, w3, c43);
      x = v128.load32_splat(a, 20);
      c50 = madd(x, w0, c50); c51 = madd(x, w1, c51); c52 = madd(x, w2, c52); c53 = madd(x, w3, c53);
    }
    a += aStep - bytes;
    g += gStep - bytes;
  }
  v128.store(c, c00); v128.store(c, c01, 16); v128.store(c, c02, 32); v128.store(c, c03, 48);
  v128.store(c, c10, 64); v128.store(c, c11, 80); v128.store(c, c12, 96); v128.store(c, c13, 112);
  v128.store(c, c20, 128); v128.store(c, c21, 144); v128.store(c, c22, 160); v128.store(c, c23, 176);
  v128.store(c, c30, 192); v128.store(c, c31, 208); v128.store(c, c32, 224); v128.store(c, c33, 240);
  v128.store(c, c40, 256); v128.store(c, c41, 272); v128.store(c, c42, 288); v128.store(c, c43, 304);
  v128.store(c, c50, 320); v128.store(c, c51, 336); v128.store(c, c52, 352); v128.store(c, c53, 368);
}

/** Five rows of one panel of dW += Aᵀ·G, over `steps` blocks of `rows` rows. */
function gradientTile5(c: usize, a: usize, aStep: usize, g: usize, gStep: usize, rows: i32, steps: i32): void {
  let c00 = v128.load(c), c01 = v128.load(c, 16), c02 = v128.load(c, 32), c03 = v128.load(c, 48);
  let c10 = v128.load(c, 64), c11 = v128.load(c, 80), c12 = v128.load(c, 96), c13 = v128.load(c, 112);
  let c20 = v128.load(c, 128), c21 = v128.load(c, 144), c22 = v128.load(c, 160), c23 = v128.load(c, 176);
  let c30 = v128.load(c, 192), c31 = v128.load(c, 208), c32 = v128.load(c, 224), c33 = v128.load(c, 240);
  let c40 = v128.load(c, 256), c41 = v128.load(c, 272), c42 = v128.load(c, 288), c43 = v128.load(c, 304);
  const bytes = (<usize>rows) << 6;
  for (let t = 0; t < steps; t++) {
    for (const end = g + bytes; g < end; g += 64, a += 64) {
      const w0 = v128.load(g), w1 = v128.load(g, 16), w2 = v128.load(g, 32), w3 = v128.load(g, 48);
      let x = v128.load32_splat(a);
      c00 = madd(x, w0, c00); c01 = madd(x, w1, c01); c02 = madd(x, w2, c02); c03 = madd(x, w3, c03);
      x = v128.load32_splat(a, 4);
      c10 = madd(x, w0, c10); c11 = madd(x, w1, c11); c12 = madd(x, w2, c12); c13 = madd(x, w3, c13);
      x = v128.load32_splat(a, 8);
      c20 = madd(x, w0, c20); c21 = madd(x, w1, c21); c22 = madd(x, w2, c22); c23 = madd(x, w3, c23);
      x = v128.load32_splat(a, 12);
      c30 = madd(x, w0, c30); c31 = madd(x, w1, c31); c32 = madd(x, w2, c32); c33 = madd(x, w3, c33);
      x = v128.load32_splat(a, 16);
      c40 = madd(x, w0, c40); c41 = madd(x, w1, c41); c42 = madd(x, w2, c42); c43 = madd(x, w3, c43);
    }
    a += aStep - bytes;
    g += gStep - bytes;
  }
  v128.store(c, c00); v128.store(c, c01, 16); v128.store(c, c02, 32); v128.store(c, c03, 48);
  v128.store(c, c10, 64); v128.store(c, c11, 80); v128.store(c, c12, 96); v128.store(c, c13, 112);
  v128.store(c, c20, 128); v128.store(c, c21, 144); v128.store(c, c22, 160); v128.store(c, c23, 176);
  v128.store(c, c30, 192); v128.store(c, c31, 208); v128.store(c, c32, 224); v128.store(c, c33, 240);
  v128.store(c, c40, 256); v128.store(c, c41, 272); v128.store(c, c42, 288); v128.store(c, c43, 304);
}

/**
 * Writes the panels [kBegin, kEnd) of the transpose of a matrix in panels: `from` has kPanels·16 rows and nPanels
 * panels, `to` nPanels·16 rows and kPanels panels.
 */
export function transpose(to: usize, from: usize, kPanels: i32, nPanels: i32, kBegin: i32, kEnd: i32): void {
  for (let k = kBegin; k < kEnd; k++) {
    for (let n = 0; n < nPanels; n++) {
      const source = from + ((<usize>(n * kPanels + k)) << 10);
      const target = to + ((<usize>(k * nPanels + n)) << 10);
      for (let i: usize = 0; i < 16; i++) {
        for (let j: usize = 0; j < 16; j++) f32.store(target + (i << 6) + (j << 2), f32.load(source + (j << 6) + (i << 2)));
      }
    }
  }
}
