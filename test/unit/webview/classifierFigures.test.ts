/** What the Classifier tab computes on the page, against counts made in another way. */
import assert from 'node:assert/strict';
import { confusionAt, reportOfConfusion } from '../../../src/common/confusionReport';
import { precisionRecallCurve, renderUnitCurve, rocCurve } from '../../../src/webview/classifier/unitCurve';
import { fakeRecord } from '../../support/studioHarness/fakeClassifier';

describe('figures of the Classifier tab', () => {
  const record = fakeRecord();
  const { scores, curves } = record;

  it('count the confusion matrix at any threshold, a score at the threshold as positive', () => {
    for (const threshold of [0.01, 0.3, scores[5].probability, 0.99]) {
      const [[, lost], [missed, caught]] = confusionAt(scores, 1, threshold);
      assert.equal(caught, scores.filter((s) => s.label === 1 && !(s.probability < threshold)).length);
      assert.equal(lost, scores.filter((s) => s.label === 0 && !(s.probability < threshold)).length);
      assert.equal(caught + missed, 143);
    }
    assert.deepEqual(confusionAt([{ label: 0, probability: 0.6 }], 0, 0.5), [
      [1, 0],
      [0, 0],
    ]);
  });

  it('mark both curves where the confusion matrix is', () => {
    assert.ok(curves);
    const confusion = confusionAt(scores, 1, 0.5);
    const { perClass } = reportOfConfusion(confusion, record.classes);
    const roc = rocCurve(curves, confusion, 1);
    assert.ok(roc.mark && Math.abs(roc.mark.x - (1 - perClass.ham.recall!)) < 1e-12);
    assert.equal(roc.mark.y, perClass.spam.recall);
    assert.ok(roc.points.some(({ x, y }) => Math.abs(x - roc.mark!.x) < 1e-12 && Math.abs(y - roc.mark!.y) < 1e-12));
    const pr = precisionRecallCurve(curves, confusion, 1);
    assert.deepEqual(pr.mark, { x: perClass.spam.recall, y: perClass.spam.precision });
    assert.ok(
      pr.points.every(({ x }, i) => i === 0 || x >= pr.points[i - 1].x),
      'from left to right',
    );
  });

  it('have no mark if nothing is called positive', () => {
    assert.ok(curves);
    const none = [
      [5, 0],
      [3, 0],
    ];
    assert.equal(precisionRecallCurve(curves, none, 1).mark, undefined);
    const colours = { text: 'a', muted: 'b', grid: 'c', background: 'd', train: 'e', heldOut: 'f' } as Parameters<
      typeof renderUnitCurve
    >[2];
    const svg = renderUnitCurve(precisionRecallCurve(curves, none, 1), { width: 200, height: 180 }, colours);
    assert.doesNotMatch(svg, /<circle|NaN/);
    assert.match(svg, /^<svg .*<\/svg>$/s);
  });
});
