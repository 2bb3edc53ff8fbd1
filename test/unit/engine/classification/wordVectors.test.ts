import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { InklingError } from '../../../../src/common/errors';
import { Encoder, encodeTexts } from '../../../../src/engine/classification/encoder';
import { crossFit, Evidence } from '../../../../src/engine/classification/evidence';
import { inputVector, shapeFeatures, tokenKey } from '../../../../src/engine/classification/inputVectors';
import { tokenize } from '../../../../src/engine/classification/tokens';
import { readVectorFile } from '../../../../src/engine/classification/vectorFiles';
import { decodeWordTable, encodeWordTable } from '../../../../src/engine/classification/wordTable';
import { subwordBuckets, WordVectors } from '../../../../src/engine/classification/wordVectors';
import { noToken } from '../../../../src/engine/backends/backend';
import { Random } from '../../../../src/engine/random';

const cosine = (a: Float32Array, b: Float32Array): number => {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

/** 200 made words in 8 dimensions, in four families that share a stem and a direction. */
function familyVectors(): WordVectors {
  const random = new Random(5);
  const words: string[] = [];
  const rows: number[] = [];
  for (const [family, stem] of ['winning', 'lunching', 'sleeping', 'reading'].entries()) {
    for (let i = 0; i < 50; i++) {
      words.push(`${stem}${String.fromCharCode(97 + (i % 26))}${i}`);
      for (let d = 0; d < 8; d++) rows.push((d === family ? 1 : 0) + random.normal() * 0.1);
    }
  }
  return WordVectors.withFittedBuckets(8, words, Float32Array.from(rows), 512);
}

describe('Word vectors', () => {
  it('composes an unknown word so that it resembles words with a similar spelling', () => {
    const vectors = familyVectors();
    const unknown = vectors.vector('winningxyz');
    assert.ok(!vectors.has('winningxyz'));
    assert.ok(cosine(unknown, vectors.vector('winninga0')) > 0.8);
    assert.ok(cosine(unknown, vectors.vector('lunchinga0')) < 0.5);
  });

  it('has a vector for everything, even without listed words', () => {
    const vectors = WordVectors.hashed(6, 64, 1);
    for (const word of ['a', '中', '😀', 'internationalisation', '']) {
      assert.ok(vectors.vector(word).every(Number.isFinite));
      assert.ok(vectors.vector(word).some((x) => x !== 0));
    }
    assert.deepStrictEqual(vectors.vector('same'), WordVectors.hashed(6, 64, 1).vector('same'));
    assert.ok(subwordBuckets('word', 64).every((bucket) => bucket >= 0 && bucket < 64));
  });

  it('survives the compact table to within half a step of its scale', () => {
    const vectors = familyVectors();
    const bytes = encodeWordTable(vectors, { source: 'made', licence: 'none' });
    const table = decodeWordTable(bytes, 'table');
    assert.deepStrictEqual(table.vectors.words, vectors.words);
    assert.deepStrictEqual(table.origin, { source: 'made', licence: 'none' });
    for (const word of ['winninga0', 'unknown']) {
      const [before, after] = [vectors.vector(word), table.vectors.vector(word)];
      const largest = Math.max(...before.map(Math.abs), 1);
      before.forEach((x, d) => assert.ok(Math.abs(x - after[d]) <= largest / 127, `${word} ${d}`));
    }
    assert.throws(
      () => decodeWordTable(bytes.subarray(0, bytes.length - 1), 'table'),
      (error) => error instanceof InklingError && error.code === 'corruptModel',
    );
    assert.throws(() => decodeWordTable(Buffer.from('something else'), 'table'), /not a table of word vectors/);
  });
});

describe('Word-vector files', () => {
  let folder: string;
  before(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'))));
  after(() => fs.rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Buffer): string => {
    fs.writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  const binary = (): Buffer =>
    Buffer.concat([
      Buffer.from('2 3\n'),
      ...(
        [
          ['Hello', [1, 2, 3]],
          ['world', [-0.5, 0.25, 8]],
        ] as const
      ).map(([word, numbers]) =>
        Buffer.concat([Buffer.from(`${word} `), Buffer.from(Float32Array.from(numbers).buffer), Buffer.from('\n')]),
      ),
    ]);

  it('reads GloVe text, .vec and word2vec binary alike', async () => {
    const text = 'Hello 1 2 3\nworld -0.5 0.25 8\n';
    for (const name of [file('glove.txt', text), file('a.vec', `2 3\n${text}`), file('a.bin', binary())]) {
      const vectors = await readVectorFile(name);
      assert.deepStrictEqual(vectors.words, ['hello', 'world'], name);
      assert.deepStrictEqual([...vectors.vector('hello'), ...vectors.vector('world')], [1, 2, 3, -0.5, 0.25, 8], name);
    }
  });

  it('prefers the lower-case word, keeps the requested words, and stops at the limit', async () => {
    const name = file('case.txt', 'US 1 1\nus 2 2\nyou 3 3\nThem 4 4\n');
    assert.deepStrictEqual([...(await readVectorFile(name)).vector('us')], [2, 2]);
    assert.deepStrictEqual((await readVectorFile(name, { wanted: new Set(['you']) })).words, ['you']);
    assert.deepStrictEqual((await readVectorFile(name, { limit: 1 })).words, ['us']);
  });

  it('refuses files of another kind or truncated ones, naming the line or word', async () => {
    const refused = (promise: Promise<unknown>, pattern: RegExp): Promise<void> =>
      assert.rejects(
        promise,
        (error) => error instanceof InklingError && error.code === 'invalidInput' && pattern.test(error.message),
      );
    await refused(readVectorFile(file('bad.txt', 'a 1 2\nb 1 x\n')), /line 2: expected a word and 2 numbers/);
    await refused(readVectorFile(file('cut.bin', binary().subarray(0, 30))), /ends after 1 of its 2 words/);
    await refused(readVectorFile(path.join(folder, 'none')), /There is no file .*none. Check the path/);
    await refused(readVectorFile(file('ok.txt', 'a 1 2\n'), { wanted: new Set(['b']) }), /no word of these texts/);
  });
});

describe('The input of the network for a token', () => {
  const vectors = new WordVectors(
    2,
    ['free', 'do', "n't", '!', 'www', '00000'],
    Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    new Float32Array(8),
  );
  const input = (text: string): number[] => [...inputVector(tokenize(text)[0], vectors)];

  it('is the word vector and the features of writing', () => {
    assert.deepStrictEqual(input('FREE'), [1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert.deepStrictEqual(input('Free').slice(0, 4), [1, 2, 0, 1]);
    assert.deepStrictEqual(input("don't").slice(0, 2), [4, 5]);
    assert.deepStrictEqual(input('!!!!'), [7, 8, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
    assert.deepStrictEqual(input('www.x.com').slice(0, 9), [9, 10, 0, 0, 0, 0, 0, 1, 0]);
    assert.deepStrictEqual(input('12345'), [11, 12, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
    assert.strictEqual(input('unheard')[2 + 9], 1);
    assert.strictEqual(input('£')[2 + 6], 1);
    assert.strictEqual(input('x').length, 2 + shapeFeatures);
  });

  it('is the same for long numbers of the same form', () => {
    const key = (text: string): string => tokenKey(tokenize(text)[0]);
    assert.strictEqual(key('09061701461'), key('12345678901'));
    assert.notStrictEqual(key('2'), key('4'));
  });
});

describe('Evidence of words', () => {
  const texts = ['win cash', 'win now', 'lunch now', 'lunch then'].map(tokenize);
  const labels = [1, 1, 0, 0];
  const of = (evidence: Evidence, word: string): number => evidence.of(tokenize(word)[0])[0];

  it('favours the class whose messages contain the word, and is 0 for unseen and for neutral words', () => {
    const evidence = Evidence.count(texts, labels, 2);
    // "win": two of class 1, none of class 0; shares are a half each with the prior of one message.
    const expected = (Math.log(2.5 / 3) - Math.log(0.5 / 3)) / 3;
    assert.ok(Math.abs(of(evidence, 'WIN') - expected) < 1e-12);
    assert.ok(Math.abs(of(evidence, 'lunch') + expected) < 1e-12);
    assert.strictEqual(of(evidence, 'now'), 0);
    assert.strictEqual(of(evidence, 'never'), 0);
  });

  it('never uses a message for its own evidence', () => {
    const folds = crossFit(texts, labels, 2, [0, 1, 0, 1], 2);
    assert.strictEqual(of(folds[0], 'cash'), 0, '"cash" stands in part 0 only');
    assert.ok(of(folds[1], 'cash') > 0);
  });

  it('counts short and long messages separately', () => {
    const long = tokenize(`text ${'and so on '.repeat(40)}`);
    const evidence = Evidence.count([tokenize('text me cash'), long, tokenize('hello')], [1, 0, 0], 2);
    const [short, far] = evidence.of(tokenize('text')[0]);
    assert.ok(short > 0 && far < 0);
  });

  it('learns from a correction and forgets it', () => {
    const evidence = Evidence.count(texts, labels, 2);
    const corrected = evidence.with([tokenize('lunch cash')], [1], 5);
    assert.ok(of(corrected, 'lunch') > of(evidence, 'lunch'));
    assert.ok(of(evidence, 'lunch') < 0);
  });

  it('has one input per class and length for more than two classes', () => {
    const three = Evidence.count(texts, [0, 1, 2, 2], 3);
    assert.strictEqual(three.size, 6);
    const [cash] = tokenize('cash');
    assert.ok(three.of(cash)[0] > 0 && three.of(cash)[2] < 0);
  });
});

describe('Encoding texts', () => {
  const vectors = WordVectors.hashed(4, 32, 2);

  it('gives each distinct token a row', () => {
    const encoder = new Encoder(vectors);
    const encoded = encodeTexts(['a b a', 'b c'].map(tokenize), [encoder]);
    assert.deepStrictEqual(
      encoded.sequences.map((ids) => [...ids]),
      [
        [0, 1, 0],
        [1, 2],
      ],
    );
    assert.deepStrictEqual(encoded.table.slice(0, encoder.size), encoder.input(tokenize('a')[0]));
  });

  it('leaves out the rarest tokens if the table is full', () => {
    const encoded = encodeTexts(['a b b c c'].map(tokenize), [new Encoder(vectors)], undefined, 2);
    assert.deepStrictEqual([...encoded.sequences[0]], [noToken, 0, 0, 1, 1]);
    assert.deepStrictEqual(encoded.keys, ['b', 'c']);
  });
});
