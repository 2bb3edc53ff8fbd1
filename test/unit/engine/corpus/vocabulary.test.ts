import * as assert from 'node:assert/strict';
import { InklingError } from '../../../../src/common/errors';
import { noToken } from '../../../../src/engine/backends/backend';
import { Vocabulary, type VocabularyJson } from '../../../../src/engine/corpus/vocabulary';

describe('Vocabulary of characters', () => {
  it('numbers distinct code points in order', () => {
    const vocabulary = Vocabulary.build('character', ['banana\n', 'é𝄞\uf8ffb']);
    assert.deepEqual(vocabulary.toJSON(), { unit: 'character', tokens: ['\n', 'a', 'b', 'n', 'é', '\uf8ff', '𝄞'] });
    assert.deepEqual([...vocabulary.encode('nab𝄞\n')], [3, 1, 2, 6, 0]);
    assert.equal(vocabulary.size, 7);
  });

  it('restores emoji, combining marks and a lone surrogate unchanged', () => {
    const text = '👩‍👩‍👧 e\u0301 \ud83d שלום \uffff \u0000 하늘';
    const vocabulary = Vocabulary.build('character', [text]);
    assert.equal(vocabulary.encode(text).length, [...text].length);
    assert.equal(vocabulary.decode(vocabulary.encode(text)), text);
    const stored = Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)) as VocabularyJson);
    assert.equal(stored.decode(stored.encode(text)), text);
    assert.deepEqual(stored.toJSON(), vocabulary.toJSON());
  });

  it('encodes an unseen character as no token', () => {
    const vocabulary = Vocabulary.build('character', ['abc']);
    assert.deepEqual([...vocabulary.encode('aXb🖋c')], [0, noToken, 1, noToken, 2]);
    assert.equal(vocabulary.decode([0, noToken, 2]), 'a\ufffdc');
    const bytes = new Uint8Array(3);
    assert.equal(vocabulary.encodeInto('aX', bytes, 1), 3);
    assert.deepEqual([...bytes], [0, 0, 255]);
  });

  it('reads unknown kinds of space as a space, but learns them if they are in the training text', () => {
    const vocabulary = Vocabulary.build('character', ['a b\u00a0']);
    const space = vocabulary.idOf(' ');
    assert.deepEqual([...vocabulary.encode('a\tb\u202fa\u3000b')], [...vocabulary.encode('a b a b')]);
    assert.notEqual(vocabulary.encode('\u00a0')[0], space);
    assert.deepEqual(vocabulary.unknownIn('a\u202f!\t'), [['!', 1]]);
    assert.equal(vocabulary.extend('a\u202fb').encode('\u202f')[0], vocabulary.size);
    const spaceless = Vocabulary.build('character', ['ab']);
    assert.deepEqual([...spaceless.encode('\u00a0')], [noToken]);
  });

  it('keeps the most frequent of very many characters', () => {
    const many = Array.from({ length: 5000 }, (_, i) => String.fromCodePoint(0x20000 + i)).join('');
    const frequent = many.slice(-2 * 1000);
    const vocabulary = Vocabulary.build('character', [many, frequent]);
    assert.equal(vocabulary.size, 4096);
    assert.ok(!vocabulary.encode(frequent).includes(noToken));
    assert.equal(vocabulary.encode(many).filter((id) => id === noToken).length, 5000 - 4096);
  });

  it('is extended after its old ids', () => {
    const vocabulary = Vocabulary.build('character', ['mnz']);
    const wider = vocabulary.extend('zebra man');
    assert.deepEqual(wider.toJSON().tokens, ['m', 'n', 'z', ' ', 'a', 'b', 'e', 'r']);
    assert.equal(vocabulary.extend('zmn'), vocabulary);
    assert.equal(vocabulary.size, 3);
  });
});

describe('Vocabulary of words', () => {
  // The result of Keras' Tokenizer(oov_token='<OOV>') for these lines in lower case.
  const lines = ["now the king's men,\n", 'the (other) men: now/then\tthe-end the\n'];
  const vocabulary = Vocabulary.build('word', lines);

  it('numbers words by descending frequency, ties by first occurrence', () => {
    const words = ['', '<OOV>', 'the', 'now', 'men', "king's", 'other', 'then', 'end'];
    assert.deepEqual(vocabulary.toJSON(), { unit: 'word', tokens: words });
    assert.equal(vocabulary.size, 7 + 2);
  });

  it('maps words to ids and back, unknown ones marked', () => {
    const ids = vocabulary.encode("the men's, king's MEN");
    assert.deepEqual([...ids], [2, 1, 5, 1]);
    assert.equal(vocabulary.decode([0, 0, ...ids]), "the <OOV> king's <OOV>");
    assert.equal(vocabulary.tokenText(4), 'men');
    assert.equal(vocabulary.extend('more words'), vocabulary);
  });

  it('splits where Keras does and nowhere else', () => {
    const filtered = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n';
    assert.equal(vocabulary.encode([...filtered].join('x')).length, filtered.length - 1);
    assert.equal(vocabulary.encode(`  ${filtered}  `).length, 0);
    assert.equal(vocabulary.encode("it's\u00a0one—word’s").length, 1);
  });
});

describe('Vocabulary.fromJSON', () => {
  it('refuses damaged vocabularies', () => {
    const damaged: unknown[] = [
      { unit: 'syllable', tokens: ['a'] },
      { unit: 'character', tokens: [] },
      { unit: 'character', tokens: ['a', 'a'] },
      { unit: 'character', tokens: ['ab'] },
      { unit: 'character', tokens: ['a', 3] },
      { unit: 'word', tokens: ['the', 'king'] },
      { unit: 'character' },
    ];
    for (const json of damaged) {
      assert.throws(
        () => Vocabulary.fromJSON(json as VocabularyJson),
        (error) => error instanceof InklingError && error.code === 'corruptModel',
        JSON.stringify(json),
      );
    }
  });
});
