import * as assert from 'node:assert';
import { createHash } from 'node:crypto';
import { tokenize } from '../../../../src/engine/classification/tokens';
import { readDataset } from '../../../support/shared';

const texts = (text: string): string[] => tokenize(text).map((token) => token.text);

describe('Tokens of a message', () => {
  it('keeps words with their apostrophes and digits, and their case', () => {
    assert.deepStrictEqual(texts("I don't txt2win 4U, naïve café"), [
      'I',
      "don't",
      'txt2win',
      '4U',
      ',',
      'naïve',
      'café',
    ]);
  });

  it('keeps numbers, prices, times and telephone numbers whole', () => {
    assert.deepStrictEqual(texts('£1,000.50 at 10:30 call 0906-170-1461.'), [
      '£',
      '1,000.50',
      'at',
      '10:30',
      'call',
      '0906-170-1461',
      '.',
    ]);
  });

  it('recognises addresses', () => {
    const tokens = tokenize('see http://a.example/x?y=1. or www.win.co.uk or bob.b@mail.org or win.com/now');
    assert.deepStrictEqual(
      tokens.filter((token) => token.kind === 'address').map((token) => token.text),
      ['http://a.example/x?y=1', 'www.win.co.uk', 'bob.b@mail.org', 'win.com/now'],
    );
  });

  it('joins only repeated marks', () => {
    assert.deepStrictEqual(texts('WOW!!! ok... :-)) 😀😀'), ['WOW', '!!!', 'ok', '...', ':', '-', '))', '😀😀']);
  });

  it('gives the location of each token', () => {
    const text = '  Ünïcode 😀 x!  ';
    for (const token of tokenize(text)) assert.strictEqual(text.slice(token.start, token.end), token.text);
    assert.deepStrictEqual(tokenize(' \n\t'), []);
  });
});

describe('Tokens of hostile and of ordinary text', () => {
  // A scan that measures a run anew from each of its tokens takes minutes over these, and the test's time runs out.
  for (const unit of ['a.b', 'a-', '%41', '+1', 'a@b', 'www.', 'QUJD-_x9', '1.', 'a_']) {
    it(`are found in one pass over a megabyte of ${unit}`, () => {
      const text = unit.repeat(Math.ceil(1e6 / unit.length));
      let end = 0;
      for (const token of tokenize(text)) {
        assert.strictEqual(token.start, end);
        ({ end } = token);
      }
      assert.strictEqual(end, text.length);
    });
  }

  it('are the same on ordinary mail as those of the regular expression that originally defined them', () => {
    const hash = createHash('sha256');
    let count = 0;
    for (const { text } of readDataset('spam-assassin').filter((_, i) => i % 20 === 0)) {
      for (const { kind, start, end } of tokenize(text)) {
        hash.update(`${kind} ${start} ${end}\n`);
        count++;
      }
    }
    assert.strictEqual(count, 351589);
    assert.strictEqual(hash.digest('hex'), 'b5a43f1cce8a84c7fff2e93740899c4b299aa53b24f54988f547b4211246794b');
  });

  it('are the same on every quirk of that expression', () => {
    const quirks: [text: string, tokens: string[]][] = [
      ['a.com-b a.com.de/x a.common .com', ['a.com', '-', 'b', 'a.com.de/x', 'a', '.', 'common', '.', 'com']],
      ['a..com a.-.com WIN.CO.UK', ['a', '..', 'com', 'a.-.com', 'WIN.CO.UK']],
      ['x_y@b.c.d. @b.c a@b', ['x_y@b.c.d', '.', '@', 'b', '.', 'c', 'a', '@', 'b']],
      ['1.55a 12² 3/4-5: 1,2,', ['1', '.', '55a', '12²', '3/4-5', ':', '1,2', ',']],
      ["don't'x ''a www..a http://! 😀😀a", ["don't'x", "''", 'a', 'www..a', 'http', ':', '//', '!', '😀😀', 'a']],
    ];
    for (const [text, tokens] of quirks) assert.deepStrictEqual(texts(text), tokens);
  });
});
