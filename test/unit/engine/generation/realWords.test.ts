/** Writing only real words, and ending texts at words and sentences. */
import * as assert from 'node:assert/strict';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { generate } from '../../../../src/engine/generation/generator';
import { KnownWords, wordsIn } from '../../../../src/engine/generation/knownWords';
import { RealWords, wordsOfDocument, writableWords } from '../../../../src/engine/generation/realWords';
import { mayEnd } from '../../../../src/engine/generation/textEnd';
import { drawnModel, learnedModel } from './toyModels';

describe('known words', () => {
  it('are compared without case and with plain apostrophes, and know their beginnings', () => {
    const words = new KnownWords(wordsIn("The clock struck; DON’T stop the café's bell."));
    assert.deepEqual([...words], ['bell', "café's", 'clock', "don't", 'stop', 'struck', 'the']);
    assert.ok(words.has("don't") && !words.has('don'));
    assert.ok(words.hasBeginning('str') && words.hasBeginning('the') && !words.hasBeginning('thet'));
    assert.ok(words.hasBeginning('') && !new KnownWords([]).hasBeginning(''));
  });

  it('leave out what a model cannot write', () => {
    const vocabulary = Vocabulary.build('character', ['Tha coke']);
    assert.deepEqual([...writableWords(['the', 'cake', 'naïve', 'bake'], vocabulary)], ['cake', 'the']);
  });

  it('of a document do not include a word that may be incomplete', () => {
    const sorted = (...from: Parameters<typeof wordsOfDocument>): string[] => [...wordsOfDocument(...from)].sort();
    assert.deepEqual(sorted(undefined, ['the old cl']), ['old', 'the']);
    assert.deepEqual(sorted('the old cl in the hall', ['the old cl']), ['hall', 'in', 'old', 'the']);
    assert.deepEqual(sorted('the old man saw the old', ['the old man saw the old']), ['man', 'old', 'saw', 'the']);
    assert.deepEqual(sorted(undefined, ['the old ']), ['old', 'the']);
  });
});

describe('real words', () => {
  const words = new KnownWords(['clock', 'cat', "don't", 'do', 'old', 'the', 'i']);
  /** The characters that may follow a text. */
  const allowed = (before: string, characters: string): string => {
    const rule = new RealWords([words], before);
    return [...characters].filter((character) => rule.allows(character)).join('');
  };

  it('allow only letters that continue one, and no end inside one', () => {
    assert.equal(allowed('the ', 'abco .'), 'co .');
    assert.equal(allowed('the cl', 'ao. '), 'o');
    assert.equal(allowed('the clock', "so. '\n"), ". '\n");
    assert.equal(allowed('CLO', 'cC'), 'cC');
    assert.equal(allowed('they do', "n. '"), "n. '");
    assert.equal(allowed('they don', "n. '"), "'");
    assert.equal(allowed("they don'", "n. t'"), 't');
    assert.equal(allowed('a “', 'ct“x'), 'ct“');
  });

  it('allow any end of another word that the user has begun', () => {
    const rule = new RealWords([words], 'the Jabber');
    for (const character of 'wock') {
      assert.ok(rule.allows(character));
      rule.add(character);
    }
    rule.add(' ');
    assert.equal(rule.allows('q'), false);
    assert.equal(rule.allows('c'), true);
  });

  it('do not restrict scripts without spaces', () => {
    assert.equal(allowed('夜は', '静x'), '静');
  });

  it('are all that is written, even if the model prefers others', async () => {
    const model = await drawnModel({ seed: 30 });
    const real = ['in', 'the', 'beginning', 'a', 'clock', 'struck', 'nine'];
    for (const temperature of [0, 1, 2]) {
      const streams = [{ temperature, seed: 31, length: 300, onlyRealWords: true, end: 'word' as const }];
      const { texts } = await generate(model, { prompt: 'the cl', streams }, { words: [new KnownWords(real)] });
      const written = [...wordsIn(`the cl${texts[0]}`)];
      assert.ok(written.length > 20);
      assert.deepEqual(
        written.filter((word) => !real.includes(word)),
        [],
      );
      const free = await generate(model, { prompt: 'the cl', streams: [{ ...streams[0], onlyRealWords: false }] });
      assert.ok([...wordsIn(free.texts[0])].some((word) => !real.includes(word)));
    }
  });
});

describe('the end of a text', () => {
  const text = 'the old clock struck. "it is nine," said dr. who, and went on. ';

  it('is the end of a sentence or of a word, soon after the requested length', async () => {
    const model = learnedModel(text.repeat(3));
    const written = async (length: number, end?: 'word' | 'sentence'): Promise<string> => {
      const streams = [{ temperature: 0, seed: 1, length, end }];
      return (await generate(model, { prompt: 'the old cl', streams })).texts[0];
    };
    assert.equal(await written(5), 'ock s');
    assert.equal(await written(5, 'word'), 'ock struck');
    assert.equal(await written(5, 'sentence'), 'ock struck.');
    assert.equal(await written(14, 'sentence'), text.slice(10, -1).split(' dr.')[0] + ' dr.');
  });

  it('becomes likelier the longer a sentence is', async () => {
    const model = learnedModel(`${'the old clock and the old cat and a cup and '.repeat(20)}a cup. `, { sureness: 4 });
    for (const seed of [1, 2, 3]) {
      const streams = [{ temperature: 0.5, seed, length: 10, end: 'sentence' as const }];
      const [written] = (await generate(model, { prompt: 'the old cl', streams })).texts;
      assert.match(written, /\p{L}\.$/u);
    }
  });

  it('is not after an abbreviation, nor before closing quotes', () => {
    assert.equal(mayEnd('and then Mr.', ' ', 'sentence', 0), false);
    assert.equal(mayEnd('J.', ' ', 'sentence', 0), false);
    assert.equal(mayEnd('It was late.', '”', 'sentence', 0), false);
    assert.equal(mayEnd('It was late.”', ' ', 'sentence', 0), true);
    assert.equal(mayEnd('a heading\n', '\n', 'sentence', 0), true);
    assert.equal(mayEnd('  ', ' ', 'word', 0), false);
    assert.equal(mayEnd('it was', ' ', 'word', 0), true);
    assert.equal(mayEnd('it wa', 's', 'word', 0), false);
    // If no sentence ends for a long time, the end of a word is enough.
    assert.equal(mayEnd('it was', ' ', 'sentence', 10), false);
    assert.equal(mayEnd('it was', ' ', 'sentence', 300), true);
  });
});
