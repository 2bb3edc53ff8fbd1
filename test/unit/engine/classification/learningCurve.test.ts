import * as assert from 'node:assert';
import { learningSentence } from '../../../../src/common/confusionReport';
import { learningCurve, worthAdding } from '../../../../src/engine/classification/learningCurve';

describe('A learning curve', () => {
  it('is measured at a quarter, a half and all of the texts', () => {
    const curve = learningCurve(200, (texts) => 1 - 4 / texts);
    assert.deepStrictEqual(
      curve.points.map(({ texts }) => texts),
      [50, 100, 200],
    );
  });

  it('is extrapolated as the power law that it follows, as long as doubling is worthwhile', () => {
    // Errors 0.08, 0.04, 0.02: the next doublings gain 0.01, then 0.005, then 0.0025, which is too little.
    const { worthAdding: more, expected } = learningCurve(200, (texts) => 1 - 4 / texts);
    assert.strictEqual(more, 600);
    assert.ok(Math.abs(expected - 0.995) < 1e-9, `${expected}`);
  });

  it('promises nothing if more texts did not help, and nothing far away', () => {
    const flat = [50, 100, 200].map((texts) => ({ texts, macroF1: 0.7 }));
    assert.deepStrictEqual(worthAdding(flat), { worthAdding: 0, expected: 0.7 });
    const falling = [0.8, 0.7, 0.6].map((macroF1, i) => ({ texts: 50 * 2 ** i, macroF1 }));
    assert.strictEqual(worthAdding(falling).worthAdding, 0);
    const perfect = [50, 100, 200].map((texts) => ({ texts, macroF1: 1 }));
    assert.deepStrictEqual(worthAdding(perfect), { worthAdding: 0, expected: 1 });
    const slow = [50, 100, 200].map((texts) => ({ texts, macroF1: 1 - texts ** -0.1 }));
    assert.strictEqual(worthAdding(slow).worthAdding, 7 * 200);
  });

  it('is described in a sentence', () => {
    const points = [{ texts: 200, macroF1: 0.981 }];
    assert.match(
      learningSentence({ learningCurve: { points, worthAdding: 600, expected: 0.995 } })!,
      /About 600 more labels .* from 0\.98 to about 0\.99/,
    );
    assert.match(learningSentence({ learningCurve: { points, worthAdding: 0, expected: 0.98 } })!, /hardly help/);
    assert.strictEqual(learningSentence({}), undefined);
  });
});
