/** How good a model is, in a word. */
import assert from 'node:assert/strict';
import { qualityOf } from '../../../src/common/quality';

describe('quality', () => {
  const markov = { order: 5, bitsPerCharacter: 2.4 };

  it('is measured against the better method that needs no training', () => {
    assert.deepEqual(
      [2.5, 2.4, 2.35, 2.28, 2].map((bits) => qualityOf(bits, { markov })),
      ['rough', 'rough', 'fair', 'good', 'good'],
    );
    const base = { language: 'en', bitsPerCharacter: 2 };
    assert.deepEqual(
      [2.28, 1.95, 1.9].map((bits) => qualityOf(bits, { markov, base })),
      ['rough', 'fair', 'good'],
    );
    assert.equal(qualityOf(2.28, { markov, base: { language: 'en', bitsPerCharacter: 3 } }), 'good');
  });
});
