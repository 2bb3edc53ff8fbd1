import * as assert from 'node:assert/strict';
import { Permutation } from '../../../../src/engine/corpus/permutation';
import { Random } from '../../../../src/engine/random';

const orderOf = (n: number, seed: number): number[] => {
  const permutation = new Permutation(n, new Random(seed));
  return Array.from({ length: n }, (_, i) => permutation.at(i));
};

describe('Permutation', () => {
  it('contains every number once, for any count', () => {
    for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 100, 255, 256, 257, 1000, 4097]) {
      const sorted = orderOf(n, n).sort((a, b) => a - b);
      assert.deepEqual(sorted, [...sorted.keys()], `n = ${n}`);
    }
  });

  it('depends on its seed', () => {
    assert.deepEqual(orderOf(500, 3), orderOf(500, 3));
    assert.notDeepEqual(orderOf(500, 3), orderOf(500, 4));
  });

  it('looks shuffled: no trend, neighbours apart, all places alike', () => {
    const n = 200_278;
    for (const seed of [1, 2, 3]) {
      const order = orderOf(n, seed);
      const correlation = (lag: number): number => {
        let sum = 0;
        for (let i = lag; i < n; i++) sum += (order[i] / n - 0.5) * (order[i - lag] / n - 0.5);
        return (12 * sum) / n;
      };
      // The correlation of independent places has a standard deviation of 1/√n = 0.0022.
      for (const lag of [1, 2, 3, 64, 128]) assert.ok(Math.abs(correlation(lag)) < 0.01, `seed ${seed}, lag ${lag}`);
      // Chi-square over 64 × 64 cells of place × value: 4095 ± 90 if shuffled.
      const cells = new Float64Array(4096);
      order.forEach((value, i) => cells[Math.floor((i * 64) / n) * 64 + Math.floor((value * 64) / n)]++);
      const expected = n / 4096;
      const chiSquare = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      assert.ok(chiSquare > 3500 && chiSquare < 4700, `seed ${seed}: chi-square ${chiSquare}`);
    }
  });
});
