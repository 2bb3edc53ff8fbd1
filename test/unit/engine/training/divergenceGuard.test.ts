/** When the guard intervenes and when it does not. */
import * as assert from 'node:assert';
import { DivergenceGuard } from '../../../../src/engine/training/divergenceGuard';
import { Random } from '../../../../src/engine/random';

function observe(guard: DivergenceGuard, losses: number[]): number {
  return losses.findIndex((loss) => guard.observe(loss, 1) !== undefined);
}

describe('DivergenceGuard', () => {
  it('reports a number that is not finite immediately', () => {
    assert.equal(new DivergenceGuard().observe(NaN, 1), 'non-finite');
    assert.equal(new DivergenceGuard().observe(2, Infinity), 'non-finite');
  });

  it('reports a run that loses what it learned, before it is noise', () => {
    // As published for 128 units on Nietzsche: 1.598, then 4.73, then 12.6.
    const learned = Array.from({ length: 300 }, (_, i) => 1.4 + 2.6 * Math.exp(-i / 20));
    const lost = [...Array<number>(50).fill(1.598), ...Array<number>(50).fill(4.73)];
    const guard = new DivergenceGuard();
    assert.equal(observe(guard, [4.04, ...learned]), -1);
    assert.ok(observe(guard, lost) > 50);
  });

  it('ignores noise and single odd batches', () => {
    const random = new Random(5);
    const guard = new DivergenceGuard();
    const losses = Array.from({ length: 5000 }, (_, i) => (i % 100 === 50 ? 9 : 2 + 0.5 * random.normal()));
    assert.equal(observe(guard, [4, ...losses]), -1);
  });

  it('reports a run that only ever gets worse', () => {
    assert.ok(observe(new DivergenceGuard(), [4, ...Array<number>(30).fill(20)]) > 0);
  });

  it('continues from its state', () => {
    const first = new DivergenceGuard();
    observe(first, [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    const second = new DivergenceGuard();
    second.restore(first.state());
    assert.equal(observe(second, Array<number>(50).fill(9)), observe(first, Array<number>(50).fill(9)));
  });
});
