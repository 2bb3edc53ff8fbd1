// The pointwise part of the recurrent cells, one time step, on panels (see matrix.ts): `rows` rows of uPanels panels of
// units. All panels of one step lie `stride` bytes apart; the gates of one step follow each other, uPanels panels each.
//
// Each iteration of a loop processes two neighbouring vectors, and loads everything before it stores anything: then V8
// can combine the two into one of 256 bits.
import { BYTES, load, loadNext, store, storeNext, add, sub, mul, madd } from './lanes';
import { oneMinus, sigmoid, slopeOfSigmoid, slopeOfTanh, tanh } from './functions';

/**
 * LSTM (gates i f g o, PyTorch's order):
 *   i, f, o = σ(·), g = tanh(·);  c = f·c₋ + i·g;  s = tanh c;  h = o·s.
 * In: `gates` pre-activations, `cOld`. Out: `gates` activations, `c`, `s`, `h`.
 */
export function lstmForward(
  gates: usize, cOld: usize, c: usize, s: usize, h: usize, stride: usize, rows: i32, uPanels: i32,
): void {
  const gate = stride * uPanels;
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += 2 * BYTES) {
      const ip = gates + e, fp = ip + gate, gp = fp + gate, op = gp + gate;
      const i = sigmoid(load(ip)), i2 = sigmoid(loadNext(ip));
      const f = sigmoid(load(fp)), f2 = sigmoid(loadNext(fp));
      const g = tanh(load(gp)), g2 = tanh(loadNext(gp));
      const o = sigmoid(load(op)), o2 = sigmoid(loadNext(op));
      const cell = madd(f, load(cOld + e), mul(i, g)), cell2 = madd(f2, loadNext(cOld + e), mul(i2, g2));
      const squashed = tanh(cell), squashed2 = tanh(cell2);
      store(ip, i); storeNext(ip, i2);
      store(fp, f); storeNext(fp, f2);
      store(gp, g); storeNext(gp, g2);
      store(op, o); storeNext(op, o2);
      store(c + e, cell); storeNext(c + e, cell2);
      store(s + e, squashed); storeNext(s + e, squashed2);
      store(h + e, mul(o, squashed)); storeNext(h + e, mul(o2, squashed2));
    }
  }
}

/**
 * LSTM backward. In: `gates` activations, `dh` = ∂L/∂h of this step, `dc` = ∂L/∂c carried from the step after.
 * Out: `gates` = ∂L/∂pre-activations, `dc` = ∂L/∂c₋.
 */
export function lstmBackward(
  gates: usize, cOld: usize, s: usize, dh: usize, dc: usize, stride: usize, rows: i32, uPanels: i32,
): void {
  const gate = stride * uPanels;
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += 2 * BYTES) {
      const ip = gates + e, fp = ip + gate, gp = fp + gate, op = gp + gate;
      const i = load(ip), i2 = loadNext(ip), f = load(fp), f2 = loadNext(fp);
      const g = load(gp), g2 = loadNext(gp), o = load(op), o2 = loadNext(op);
      const d = load(dh + e), d2 = loadNext(dh + e), t = load(s + e), t2 = loadNext(s + e);
      const dCell = madd(mul(d, o), slopeOfTanh(t), load(dc + e));
      const dCell2 = madd(mul(d2, o2), slopeOfTanh(t2), loadNext(dc + e));
      const cPrevious = load(cOld + e), cPrevious2 = loadNext(cOld + e);
      store(op, mul(mul(d, t), slopeOfSigmoid(o))); storeNext(op, mul(mul(d2, t2), slopeOfSigmoid(o2)));
      store(ip, mul(mul(dCell, g), slopeOfSigmoid(i))); storeNext(ip, mul(mul(dCell2, g2), slopeOfSigmoid(i2)));
      store(fp, mul(mul(dCell, cPrevious), slopeOfSigmoid(f)));
      storeNext(fp, mul(mul(dCell2, cPrevious2), slopeOfSigmoid(f2)));
      store(gp, mul(mul(dCell, i), slopeOfTanh(g))); storeNext(gp, mul(mul(dCell2, i2), slopeOfTanh(g2)));
      store(dc + e, mul(dCell, f)); storeNext(dc + e, mul(dCell2, f2));
    }
  }
}

/**
 * GRU (gates r z n; reset after the recurrent product):
 *   r, z = σ(x + y); n = tanh(x_n + r·y_n); h = (1 − z)·n + z·h₋, x the input's part and y the recurrent part with
 *   bias. In: `x` and `y` pre-activations. Out: `x` activations r z n; `y` unchanged (y_n is needed by the backward
 *   pass); `h`.
 */
