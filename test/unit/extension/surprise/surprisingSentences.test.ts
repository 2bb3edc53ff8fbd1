import * as assert from 'node:assert/strict';
import { markdownMarks } from '../../../../src/extension/surprise/markdownMarks';
import { SurpriseFigures } from '../../../../src/extension/surprise/surpriseFigures';
import { mostSurprising, sentencesOf } from '../../../../src/extension/surprise/surprisingSentences';

/** 8 bits for each `x`, 1 for any other character. */
function figuresOf(text: string): SurpriseFigures {
  const figures = new SurpriseFigures();
  const bits = Float32Array.from(text, (character) => (character === 'x' ? 8 : 1));
  figures.replaceFrom({ from: 0, bits, lengths: new Uint8Array(text.length).fill(1), meanBits: 1 });
  return figures;
}

describe('surprising sentences', () => {
  it('are whole sentences, even across line ends, each with its mean bits', () => {
    const text = 'The old clock\nstruck at nine. The xx xx xx rain fell. No.';
    const found = sentencesOf(text, { start: 0, end: text.length }, figuresOf(text), []);
    assert.deepEqual(
      found.map(({ start, end }) => text.slice(start, end)),
      ['The old clock\nstruck at nine.', 'The xx xx xx rain fell.'],
    );
    assert.equal(found[0].bits, 1);
    assert.ok(Math.abs(found[1].bits - (17 + 6 * 8) / 23) < 1e-6, `${found[1].bits}`);
    assert.deepEqual(mostSurprising(found, 1), [found[1]]);
  });

  it('are listed without the marks at their ends', () => {
    const text = '1. **Does it strike at nine?** It was _old and very_ heavy. _It now strikes at_ `ten`\n';
    const found = sentencesOf(text, { start: 0, end: text.length }, figuresOf(text), markdownMarks(text));
    assert.deepEqual(
      found.map(({ start, end }) => text.slice(start, end)),
      ['Does it strike at nine?', 'It was _old and very_ heavy.', 'It now strikes at_ `ten`'],
    );
  });

  it('are judged without code and addresses', () => {
    const text = 'The clock `xxxxxxxxxxxx` struck at nine. It was `xxx`. See https://xxxx.xx/xx and be off, good sir.';
    const found = sentencesOf(text, { start: 0, end: text.length }, figuresOf(text), markdownMarks(text));
    assert.deepEqual(
      found.map(({ bits }) => bits),
      [1, 1],
    );
  });
});
