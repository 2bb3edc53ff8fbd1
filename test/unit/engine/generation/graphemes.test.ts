import * as assert from 'node:assert/strict';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { continuesCharacter, hasJoiningTokens } from '../../../../src/engine/generation/graphemes';

describe('hasJoiningTokens', () => {
  const ofCharacters = (text: string): boolean => hasJoiningTokens(Vocabulary.build('character', [text]));

  it('is true for every text whose characters consist of several code points', () => {
    for (const text of [
      'e\u0301',
      '\u{1f44b}\u{1f3fd}',
      '\u{1f1e9}\u{1f1ea}',
      '\u0e19\u0e33',
      '\u0e81\u0eb3',
      '\u1112\u1161',
    ]) {
      const [first, second] = text;
      assert.ok(continuesCharacter(first, second), text);
      assert.ok(ofCharacters(text), text);
    }
  });

  it('is false for letters that stand alone', () => {
    assert.equal(ofCharacters('plain caf\u00e9 \u{1f600} \u4e2d\u6587'), false);
  });
});
