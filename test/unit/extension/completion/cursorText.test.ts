import * as assert from 'node:assert/strict';
import { cleanPrefix, fitToSuffix, mayOfferBefore, windowStart } from '../../../../src/extension/completion/cursorText';

describe('cursorText', () => {
  it('moves the window in strides and never asks for less than is there', () => {
    assert.equal(windowStart(0), 0);
    assert.equal(windowStart(2999), 0);
    assert.equal(windowStart(3000), 1000);
    assert.equal(windowStart(3999), 1000);
    for (let offset = 0; offset < 10_000; offset += 37) {
      const length = offset - windowStart(offset);
      assert.ok(length >= Math.min(offset, 2000) && length < 3000, `${offset}: ${length}`);
    }
  });

  it('repairs a cut surrogate pair and line ends', () => {
    assert.equal(cleanPrefix('\u{1f600}a'.slice(1)), 'a');
    assert.equal(cleanPrefix('\u{1f600}a'), '\u{1f600}a');
    assert.equal(cleanPrefix('a\r\nb\rc\n'), 'a\nb\nc\n');
    assert.equal(cleanPrefix(''), '');
  });

  it('offers at the end of a line and before a little punctuation, not inside a word or a line', () => {
    for (const suffix of ['', ')', '."', '    ', ' (note)']) assert.equal(mayOfferBefore(suffix), true, suffix);
    for (const suffix of ['word', 'é', ' and nine', '語', '4']) assert.equal(mayOfferBefore(suffix), false, suffix);
  });

  it('does not repeat what follows the cursor', () => {
    assert.equal(fitToSuffix('the end."', '."'), 'the end');
    assert.equal(fitToSuffix('word)', ')'), 'word');
    assert.equal(fitToSuffix('word', ')'), 'word');
    assert.equal(fitToSuffix(')', ')'), '');
    assert.equal(fitToSuffix('word', ''), 'word');
  });
});
