import * as assert from 'node:assert/strict';
import { breakLines, lineWidth } from '../../../../src/extension/writing/lineWidth';
import { Random } from '../../../../src/engine/random';

const random = new Random(1);
const word = (): string => 'a'.repeat(1 + random.integer(9));
/** Paragraphs of random words, each on one line. */
const paragraphs = Array.from({ length: 8 }, () => Array.from({ length: 60 }, word).join(' '));

describe('lineWidth', () => {
  it('is the width at which paragraphs were broken', () => {
    const lines = paragraphs.flatMap((text) => [...breakLines(text, 0, 70).split('\n'), '']);
    assert.ok(lines.every((line) => line.length <= 70));
    assert.equal(lineWidth(lines), Math.max(...lines.map(({ length }) => length)));
  });

  it('is undefined for paragraphs on one line, for verse, and for a few lines', () => {
    assert.equal(lineWidth(paragraphs), undefined);
    assert.equal(lineWidth(paragraphs.flatMap((text) => [text, ''])), undefined);
    const verse = Array.from({ length: 40 }, () => Array.from({ length: 5 + random.integer(4) }, word).join(' '));
    assert.equal(lineWidth(verse), undefined);
    assert.equal(lineWidth(breakLines(paragraphs[0], 0, 70).split('\n').slice(0, 4)), undefined);
  });
});

describe('breakLines', () => {
  it('breaks in pieces as it does at once', () => {
    const [text] = paragraphs;
    let written = '';
    for (const piece of text.match(/^\S+|\s\S+/g)!) {
      written += breakLines(piece, written.length - (written.lastIndexOf('\n') + 1), 50);
    }
    assert.equal(written, breakLines(text, 0, 50));
  });

  it('begins where the line has got to, and keeps line breaks and words that are too long', () => {
    assert.equal(breakLines(' four five', 6, 12), ' four\nfive');
    assert.equal(breakLines('one two\n\nthree four\nfive six', 0, 10), 'one two\n\nthree four\nfive six');
    assert.equal(breakLines('extraordinarily long', 0, 8), 'extraordinarily\nlong');
    assert.equal(breakLines('.  Two', 7, 8), '.  Two');
  });
});
