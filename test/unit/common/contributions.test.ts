import assert from 'node:assert/strict';
import {
  correctionTitle,
  formatPoints,
  formatShare,
  pointsTowards,
  tintedClass,
  wordTints,
} from '../../../src/common/contributions';
import { fakeCheck } from '../../support/studioHarness/fakeClassifier';

describe('contributions', () => {
  const { verdict, text } = fakeCheck();

  it('are tinted by the positive class whatever the verdict is', () => {
    const ham = { ...verdict, label: 'ham' };
    const two = { classes: ['ham', 'spam'], positive: 1 };
    assert.equal(tintedClass(ham, two), 'spam');
    assert.equal(tintedClass(ham, { classes: ['ham', 'spam', 'sport'], positive: null }), 'ham');
    const forSpam = pointsTowards(verdict, 'spam').map(({ points }) => points);
    assert.deepEqual(
      pointsTowards(ham, 'spam').map(({ points }) => -points),
      forSpam,
    );
  });

  it('leave out words with hardly any effect, and have three strengths', () => {
    const tints = wordTints(verdict, 'spam').map(({ start, end, points, strength }) => [
      text.slice(start, end),
      Math.sign(points) * strength,
    ]);
    assert.deepEqual(Object.fromEntries(tints), {
      Hi: -1,
      Anna: -2,
      lunch: -3,
      WON: 3,
      free: 3,
      prize: 3,
      Call: 2,
      '09061': 2,
      now: 1,
      claim: 3,
      cash: 2,
      YES: 1,
    });
  });

  it('are corrected by a button that names the classes', () => {
    const two = { classes: ['ham', 'spam'], positive: 1 };
    assert.deepEqual(
      ['ham', 'spam'].map((label) => correctionTitle(label, two)),
      ['This Is Not Spam', 'This Is Spam'],
    );
    assert.equal(correctionTitle('sea', { classes: ['land', 'sea'], positive: 1 }), 'This Is “sea”');
  });

  it('are written with a sign, and shares never as certain when they are not', () => {
    assert.deepEqual([1.26, -0.4, 0.03, -0.03].map(formatPoints), ['+1.3', '−0.4', '+0.03', '−0.03']);
    assert.deepEqual([0.9734, 0.9999, 0.0002, 1, 0].map(formatShare), ['97.3%', '> 99.9%', '< 0.1%', '100%', '0%']);
  });
});
