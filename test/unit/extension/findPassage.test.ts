import assert from 'node:assert/strict';
import { findPassage } from '../../../src/extension/findPassage';

describe('findPassage', () => {
  const found = (text: string, passage: string, offset: number): string | undefined => {
    const range = findPassage(text, passage, offset);
    return range && `${range.start} ${text.slice(range.start, range.end)}`;
  };

  it('returns the expected place if the passage is there', () => {
    assert.equal(found('a sea, a sea, a sea', 'a sea', 7), '7 a sea');
    assert.equal(found('aaaa', 'aa', 1), '1 aa', 'also in the middle of another place');
  });

  it('chooses the nearest place if the text has moved', () => {
    assert.equal(found('a sea, a sea, a sea', 'a sea', 8), '7 a sea');
    assert.equal(found('a sea, a sea, a sea', 'a sea', 100), '14 a sea');
    assert.equal(found('the text before, then what was selected', 'what was', 0), '22 what was');
  });

  it('finds what was normalised before training', () => {
    assert.equal(found('Une e\u0301le\u0300ve', '\u00e9l\u00e8ve', 0), '4 e\u0301le\u0300ve');
    assert.equal(found('The  Whale\n\n swims', 'the whale swims', 0), '0 The  Whale\n\n swims');
    assert.equal(found('(what?) [a]+ c:\\d', '[a]+ c:\\d', 0), '8 [a]+ c:\\d');
  });

  it('finds nothing if the passage is gone', () => {
    assert.equal(found('another text', 'a sea', 0), undefined);
    assert.equal(found('another text', '', 100), undefined);
  });
});
