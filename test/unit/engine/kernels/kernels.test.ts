/**
 * Rung 3 of the correctness ladder, kernel by kernel: every build against plain float64 loops over random shapes (rows
 * 1 … 17, row offsets inside a wider matrix, one to four panels), with guard words after every buffer: a kernel may
 * write only where its comment says.
 */
import * as assert from 'node:assert';
import type { Kernels } from '../../../../src/engine/backends/wasm/kernels';
import {
  createMemory,
  instantiate,
  kernelModule,
  kernelNames,
  reservedBytes,
  fromResult,
  fromZero,
} from '../../../../src/engine/backends/wasm/runtime';
import { dropoutKeep } from '../../../../src/engine/backends/backend';
import { Random } from '../../../../src/engine/random';
import { assertClose, between } from '../../../support/numeric';

const guard = 12345.678;
const close = { absolute: 1e-5, relative: 1e-5 };
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Buffers in a fresh memory, each followed by 64 bytes of guard words. */
class Bench {
  private end = reservedBytes;
  private readonly guards: number[] = [];
  readonly floats: Float32Array;
  readonly k: Kernels;

  constructor(
    module: WebAssembly.Module,
    readonly random: Random,
  ) {
    const memory = createMemory(4 << 20);
    this.k = instantiate(module, memory);
    this.floats = new Float32Array(memory.buffer);
  }

  /** A buffer of `length` normal deviates; returns its address. */
  take(length: number, scale = 1): number {
    const at = this.end;
    for (let i = 0; i < length; i++) this.floats[at / 4 + i] = this.random.normal() * scale;
    this.end += Math.ceil(length / 16) * 64;
    for (let p = at / 4 + length; p < this.end / 4 + 16; p++) {
      this.floats[p] = guard;
      this.guards.push(p);
    }
    this.end += 64;
    return at;
  }

  takeIds(ids: number[]): number {
    const at = this.take(Math.ceil(ids.length / 2));
    new Uint16Array(this.floats.buffer).set(ids, at / 2);
    return at;
  }

  takeIntegers(values: number[]): number {
    const at = this.take(values.length);
    new Int32Array(this.floats.buffer).set(values, at / 4);
    return at;
  }

  /** Element (row, column) of a matrix of `rows` rows in panels. */
  at(matrix: number, rows: number, row: number, column: number): number {
    return this.floats[matrix / 4 + (column >> 4) * rows * 16 + row * 16 + (column & 15)];
  }

  copyOf(address: number, length: number): Float32Array {
    return this.floats.slice(address / 4, address / 4 + length);
  }

  checkGuards(what: string): void {
    for (const p of this.guards)
      assert.strictEqual(this.floats[p], Math.fround(guard), `${what}: wrote behind a buffer`);
  }
}

