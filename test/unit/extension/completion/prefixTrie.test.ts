import * as assert from 'node:assert/strict';
import { PrefixTrie } from '../../../../src/extension/completion/prefixTrie';
import { Random } from '../../../../src/engine/random';

describe('PrefixTrie', () => {
  it('finds the entries with which a text begins, longest first', () => {
    const trie = new PrefixTrie<number>(10);
    for (const [value, key] of ['', 'a', 'ab', 'abc', 'abd', 'b'].entries()) trie.set(key, value);
    assert.deepEqual(
      trie.prefixesOf('abcde').map(({ key }) => key),
      ['abc', 'ab', 'a', ''],
    );
    assert.deepEqual(trie.prefixesOf('abcde')[0], { key: 'abc', value: 3 });
    assert.deepEqual(
      trie.prefixesOf('x').map(({ key }) => key),
      [''],
    );
  });

  it('replaces a value', () => {
    const trie = new PrefixTrie<number>(10);
    trie.set('ab', 1);
    trie.set('ab', 2);
    assert.equal(trie.size, 1);
    assert.equal(trie.prefixesOf('ab')[0].value, 2);
  });

  it('drops the least recently used entry', () => {
    const trie = new PrefixTrie<number>(3);
    trie.set('a', 1);
    trie.set('ab', 2);
    trie.set('abc', 3);
    trie.prefixesOf('a');
    trie.set('abcd', 4);
    assert.deepEqual(
      trie.prefixesOf('abcdef').map(({ key }) => key),
      ['abcd', 'abc', 'a'],
    );
  });

  it('agrees with a plain map over random texts (seed 5)', () => {
    const random = new Random(5);
    const word = (): string =>
      Array.from({ length: Math.floor(random.uniform() * 6) }, () => 'abc'[Math.floor(random.uniform() * 3)]).join('');
    const trie = new PrefixTrie<number>(20);
    let plain: [string, number][] = [];
    for (let i = 0; i < 3000; i++) {
      const key = word();
      if (random.uniform() < 0.6) {
        trie.set(key, i);
        plain = [...plain.filter(([other]) => other !== key), [key, i]];
        plain = plain.slice(-20);
      } else {
        const expected = plain.filter(([other]) => key.startsWith(other)).sort((a, b) => b[0].length - a[0].length);
        assert.deepEqual(
          trie.prefixesOf(key).map((entry) => [entry.key, entry.value]),
          expected,
        );
        const used = expected[0];
        if (used) plain = [...plain.filter((entry) => entry !== used), used];
      }
    }
    assert.equal(trie.size, plain.length);
  });
});
