import assert from 'node:assert/strict';
import { wholeWords } from '../../../../src/extension/writing/wholeWords';

const shown = (text: string, limit = 100): string => text.slice(0, wholeWords(text, limit));

describe('wholeWords', () => {
  it('leaves out the last word and the white space before it', () => {
    assert.equal(shown('upon a ti'), 'upon a');
    assert.equal(shown('upon a time '), 'upon a time');
    assert.equal(shown('upon'), '');
    assert.equal(shown(' upon '), ' upon');
    assert.equal(shown('nine.\n\nThe'), 'nine.');
    assert.equal(shown(" don't st"), " don't");
    assert.equal(shown('a well-kn'), 'a');
    assert.equal(shown(' \n '), '');
    assert.equal(shown(''), '');
  });

  it('includes as many words as fit, and one that is longer', () => {
    assert.equal(shown('one two three four five', 10), 'one two');
    assert.equal(shown('incomprehensibly long words', 5), 'incomprehensibly');
  });

  it('shows words of scripts without spaces', () => {
    assert.match(shown('彼は時計を見た。雨が降'), /^彼は/);
    assert.match(shown('สวัสดีชาวโลกทุกคน'), /^สวัสดี/);
  });

  it('does not wait forever for the end of a word, and splits no character', () => {
    assert.equal(shown('x'.repeat(399)), '');
    assert.equal(shown('x'.repeat(400)), 'x'.repeat(100));
    const family = '👩‍👩‍👧';
    assert.equal(shown(family.repeat(60), 20), family.repeat(2));
  });
});
