// The pointwise part of the recurrent cells, one time step, on panels (see matrix.ts): `rows` rows of uPanels panels of
// units. All panels of one step lie `stride` bytes apart; the gates of one step follow each other, uPanels panels each.
import { BYTES, load, store, splat, add, sub, mul, madd } from './lanes';
import { sigmoid, tanh } from './functions';

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
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += BYTES) {
      const ip = gates + e, fp = ip + gate, gp = fp + gate, op = gp + gate;
      const i = sigmoid(load(ip)), f = sigmoid(load(fp)), g = tanh(load(gp)), o = sigmoid(load(op));
      const cell = madd(f, load(cOld + e), mul(i, g));
      const squashed = tanh(cell);
      store(ip, i);
      store(fp, f);
      store(gp, g);
      store(op, o);
      store(c + e, cell);
      store(s + e, squashed);
      store(h + e, mul(o, squashed));
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
  const one = splat(1);
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += BYTES) {
      const ip = gates + e, fp = ip + gate, gp = fp + gate, op = gp + gate;
      const i = load(ip), f = load(fp), g = load(gp), o = load(op);
      const d = load(dh + e), squashed = load(s + e);
      const dCell = madd(mul(d, o), sub(one, mul(squashed, squashed)), load(dc + e));
      store(op, mul(mul(d, squashed), mul(o, sub(one, o))));
      store(ip, mul(mul(dCell, g), mul(i, sub(one, i))));
      store(fp, mul(mul(dCell, load(cOld + e)), mul(f, sub(one, f))));
      store(gp, mul(mul(dCell, i), sub(one, mul(g, g))));
      store(dc + e, mul(dCell, f));
    }
  }
}

/**
 * GRU (gates r z n; reset after the recurrent product):
 *   r, z = σ(x + y);  n = tanh(x_n + r·y_n);  h = (1 − z)·n + z·h₋, x the input's part and y the recurrent part with bias.
 * In: `x` and `y` pre-activations. Out: `x` activations r z n; `y` unchanged (y_n is wanted by the backward pass); `h`.
 */
export function gruForward(x: usize, y: usize, hOld: usize, h: usize, stride: usize, rows: i32, uPanels: i32): void {
  const gate = stride * uPanels;
  const one = splat(1);
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += BYTES) {
      const rp = x + e, zp = rp + gate, np = zp + gate;
      const r = sigmoid(add(load(rp), load(y + e)));
      const z = sigmoid(add(load(zp), load(y + e + gate)));
      const n = tanh(madd(r, load(y + e + gate + gate), load(np)));
      store(rp, r);
      store(zp, z);
      store(np, n);
      store(h + e, madd(z, load(hOld + e), mul(sub(one, z), n)));
    }
  }
}

/**
 * GRU backward. In: `x` activations, `y` recurrent parts, `dh`. Out: `x` = ∂L/∂(input's part), `y` = ∂L/∂(recurrent
 * part), `dh` = the part of ∂L/∂h₋ that does not pass the recurrent weights.
 */
export function gruBackward(x: usize, y: usize, hOld: usize, dh: usize, stride: usize, rows: i32, uPanels: i32): void {
  const gate = stride * uPanels;
  const one = splat(1);
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += BYTES) {
      const rp = x + e, zp = rp + gate, np = zp + gate;
      const yr = y + e, yz = yr + gate, yn = yz + gate;
      const r = load(rp), z = load(zp), n = load(np), d = load(dh + e);
      const dn = mul(mul(d, sub(one, z)), sub(one, mul(n, n)));
      const dz = mul(mul(d, sub(load(hOld + e), n)), mul(z, sub(one, z)));
      const dr = mul(mul(dn, load(yn)), mul(r, sub(one, r)));
      store(rp, dr);
      store(zp, dz);
      store(np, dn);
      store(yr, dr);
      store(yz, dz);
      store(yn, mul(dn, r));
      store(dh + e, mul(d, z));
    }
  }
}

/** tanh RNN: h = tanh(pre-activation), which stays in `gates` too. */
export function rnnForward(gates: usize, h: usize, stride: usize, rows: i32, uPanels: i32): void {
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += BYTES) {
      const value = tanh(load(gates + e));
      store(gates + e, value);
      store(h + e, value);
    }
  }
}

/** tanh RNN backward: `gates` = dh·(1 − h²). */
export function rnnBackward(gates: usize, dh: usize, stride: usize, rows: i32, uPanels: i32): void {
  const one = splat(1);
  for (let p: usize = 0; p < <usize>uPanels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += BYTES) {
      const h = load(gates + e);
      store(gates + e, mul(load(dh + e), sub(one, mul(h, h))));
    }
  }
}

/** a += b, over `rows` rows of `panels` panels. */
export function addTo(a: usize, b: usize, stride: usize, rows: i32, panels: i32): void {
  for (let p: usize = 0; p < <usize>panels * stride; p += stride) {
    for (let e = p, end = p + ((<usize>rows) << 6); e < end; e += BYTES) store(a + e, add(load(a + e), load(b + e)));
  }
}

/** Copies `rows` rows of `panels` panels. */
export function copy(to: usize, toStride: usize, from: usize, fromStride: usize, rows: i32, panels: i32): void {
  for (let p = 0; p < panels; p++, to += toStride, from += fromStride) memory.copy(to, from, (<usize>rows) << 6);
}
