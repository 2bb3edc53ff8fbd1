import * as assert from 'node:assert/strict';
import { levelBits, levelOf, SurpriseFigures } from '../../../../src/extension/surprise/surpriseFigures';

/** Figures of one-character tokens. */
function result(from: number, bits: number[], lengths = bits.map(() => 1)) {
  return { from, bits: Float32Array.from(bits), lengths: Uint8Array.from(lengths), meanBits: 1 };
}

describe('SurpriseFigures', () => {
  it('finds the token at an offset, whatever its length', () => {
    const figures = new SurpriseFigures();
    figures.replaceFrom(result(0, [1, 2, 3], [1, 2, 4]));
    assert.equal(figures.length, 7);
    assert.deepEqual(figures.token(0), { start: 0, end: 1, bits: 1 });
    assert.deepEqual(figures.token(2), { start: 1, end: 3, bits: 2 });
    assert.deepEqual(figures.token(6), { start: 3, end: 7, bits: 3 });
    assert.equal(figures.token(7), undefined);
    assert.equal(figures.token(-1), undefined);
  });

  it('replaces only what comes after a change', () => {
    const figures = new SurpriseFigures();
    figures.replaceFrom(result(0, [1, 2, 3, 4, 5]));
    assert.equal(figures.cut(3), 3);
    assert.equal(figures.length, 3);
    figures.replaceFrom(result(3, [8, 9, 10]));
    assert.deepEqual(
      [0, 2, 3, 5].map((offset) => figures.token(offset)?.bits),
      [1, 3, 8, 10],
    );
  });

  it('cuts at the beginning of the token that contains a change', () => {
    const figures = new SurpriseFigures();
    figures.replaceFrom(result(0, [1, 2, 3], [2, 2, 2]));
    assert.equal(figures.cut(3), 2);
    assert.equal(figures.cut(100), 2, 'nothing is cut beyond the end');
  });

  it('assigns figures to five levels, nothing below the first', () => {
    for (const unit of ['character', 'word'] as const) {
      assert.equal(levelBits[unit].length, 5);
      assert.equal(levelOf(levelBits[unit][0] - 0.01, unit), 0);
      levelBits[unit].forEach((bits, i) => assert.equal(levelOf(bits, unit), i + 1));
      assert.equal(levelOf(40, unit), 5);
    }
  });

  it('joins neighbouring characters of one level into one mark', () => {
    const figures = new SurpriseFigures();
    figures.replaceFrom(result(0, [0, 4, 4, 0, 4, 7, 20]));
    assert.deepEqual(figures.marks('abcdefg', 'character', 0, 7), [
      { start: 1, end: 3, bits: 8, level: 1 },
      { start: 4, end: 5, bits: 4, level: 1 },
      { start: 5, end: 6, bits: 7, level: 3 },
      { start: 6, end: 7, bits: 20, level: 5 },
    ]);
    assert.deepEqual(
      figures.marks('abcdefg', 'character', 4, 6).map(({ start }) => start),
      [4, 5],
    );
    assert.deepEqual(figures.marks('abcdefg', 'character', 3, 0), []);
  });

  it('rates words by their mean and leaves out one whose figures are not there yet', () => {
    const figures = new SurpriseFigures();
    figures.replaceFrom(result(0, [9, 9, 9, 1, 0.1, 0.1, 9]));
    assert.deepEqual(figures.marks('abc de fgh', 'word', 0, 10), [{ start: 0, end: 3, bits: 27, level: 5 }]);
  });

  it('gives no marks to what is skipped', () => {
    const figures = new SurpriseFigures();
    figures.replaceFrom(result(0, new Array<number>(10).fill(9)));
    const skipped = [
      { start: 1, end: 2 },
      { start: 4, end: 6 },
    ];
    const starts = (unit: 'word' | 'character', text: string): number[] =>
      figures.marks(text, unit, 0, 10, skipped).map(({ start }) => start);
    assert.deepEqual(starts('word', 'abc de fgh'), [7]);
    assert.deepEqual(starts('character', 'abc de fgh'), [0, 2, 6]);
  });
});