export function gruForward(x: usize, y: usize, hOld: usize, h: usize, stride: usize, rows: i32, uPanels: i32): void {
  const gate = stride * uPanels;
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += 2 * BYTES) {
      const rp = x + e, zp = rp + gate, np = zp + gate;
      const yr = y + e, yz = yr + gate, yn = yz + gate;
      const r = sigmoid(add(load(rp), load(yr))), r2 = sigmoid(add(loadNext(rp), loadNext(yr)));
      const z = sigmoid(add(load(zp), load(yz))), z2 = sigmoid(add(loadNext(zp), loadNext(yz)));
      const n = tanh(madd(r, load(yn), load(np))), n2 = tanh(madd(r2, loadNext(yn), loadNext(np)));
      const kept = mul(z, load(hOld + e)), kept2 = mul(z2, loadNext(hOld + e));
      store(rp, r); storeNext(rp, r2);
      store(zp, z); storeNext(zp, z2);
      store(np, n); storeNext(np, n2);
      store(h + e, madd(oneMinus(z), n, kept)); storeNext(h + e, madd(oneMinus(z2), n2, kept2));
    }
  }
}

/**
 * GRU backward. In: `x` activations, `y` recurrent parts, `dh`. Out: `x` = ∂L/∂(input's part), `y` = ∂L/∂(recurrent
 * part), `dh` = the part of ∂L/∂h₋ that does not pass the recurrent weights.
 */
export function gruBackward(x: usize, y: usize, hOld: usize, dh: usize, stride: usize, rows: i32, uPanels: i32): void {
  const gate = stride * uPanels;
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += 2 * BYTES) {
      const rp = x + e, zp = rp + gate, np = zp + gate;
      const yr = y + e, yz = yr + gate, yn = yz + gate;
      const r = load(rp), r2 = loadNext(rp), z = load(zp), z2 = loadNext(zp), n = load(np), n2 = loadNext(np);
      const d = load(dh + e), d2 = loadNext(dh + e);
      const dn = mul(mul(d, oneMinus(z)), slopeOfTanh(n)), dn2 = mul(mul(d2, oneMinus(z2)), slopeOfTanh(n2));
      const dz = mul(mul(d, sub(load(hOld + e), n)), slopeOfSigmoid(z));
      const dz2 = mul(mul(d2, sub(loadNext(hOld + e), n2)), slopeOfSigmoid(z2));
      const dr = mul(mul(dn, load(yn)), slopeOfSigmoid(r)), dr2 = mul(mul(dn2, loadNext(yn)), slopeOfSigmoid(r2));
      store(rp, dr); storeNext(rp, dr2);
      store(zp, dz); storeNext(zp, dz2);
      store(np, dn); storeNext(np, dn2);
      store(yr, dr); storeNext(yr, dr2);
      store(yz, dz); storeNext(yz, dz2);
      store(yn, mul(dn, r)); storeNext(yn, mul(dn2, r2));
      store(dh + e, mul(d, z)); storeNext(dh + e, mul(d2, z2));
    }
  }
}

/** tanh RNN: h = tanh(pre-activation), which stays in `gates` too. */
export function rnnForward(gates: usize, h: usize, stride: usize, rows: i32, uPanels: i32): void {
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += 2 * BYTES) {
      const value = tanh(load(gates + e)), value2 = tanh(loadNext(gates + e));
      store(gates + e, value); storeNext(gates + e, value2);
      store(h + e, value); storeNext(h + e, value2);
    }
  }
}

/** tanh RNN backward: `gates` = dh·(1 − h²). */
export function rnnBackward(gates: usize, dh: usize, stride: usize, rows: i32, uPanels: i32): void {
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += 2 * BYTES) {
      const h = load(gates + e), h2 = loadNext(gates + e), d = load(dh + e), d2 = loadNext(dh + e);
      store(gates + e, mul(d, slopeOfTanh(h))); storeNext(gates + e, mul(d2, slopeOfTanh(h2)));
    }
  }
}

/** a += b, over `rows` rows of `panels` panels. */
export function addTo(a: usize, b: usize, stride: usize, rows: i32, panels: i32): void {
  for (let p: usize = 0; p < <usize>panels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += 2 * BYTES) {
      const sum = add(load(a + e), load(b + e)), sum2 = add(loadNext(a + e), loadNext(b + e));
      store(a + e, sum); storeNext(a + e, sum2);
    }
  }
}

/** Copies `rows` rows of `panels` panels. */
export function copy(to: usize, toStride: usize, from: usize, fromStride: usize, rows: i32, panels: i32): void {
  for (let p = 0; p < panels; p++, to += toStride, from += fromStride) memory.copy(to, from, (<usize>rows) << 6);
}