for (const kernel of kernelNames) {
  describe(`kernels, ${kernel}`, function () {
    let module: WebAssembly.Module;
    before(function () {
      const found = kernelModule(kernel);
      if (!found) this.skip();
      else module = found;
    });

    /** Runs `check` over many random shapes: `all` rows in the matrix, `rows` of them from `first` on are worked on. */
    function overShapes(check: (b: Bench, all: number, first: number, rows: number, what: string) => void): void {
      for (let seed = 1; seed <= 34; seed++) {
        const random = new Random(seed);
        const rows = ((seed - 1) % 17) + 1;
        const first = between(random, 0, 3);
        const all = first + rows + between(random, 0, 3);
        const b = new Bench(module, random);
        const what = `seed ${seed}, rows ${first}–${first + rows} of ${all}`;
        check(b, all, first, rows, what);
        b.checkGuards(what);
      }
    }

    it('multiply', () => {
      overShapes((b, all, first, rows, what) => {
        // More than one block of W's rows, now and then.
        const kPanels = b.random.integer(4) === 0 ? between(b.random, 17, 33) : between(b.random, 1, 4);
        const nPanels = between(b.random, 1, 6);
        const [a, w, c] = [b.take(all * kPanels * 16), b.take(kPanels * nPanels * 256), b.take(all * nPanels * 16)];
        const bias = b.take(nPanels * 16);
        const start = [fromZero, fromResult, bias][b.random.integer(3)];
        const before = b.copyOf(c, all * nPanels * 16);
        const stride = all * 64;
        b.k.multiply(c + first * 64, stride, a + first * 64, stride, w, rows, kPanels, nPanels, start);
        const expected: number[] = [];
        const actual: number[] = [];
        for (let r = 0; r < all; r++) {
          for (let n = 0; n < nPanels * 16; n++) {
            let sum = before[(n >> 4) * all * 16 + r * 16 + (n & 15)];
            if (r >= first && r < first + rows) {
              if (start === fromZero) sum = 0;
              if (start === bias) sum = b.floats[bias / 4 + n];
              for (let k = 0; k < kPanels * 16; k++) sum += b.at(a, all, r, k) * b.at(w, kPanels * 16, k, n);
            }
            expected.push(sum);
            actual.push(b.at(c, all, r, n));
          }
        }
        assertClose(actual, expected, { absolute: 1e-4, relative: 1e-5 }, what);
      });
    });

    it('weightGradient and sumRows', () => {
      overShapes((b, all, _first, _rows, what) => {
        const [steps, mPanels, nPanels] = [between(b.random, 1, 40), between(b.random, 1, 3), between(b.random, 1, 4)];
        const begin = between(b.random, 0, nPanels - 1);
        const [a, g] = [b.take(steps * all * mPanels * 16), b.take(steps * all * nPanels * 16)];
        const [dw, sums] = [b.take(mPanels * nPanels * 256), b.take(nPanels * 16)];
        const [before, sumsBefore] = [b.copyOf(dw, mPanels * nPanels * 256), b.copyOf(sums, nPanels * 16)];
        const stride = all * 64;
        b.k.weightGradient(
          dw,
          a,
          stride,
          mPanels * stride,
          g,
          stride,
          nPanels * stride,
          all,
          steps,
          mPanels,
          begin,
          nPanels,
        );
        b.k.sumRows(sums, g, stride, nPanels * stride, all, steps, begin, nPanels);
        const [expected, expectedSums] = [Float64Array.from(before), Float64Array.from(sumsBefore)];
        for (let n = begin * 16; n < nPanels * 16; n++) {
          for (let t = 0; t < steps; t++) {
            for (let r = 0; r < all; r++) {
              const y = b.at(g + t * nPanels * stride, all, r, n);
              expectedSums[n] += y;
              for (let m = 0; m < mPanels * 16; m++) {
                expected[(n >> 4) * mPanels * 256 + m * 16 + (n & 15)] += b.at(a + t * mPanels * stride, all, r, m) * y;
              }
            }
          }
        }
        assertClose(b.copyOf(dw, expected.length), expected, { absolute: 2e-4, relative: 1e-5 }, what);
        assertClose(b.copyOf(sums, nPanels * 16), expectedSums, { absolute: 2e-4, relative: 1e-5 }, what);
      });
    });

    it('transpose', () => {
      overShapes((b, _all, _first, _rows, what) => {
        const [kPanels, nPanels] = [between(b.random, 1, 4), between(b.random, 1, 4)];
        const [from, to] = [b.take(kPanels * nPanels * 256), b.take(kPanels * nPanels * 256)];
        b.k.transpose(to, from, kPanels, nPanels, 0, kPanels);
        for (let r = 0; r < kPanels * 16; r++) {
          for (let c = 0; c < nPanels * 16; c++) {
            assert.strictEqual(b.at(to, nPanels * 16, c, r), b.at(from, kPanels * 16, r, c), what);
          }
        }
      });
    });

    it('the cells forward', () => {
      overShapes((b, all, first, rows, what) => {
        const panels = between(b.random, 1, 3);
        const [size, stride, at] = [all * panels * 16, all * 64, first * 64];
        const gates = b.take(4 * size, 3);
        const y = b.take(3 * size, 3);
        const [cOld, c, s, h] = [b.take(size), b.take(size), b.take(size), b.take(size)];
        const before = b.copyOf(gates, 4 * size);
        const recurrent = b.copyOf(y, 3 * size);
        b.k.lstmForward(gates + at, cOld + at, c + at, s + at, h + at, stride, rows, panels);
        eachElement(all, first, rows, panels, (e) => {
          const [i, f, g, o] = [
            sigmoid(before[e]),
            sigmoid(before[size + e]),
            Math.tanh(before[2 * size + e]),
            sigmoid(before[3 * size + e]),
          ];
          const cell = f * b.floats[cOld / 4 + e] + i * g;
          const got = [gates, gates + size * 4, gates + size * 8, gates + size * 12, c, s, h].map(
            (p) => b.floats[p / 4 + e],
          );
          assertClose(got, [i, f, g, o, cell, Math.tanh(cell), o * Math.tanh(cell)], close, `lstm, ${what}`);
        });
        b.floats.set(before, gates / 4);
        b.k.gruForward(gates + at, y + at, cOld + at, h + at, stride, rows, panels);
        eachElement(all, first, rows, panels, (e) => {
          const r = sigmoid(before[e] + recurrent[e]);
          const z = sigmoid(before[size + e] + recurrent[size + e]);
          const n = Math.tanh(before[2 * size + e] + r * recurrent[2 * size + e]);
          const got = [gates, gates + size * 4, gates + size * 8, h].map((p) => b.floats[p / 4 + e]);
          assertClose(got, [r, z, n, (1 - z) * n + z * b.floats[cOld / 4 + e]], close, `gru, ${what}`);
        });
        b.floats.set(before, gates / 4);
        b.k.rnnForward(gates + at, h + at, stride, rows, panels);
        eachElement(all, first, rows, panels, (e) => {
          assertClose([b.floats[h / 4 + e]], [Math.tanh(before[e])], close, `rnn, ${what}`);
        });
      });
    });

    it('softmaxLoss and sigmoidLoss', () => {
      overShapes((b, all, first, rows, what) => {
        const classes = between(b.random, 1, 40);
        const panels = Math.ceil(classes / 16);
        const logits = b.take(all * panels * 16, 4);
        for (let r = 0; r < all; r++) {
          for (let n = classes; n < panels * 16; n++)
            b.floats[logits / 4 + (n >> 4) * all * 16 + r * 16 + (n & 15)] = -1e30;
        }
        const targets = Array.from({ length: rows }, () => b.random.integer(classes + 1) - 1);
        const targetsAt = b.takeIntegers(targets);
        const [losses, correct, weights] = [b.take(rows), b.take(rows), b.take(rows)];
        const rowsBefore = Array.from({ length: rows }, (_, r) =>
          Array.from({ length: classes }, (_, n) => b.at(logits, all, first + r, n)),
        );
        b.k.softmaxLoss(logits + first * 64, all * 64, rows, classes, targetsAt, losses, correct, weights, 0.5);
        const hits = new Int32Array(b.floats.buffer, correct, rows);
        rowsBefore.forEach((row, r) => {
          const top = Math.max(...row);
          const sum = row.reduce((total, x) => total + Math.exp(x - top), 0);
          const target = targets[r];
          const loss = target < 0 ? 0 : Math.log(sum) - (row[target] - top);
          const factor = 0.5 * b.floats[weights / 4 + r];
          const expected = row.map((x, n) =>
            target < 0 ? 0 : factor * (Math.exp(x - top) / sum - (n === target ? 1 : 0)),
          );
          assertClose([b.floats[losses / 4 + r]], [loss], close, `loss, ${what}`);
          assertClose(
            row.map((_, n) => b.at(logits, all, first + r, n)),
            expected,
            close,
            `gradient, ${what}`,
          );
          for (let n = classes; n < panels * 16; n++) assert.strictEqual(Math.abs(b.at(logits, all, first + r, n)), 0);
          assert.strictEqual(hits[r], target >= 0 && row.indexOf(top) === target ? 1 : 0, what);
        });
        const one = b.take(rows * 16, 10);
        const z = Array.from({ length: rows }, (_, r) => b.floats[one / 4 + r * 16]);
        const bits = z.map((_, r) => (r % 3) - 1);
        b.k.sigmoidLoss(one, rows, b.takeIntegers(bits), losses, correct, 0, 2);
        z.forEach((x, r) => {
          const loss = bits[r] < 0 ? 0 : Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0) - x * bits[r];
          assertClose([b.floats[losses / 4 + r]], [loss], close, `binary loss, ${what}`);
          assertClose(
            [b.floats[one / 4 + r * 16]],
            [bits[r] < 0 ? 0 : 2 * (sigmoid(x) - bits[r])],
            close,
            `binary gradient, ${what}`,
          );
        });
      });
    });

    it('copyRows', () => {
      overShapes((b, _all, _first, rows, what) => {
        const [columns, gap] = [between(b.random, 1, 50), between(b.random, 0, 3)];
        const panels = Math.ceil(columns / 16);
        const [flat, matrix] = [b.take(rows * (columns + gap)), b.take(rows * panels * 16)];
        const [flatBefore, matrixBefore] = [
          b.copyOf(flat, rows * (columns + gap)),
          b.copyOf(matrix, rows * panels * 16),
        ];
        const inwards = b.random.integer(2);
        b.k.copyRows(flat, (columns + gap) * 4, matrix, rows, columns, inwards);
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < panels * 16; c++) {
            const inMatrix = (c >> 4) * rows * 16 + r * 16 + (c & 15);
            const inFlat = r * (columns + gap) + c;
            const moved = c < columns;
            assert.strictEqual(
              b.floats[matrix / 4 + inMatrix],
              moved && inwards ? flatBefore[inFlat] : matrixBefore[inMatrix],
              what,
            );
            if (moved) {
              assert.strictEqual(
                b.floats[flat / 4 + inFlat],
                inwards ? flatBefore[inFlat] : matrixBefore[inMatrix],
                what,
              );
            }
          }
        }
      });
    });

    it('rows by token and back, dropout', () => {
      overShapes((b, all, first, rows, what) => {
        const [nPanels, vocabulary] = [between(b.random, 1, 4), between(b.random, 1, 30)];
        const ids = Array.from({ length: rows }, () =>
          b.random.integer(5) === 0 ? 0xffff : b.random.integer(vocabulary),
        );
        const tokens = b.takeIds(ids);
        const [table, bias, out] = [
          b.take(nPanels * vocabulary * 16),
          b.take(nPanels * 16),
          b.take(all * nPanels * 16),
        ];
        b.k.gatherRows(out + first * 64, all * 64, table, vocabulary, bias, tokens, rows, nPanels);
        const summed = Float64Array.from(b.copyOf(table, nPanels * vocabulary * 16));
        ids.forEach((id, r) => {
          for (let n = 0; n < nPanels * 16; n++) {
            const value = b.floats[bias / 4 + n] + (id === 0xffff ? 0 : b.at(table, vocabulary, id, n));
            assertClose([b.at(out, all, first + r, n)], [value], close, `gather, ${what}`);
            if (id !== 0xffff) summed[(n >> 4) * vocabulary * 16 + id * 16 + (n & 15)] += b.at(out, all, first + r, n);
          }
        });
        b.k.scatterRows(table, vocabulary, out + first * 64, all * 64, tokens, rows, 0, nPanels);
        assertClose(b.copyOf(table, summed.length), summed, close, `scatter, ${what}`);

        const vectors = b.take(vocabulary * nPanels * 16);
        b.k.gatherVectors(out + first * 64, all * 64, vectors, tokens, rows, nPanels);
        const grown = Float64Array.from(b.copyOf(vectors, vocabulary * nPanels * 16));
        ids.forEach((id, r) => {
          for (let n = 0; n < nPanels * 16; n++) {
            const value = id === 0xffff ? 0 : b.floats[vectors / 4 + id * nPanels * 16 + n];
            assert.strictEqual(b.at(out, all, first + r, n), value, `vectors, ${what}`);
            if (id !== 0xffff) grown[id * nPanels * 16 + n] += value;
          }
        });
        b.k.scatterVectors(vectors, out + first * 64, all * 64, tokens, rows, nPanels, 0, nPanels);
        assertClose(b.copyOf(vectors, grown.length), grown, close, `vector gradients, ${what}`);

        const units = between(b.random, 1, nPanels * 16);
        const [rate, key] = [0.3, b.random.uint32() | 0];
        const x = b.take(all * nPanels * 16);
        const before = b.copyOf(x, all * nPanels * 16);
        b.k.dropout(x + first * 64, x + first * 64, all * 64, rows, first, nPanels, units, 5, key, 2, 7, rate);
        eachElement(all, first, rows, nPanels, (e, row, unit) => {
          const kept = unit < units && dropoutKeep(key, 2, 7, row, unit + 5, rate);
          assertClose([b.floats[x / 4 + e]], [kept ? before[e] / (1 - rate) : 0], close, `dropout, ${what}`);
        });
      });
    });

    it('the optimisers and the norm', () => {
      overShapes((b, _all, _first, _rows, what) => {
        const bytes = between(b.random, 1, 20) * 64;
        const length = bytes / 4;
        const [w, g, m, v] = [b.take(length), b.take(length), b.take(length, 0.1), b.take(length)];
        for (let i = 0; i < length; i++) b.floats[v / 4 + i] **= 2;
        const [w0, g0, m0, v0] = [w, g, m, v].map((p) => b.copyOf(p, length));
        const clipped = [...g0].map((x) => Math.max(-0.5, Math.min(0.5, x)) * 0.25);
        b.k.adam(w, g, m, v, bytes, 0.01, 0.9, 0.99, 1e-4, 2, 3, 0.5, 0.25);
        const means = clipped.map((x, i) => 0.9 * m0[i] + 0.1 * x);
        const squares = clipped.map((x, i) => 0.99 * v0[i] + 0.01 * x * x);
        assertClose(
          b.copyOf(w, length),
          means.map((x, i) => w0[i] - (0.01 * x * 2) / (Math.sqrt(squares[i] * 3) + 1e-4)),
          close,
          `adam, ${what}`,
        );
        assertClose(b.copyOf(m, length), means, close, `adam m, ${what}`);
        assertClose(b.copyOf(v, length), squares, close, `adam v, ${what}`);
        b.floats.set(v0, v / 4);
        b.floats.set(w0, w / 4);
        b.k.rmsprop(w, g, v, bytes, 0.01, 0.8, 1e-4, 0.5, 0.25);
        const v1 = clipped.map((x, i) => 0.8 * v0[i] + 0.2 * x * x);
        assertClose(
          b.copyOf(w, length),
          clipped.map((x, i) => w0[i] - (0.01 * x) / (Math.sqrt(v1[i]) + 1e-4)),
          close,
          `rmsprop, ${what}`,
        );
        b.floats.set(w0, w / 4);
        b.k.sgd(w, g, bytes, 0.01, 0, 2);
        assertClose(
          b.copyOf(w, length),
          [...g0].map((x, i) => w0[i] - 0.02 * x),
          close,
          `sgd, ${what}`,
        );
        b.floats.set(w0, w / 4);
        b.k.decay(w, bytes, 0.75);
        assertClose(
          b.copyOf(w, length),
          [...w0].map((x) => 0.75 * x),
          close,
          `decay, ${what}`,
        );
        const squared = (limit: number): number =>
          [...g0].reduce((sum, x) => sum + Math.max(-limit, Math.min(limit, x)) ** 2, 0);
        assertClose(
          [b.k.sumOfSquares(g, bytes, 0), b.k.sumOfSquares(g, bytes, 0.5)],
          [squared(Infinity), squared(0.5)],
          close,
          `norm, ${what}`,
        );
      });
    });
  });
}

/** Visits every element of rows [first, first + rows) of a matrix in panels: its index, row and column. */
function eachElement(
  all: number,
  first: number,
  rows: number,
  panels: number,
  visit: (e: number, row: number, column: number) => void,
): void {
  for (let p = 0; p < panels; p++) {
    for (let r = first; r < first + rows; r++)
      for (let j = 0; j < 16; j++) visit(p * all * 16 + r * 16 + j, r, p * 16 + j);
  }
}
