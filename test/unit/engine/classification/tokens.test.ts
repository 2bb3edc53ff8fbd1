import * as assert from 'node:assert';
import { tokenize } from '../../../../src/engine/classification/tokens';

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

  it('knows addresses', () => {
    const tokens = tokenize('see http://a.example/x?y=1. or www.win.co.uk or bob.b@mail.org or win.com/now');
    assert.deepStrictEqual(
      tokens.filter((token) => token.kind === 'address').map((token) => token.text),
      ['http://a.example/x?y=1', 'www.win.co.uk', 'bob.b@mail.org', 'win.com/now'],
    );
  });

  it('joins repeated marks only', () => {
    assert.deepStrictEqual(texts('WOW!!! ok... :-)) 😀😀'), ['WOW', '!!!', 'ok', '...', ':', '-', '))', '😀😀']);
  });

  it('says where each token stands', () => {
    const text = '  Ünïcode 😀 x!  ';
    for (const token of tokenize(text)) assert.strictEqual(text.slice(token.start, token.end), token.text);
    assert.deepStrictEqual(tokenize(' \n\t'), []);
  });
});
