/** Learning rates against their formulas. */
import * as assert from 'node:assert';
import { Schedule } from '../../../../src/engine/training/schedule';

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

describe('Schedule', () => {
  it('constant, with a warm-up', () => {
    const schedule = new Schedule({ kind: 'constant', warmupSteps: 4 }, 0.1);
    [0.025, 0.05, 0.075, 0.1, 0.1].forEach((rate, step) => near(schedule.rate(step, 0.5), rate));
    near(new Schedule({ kind: 'constant' }, 0.1).rate(0, 0), 0.1);
  });

  it('cosine: full at the beginning, half way between at half, the final fraction at the end and after', () => {
    const schedule = new Schedule({ kind: 'cosine', finalFraction: 0.2 }, 0.01);
    near(schedule.rate(100, 0), 0.01);
    near(schedule.rate(100, 0.5), 0.006);
    near(schedule.rate(100, 1), 0.002);
    near(schedule.rate(100, 1.7), 0.002);
    near(schedule.rate(100, 0.25), 0.01 * (0.2 + 0.4 * (1 + Math.SQRT1_2)));
  });

  it('plateau: lowered after evaluations without a better loss, not below the minimum', () => {
    const schedule = new Schedule({ kind: 'plateau', factor: 0.5, patience: 2, minimum: 0.03 }, 0.1);
    const lowered = [3, 2, 2.5, 2, 1.9, 2, 2, 2, 2].map((loss) => schedule.evaluated(loss));
    assert.deepEqual(lowered, [false, false, false, true, false, false, true, false, false]);
    near(schedule.rate(9, 0), 0.03);
    schedule.halve();
    near(schedule.rate(9, 0), 0.015);
  });

  it('continues from its state', () => {
    const config = { kind: 'plateau', factor: 0.1, patience: 2, minimum: 0 } as const;
    const first = new Schedule(config, 1);
    [3, 4, 4, 5].forEach((loss) => first.evaluated(loss));
    const second = new Schedule(config, 1);
    second.restore(first.state());
    assert.equal(second.evaluated(6), first.evaluated(6));
    assert.equal(second.rate(0, 0), first.rate(0, 0));
    near(second.rate(0, 0), 0.01);
  });
});
