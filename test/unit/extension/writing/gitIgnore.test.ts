import * as assert from 'node:assert/strict';
import { GitIgnore } from '../../../../src/extension/writing/gitIgnore';

describe('GitIgnore', () => {
  const ignored = (files: Record<string, string>, paths: string[]): string[] => {
    const rules = new GitIgnore(Object.entries(files).map(([folder, text]) => ({ folder, text })));
    return paths.filter((path) => rules.ignores(path));
  };

  it('excludes what the files say, each below its own folder', () => {
    const paths = ['/book/a.md', '/book/draft.md', '/book/old/a.md', '/book/part/b.md', '/book/part/notes/c.md'];
    assert.deepEqual(ignored({}, paths), []);
    assert.deepEqual(ignored({ '/book': '# drafts\ndraft.md\nold/\n' }, paths), ['/book/draft.md', '/book/old/a.md']);
    assert.deepEqual(ignored({ '/book/part': '*.md\n' }, paths), ['/book/part/b.md', '/book/part/notes/c.md']);
    assert.deepEqual(ignored({ '/boo': '*\n' }, paths), []);
  });

  it('lets the deepest rule decide', () => {
    const paths = ['/book/a.md', '/book/part/a.md', '/book/part/b.md'];
    assert.deepEqual(ignored({ '/book/part': '!a.md\n', '/book': '*.md\n' }, paths), ['/book/a.md', '/book/part/b.md']);
    assert.deepEqual(ignored({ '/book': '!a.md\n', '/book/part': 'a.md\n' }, paths), ['/book/part/a.md']);
  });
});
