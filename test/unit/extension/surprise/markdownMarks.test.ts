/** What gets no marks in a Markdown text. */
import * as assert from 'node:assert/strict';
import { isMarkdownProse } from '../../../../src/extension/completion/markdownProse';
import { markdownMarks } from '../../../../src/extension/surprise/markdownMarks';

/** The text without what is not prose. */
function prose(text: string): string {
  return markdownMarks(text).reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text);
}

describe('markdownMarks', () => {
  for (const [text, left] of [
    ['# A *heading*', 'A heading'],
    ['- [ ] an item\n2. **another** one\n> a quote', 'an item\nanother one\na quote'],
    ['before `code` and ``a `tick` `` after', 'before  and  after'],
    ['before\n```js\nlet x = 1;\n```\nafter', 'before\n\nafter'],
    ['before\n~~~\nnever closed', 'before\n'],
    ['---\ntitle: A story\n---\nOnce', '\nOnce'],
    ['Not front matter\n---\ntitle: A story', 'Not front matter\n\ntitle: A story'],
    ['see [the page](https://example.org/a_(b) "title") or https://example.org/c.', 'see the page or '],
    ['see [the page][ref]\n\n[ref]: https://example.org', 'see the page\n\n'],
    ['<b class="x">bold</b> <!-- hidden -->text', 'bold text'],
    ['it is $x + y$ or $$\nz\n$$ but costs $5 and $6', 'it is  or  but costs $5 and $6'],
    ['a footnote[^1] and\n\n[^1]: its text', 'a footnote and\n\nits text'],
    ['the sum \\(x + y\\) and <code>let x</code> or <kbd>Enter</kbd>', 'the sum  and  or Enter'],
    ['<pre>\nlet x;\n</pre>\nprose <script>let y;</script>', '\nprose '],
    ['an escaped \\` and `code`', 'an escaped ` and '],
    ['snake_case and _emphasis_, 3 * 4 | 5', 'snake_case and emphasis, 3  4  5'],
    ['one\n\n***\n\ntwo - three', 'one\n\n\n\ntwo - three'],
  ]) {
    it(JSON.stringify(text), () => assert.equal(prose(text), left));
  }

  it('agrees with what is offered in: a position inside code, maths or an address is not prose', () => {
    const text = 'Some `code here`, maths $a + b$, see [it](https://example.org/page) now.\n';
    for (const { start, end } of markdownMarks(text).filter((span) => span.end - span.start > 1)) {
      const middle = (start + end) >> 1;
      assert.equal(isMarkdownProse(text.slice(0, middle), text.slice(middle)), false, text.slice(start, end));
    }
  });

  it('is quick in a text with many beginnings and no end', () => {
    for (const beginning of ['$$ \\[ ', '\\( ', '<!-- ', '<pre> ', '[^', 'a `b ', '<a ', '[x](', '```\n']) {
      const marks = markdownMarks(beginning.repeat(5000));
      assert.ok(marks.every(({ start, end }, i) => end > start && (i === 0 || start >= marks[i - 1].end)));
    }
  });
});
