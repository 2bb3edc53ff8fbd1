import * as assert from 'node:assert/strict';
import { readWordList } from '../../../../src/engine/bases/wordList';

describe('word list', () => {
  it('of English has its words, with how often they are used', async () => {
    const words = await readWordList('en');
    const classes = new Map(words.map(({ word, frequencyClass }) => [word, frequencyClass]));
    assert.ok(words.length > 30_000 && words.length <= 50_000, `${words.length} words`);
    assert.equal(classes.size, words.length, 'each once');
    assert.ok(words.every(({ word }) => /^\p{L}/u.test(word)));
    assert.ok(classes.get('the')! <= 5 && classes.get('clock')! > classes.get('the')!);
    for (const word of ["don't", 'lighthouse', 'London', 'went']) assert.ok(classes.has(word), word);
    assert.ok(!classes.has('xtald'));
  });

  it('is empty for a language without one', async () => assert.deepEqual(await readWordList('tlh'), []));
});
