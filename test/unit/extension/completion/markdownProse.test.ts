import * as assert from 'node:assert/strict';
import { isMarkdownProse } from '../../../../src/extension/completion/markdownProse';

/** Whether the place of the bar is prose. */
const at = (text: string): boolean => {
  const [before, after] = text.split('|');
  return isMarkdownProse(before, after.split('\n')[0]);
};

describe('isMarkdownProse', () => {
  const prose = [
    'It was a |',
    '# A heading |',
    '> quoted |',
    '- an item |',
    'done `code` and |',
    'a [link](there.md) and |',
    '[a link| that is not finished',
    'it costs $5 and |',
    'it costs $5 and $6 and |',
    'a formula $x$ and |',
    'a < b and |',
    'a <b>bold</b> |',
    '```\ncode\n```\nprose |',
    '~~~\n```\n~~~\nprose |',
    '````\n```\n````\nprose |',
    '---\ntitle: x\n---\nprose |',
    'prose\n\n---\n\nprose |',
    '$$\nx\n$$\nprose |',
    '$$x$$ prose |',
    '<!-- note --> prose |',
    'one `unclosed\n\nanother paragraph |',
    'an escaped \\` and |',
    'a footnote[^1] and |',
    '[^1]: the footnote |',
    'a [link][id] and |',
    'a [link](https://example.org/a_(b)) and |',
    'the sum \\(x\\) and |',
    '<pre>\ncode\n</pre>\nprose |',
    'press <kbd>Enter</kbd> and |',
  ];
  const notProse = [
    '```|',
    '```js\nlet |',
    '```js\nlet x\n~~~\n|',
    '  - ```\n    code |',
    '> ```\n> code |',
    '~~~ |',
    '---\ntitle: a |',
    '+++\ntitle = "a |',
    '---|',
    '$$\nx = |',
    '\\[\nx = |',
    'the sum $x + |',
    'it costs $5 |x$ here',
    'run `npm |',
    'two `` a ` b |',
    'see [here](chapter|',
    'see [here](<my file|',
    '[id]: https://example|',
    'look at https://example.org/some|',
    'a <img src="x |',
    'a <img\n  alt="some |',
    '</di|',
    '<!-- a note |',
    'a footnote[^no|',
    'a [link][i|',
    'a [link](https://example.org/a_(b)|',
    'a [link](https://example.org/a_(b|',
    'the sum \\(x + |',
    '<script>\nlet x = |',
    'see <code>let |',
  ];
  for (const text of prose) it(`is prose: ${JSON.stringify(text)}`, () => assert.equal(at(text), true));
  for (const text of notProse) it(`is not: ${JSON.stringify(text)}`, () => assert.equal(at(text), false));
});
