/** What a writer repeats: compared with the language, with the rest of the text, and as phrases. */
import * as assert from 'node:assert/strict';
import { readWordList } from '../../../../src/engine/bases/wordList';
import { findOverused, frequenciesOf, type Frequencies } from '../../../../src/engine/generation/overused';

describe('overused words', () => {
  let english: Frequencies;
  before(async () => (english = frequenciesOf(await readWordList('en'))));

  /** Plain prose of many different words, none of them repeated often. */
  const plain = (sentences: number): string => {
    const words = [...english.keys()].filter((word) => /^[a-z]{5,9}$/.test(word));
    const step = Math.floor(words.length / (16 * sentences));
    return Array.from({ length: sentences }, (_, i) => {
      const some = Array.from({ length: 16 }, (_, j) => words[(16 * i + j) * step]);
      return `The ${some.join(' ')}.`;
    }).join(' ');
  };
  const found = async (text: string, kind: string, list: Frequencies | null = english): Promise<string[]> =>
    (await findOverused(text, list ?? undefined))
      .filter((finding) => finding.kind === kind)
      .map((finding) => finding.text);

  it('are those used more often than the language uses them, with all their places', async () => {
    const text = plain(150).replaceAll(/\. The/g, (end, at: number) => (at % 7 === 0 ? '. Suddenly the' : end));
    const [first] = (await findOverused(text, english)).filter(({ kind }) => kind === 'language');
    assert.equal(first.text, 'suddenly');
    assert.equal(first.places.length, text.split('Suddenly').length - 1);
    for (const { start, end } of first.places) assert.equal(text.slice(start, end), 'Suddenly');
    assert.ok(first.expected! < first.places.length / 2);
    assert.ok(!(await found(text, 'language')).includes('the'));
    assert.deepEqual(await found(text, 'language', null), []);
  });

  it('do not include names', async () => {
    const text = plain(100).replaceAll('. The', '. There Victoria and the');
    assert.ok(!(await found(text, 'language')).includes('victoria'));
  });

  it('are those repeated close together, unless all of the text uses them as often', async () => {
    const quiet = plain(200);
    const middle = quiet.indexOf('. ', quiet.length / 2) + 2;
    const cluster = 'A lantern stood here. The lantern was lit. No other lantern shone. ';
    const text = quiet.slice(0, middle) + cluster + quiet.slice(middle);
    const lantern = (await findOverused(text, english)).find(
      ({ kind, text: word }) => kind === 'close' && word === 'lantern',
    );
    assert.deepEqual(
      lantern?.places.map(({ start }) => start >= middle && start < middle + cluster.length),
      [true, true, true],
    );
    assert.equal(lantern?.within?.most, 3);
    const everywhere = quiet.replaceAll('. The', '. The lantern and the');
    assert.ok(!(await found(everywhere, 'close')).includes('lantern'));
  });

  it('are phrases that occur again and again, the longest form of each', async () => {
    const text = plain(60).replaceAll(/\. The/g, (end, at: number) =>
      at % 5 === 0 ? '. With a heavy heart and a sigh, the' : end,
    );
    const times = text.split('With a heavy heart').length - 1;
    assert.ok(times >= 3);
    const all = (await findOverused(text, english)).filter(({ kind }) => kind === 'phrase');
    assert.equal(all[0].text, 'with a heavy heart and a sigh the');
    assert.equal(all[0].places.length, times);
    assert.ok(!all.some(({ text: phrase }) => phrase === 'heavy heart and a'));
  });

  it('are phrases of any length up to a limit', async () => {
    for (const length of [3, 9, 20, 40]) {
      const letters = Array.from({ length }, (_, i) => 'x'.repeat(i + 1));
      const phrases = await found(`${letters.join(' ')}. `.repeat(3), 'phrase');
      assert.equal(phrases[0].split(' ').length, Math.min(length, 24));
    }
  });

  it('do not include phrases across the ends of sentences, nor of small words alone', async () => {
    const text = 'He went to the old mill. There he is. '.repeat(5);
    const phrases = await found(text, 'phrase');
    assert.ok(phrases.includes('he went to the old mill'), phrases.join());
    assert.ok(!phrases.some((phrase) => phrase.includes('mill there')));
    assert.deepEqual(await found('It was in the. So it was in the. And it was in the. ', 'phrase'), []);
  });

  it('need neither a list nor words', async () => {
    assert.deepEqual(await findOverused('', english), []);
    assert.deepEqual(await findOverused('夜は静か。', undefined), []);
    assert.ok((await found('und so weiter bis zum Ende, '.repeat(4), 'phrase', null)).length > 0);
  });
});
