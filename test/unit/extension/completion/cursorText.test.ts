import * as assert from 'node:assert/strict';
import { cleanPrefix, mayOfferBefore, windowStart } from '../../../../src/extension/completion/cursorText';

describe('cursorText', () => {
  it('moves the window in strides and always covers the available text', () => {
    assert.equal(windowStart(0), 0);
    assert.equal(windowStart(2999), 0);
    assert.equal(windowStart(3000), 1000);
    assert.equal(windowStart(3999), 1000);
    for (let offset = 0; offset < 10_000; offset += 37) {
      const length = offset - windowStart(offset);
      assert.ok(length >= Math.min(offset, 2000) && length < 3000, `${offset}: ${length}`);
    }
  });

  it('repairs a split surrogate pair and line breaks', () => {
    assert.equal(cleanPrefix('\u{1f600}a'.slice(1)), 'a');
    assert.equal(cleanPrefix('\u{1f600}a'), '\u{1f600}a');
    assert.equal(cleanPrefix('a\r\nb\rc\n'), 'a\nb\nc\n');
    assert.equal(cleanPrefix(''), '');
  });

  it('suggests at the end of a line, before punctuation and inside a line, not inside a word', () => {
    for (const suffix of ['', ')', '."', '    ', ' (note)', ' and nine', "'", '— and']) {
      assert.equal(mayOfferBefore(suffix), true, suffix);
    }
    for (const suffix of [
      'word',
      'é',
      '語',
      '4',
      '’s hat',
      "'s hat",
      '-known',
      '\u0301',
      '\u200d\u{1f469}',
      '\u{1f3fd}',
    ]) {
      assert.equal(mayOfferBefore(suffix), false, suffix);
    }
  });
});
