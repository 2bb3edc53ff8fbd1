import assert from 'node:assert/strict';
import { codeSpan, visibleLine, withoutIcons, withoutLinks } from '../../../src/extension/plainText';

/** What VS Code makes a link in a notification. */
const link = /\[[^\]]+\]\((?:https?:\/\/|command:|file:)[^)\s]+(?: (["']).+?\1)?\)/i;

describe('plain text', () => {
  it('leaves no link in a notification, and every visible character', () => {
    for (const text of [
      'Deleted the model [Undo](command:workbench.action.terminal.new).',
      '[a](command:x) [b](https://example.org "title") [c](FILE:///etc/passwd)',
      ']](command:x)[[d](command:y)',
    ]) {
      const shown = withoutLinks(text);
      assert.doesNotMatch(shown, link);
      assert.equal(shown.replaceAll('\u2060', ''), text);
    }
    assert.equal(withoutLinks('novel (2) [draft].txt'), 'novel (2) [draft].txt');
  });

  it('leaves no icon in a list or the status bar', () => {
    const text = 'A cheque for $(1) and $(sync~spin), \\$(zap)$(x)';
    const shown = withoutIcons(text);
    assert.doesNotMatch(shown, /\$\(/);
    assert.equal(shown.replaceAll('\u2060', ''), text);
  });

  it('puts any text on one line', () => {
    assert.equal(visibleLine('a\r# b\nc\u2028d\u202ee\u0000\u007f'), 'a␍# b↵c\\u{2028}d\\u{202e}e␀␡');
    assert.equal(visibleLine('größer — “näher” 👩‍👧'), 'größer — “näher” 👩‍👧');
  });

  it('keeps a token inside its code span and its table cell', () => {
    for (const token of ['\r[x](command:y)', 'a\r\n\r\n# b', '`', '``<b>', '|', 'a | b', '\\', '\u2028', '', '\v\f']) {
      const span = codeSpan(token);
      assert.match(span, /^`[^`|\r\n\u2028\u2029]+`$/, JSON.stringify(token));
    }
    assert.equal(codeSpan(' a\tb\n'), '`␣a⇥b↵`');
  });
});
