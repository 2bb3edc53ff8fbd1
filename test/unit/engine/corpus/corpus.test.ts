import * as assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { InklingError } from '../../../../src/common/errors';
import type { TextConfig } from '../../../../src/common/trainingConfig';
import { buildCorpus, type Corpus, unknownIn } from '../../../../src/engine/corpus/corpus';
import { normalisedPieces, normaliseText } from '../../../../src/engine/corpus/normaliseText';
import { heldOutSpans, randomWindow, splitExampleTable, trainSpans } from '../../../../src/engine/corpus/spans';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { Random } from '../../../../src/engine/random';
import { distinctText, textSettings } from './settings';

const build = (config: Partial<TextConfig>, ...texts: string[]): Corpus =>
  buildCorpus(
    texts.map((text, i) => ({ name: `${'abc'[i]}.txt`, text })),
    textSettings(config),
  );

function refused(action: () => unknown, message: RegExp, code = 'invalidInput'): void {
  assert.throws(
    action,
    (error) => error instanceof InklingError && error.code === code && message.test(error.message),
    String(message),
  );
}

/** Examples as text. */
function examplesOf(corpus: Corpus): string[] {
  const { starts, ends } = corpus.examples!;
  return [...starts].map((start, i) => corpus.vocabulary.decode(corpus.ids.subarray(start, ends[i])));
}

describe('normaliseText', () => {
  it('does what the settings specify, and always normalises line breaks', () => {
    const text = 'Caf\u0065\u0301 ΟΔΟΣ\r\nİ\r';
    assert.equal(normaliseText(text, textSettings()), 'Cafe\u0301 ΟΔΟΣ\nİ\n');
    assert.equal(normaliseText(text, textSettings({ normalization: 'nfc' })), 'Café ΟΔΟΣ\nİ\n');
    assert.equal(normaliseText(text, textSettings({ lowercase: true })), 'cafe\u0301 οδος\ni\u0307\n');
  });

  it('is the same in pieces, wherever a long text is cut', () => {
    const random = new Random(20);
    const parts = [
      'a',
      'Σ',
      'ΑΣ',
      '\u0301',
      '\u0323',
      '\r\n',
      '\r',
      '가',
      '\u1100\u1161\u11a8',
      '7',
      '中',
      '👩‍👩‍👧',
      '\u212b',
    ];
    const samples = [
      'ΟΔΟΣ e\u0301 ',
      ...Array.from({ length: 6 }, () =>
        Array.from({ length: 23 }, () => parts[random.integer(parts.length)]).join(''),
      ),
    ];
    for (const sample of samples) {
      const long = sample.repeat(Math.ceil(700_000 / sample.length));
      for (const normalization of ['none', 'nfc'] as const) {
        const config = textSettings({ lowercase: true, normalization });
        const pieces = [...normalisedPieces(long, config)];
        assert.ok(pieces.join('') === normaliseText(long, config), `cut wrongly: ${JSON.stringify(sample)}`);
        if (/[\n 7中]/.test(sample)) assert.ok(pieces.length > 1);
      }
    }
  });

  it('never cuts between CR and LF', () => {
    for (const text of ['\r\n'.repeat(300_000), 'a' + '\r\n'.repeat(300_000)]) {
      const pieces = [...normalisedPieces(text, textSettings())];
      assert.ok(pieces.length > 1 && pieces.join('') === text.replaceAll('\r', ''));
    }
  });

  it('cuts words and lines only at their ends', () => {
    const word = 'x7'.repeat(50);
    const text = `${word} ${word},\n`.repeat(3000);
    const words = [...normalisedPieces(text, textSettings({ unit: 'word' }))];
    assert.ok(words.length > 1 && words.every((piece) => /[ \n]$/.test(piece)));
    const lines = [...normalisedPieces(text, textSettings({ unit: 'word', examples: 'line-prefixes' }))];
    assert.ok(lines.length > 1 && lines.every((piece) => piece.endsWith('\n')));
    assert.deepEqual([...normalisedPieces('y'.repeat(600_000), textSettings())], ['y'.repeat(600_000)]);
  });
});

describe('buildCorpus', () => {
  it('uses one byte per token, two beyond 255 tokens', () => {
    const small = build({}, 'hello');
    assert.deepEqual(small.ids, Uint8Array.of(1, 0, 2, 2, 3));
    assert.equal(build({}, distinctText(255)).ids.BYTES_PER_ELEMENT, 1);
    assert.equal(build({}, distinctText(256)).ids.BYTES_PER_ELEMENT, 2);
    assert.equal(small.unknownTokens, 0);
  });

  it('marks characters that are missing from a given vocabulary', () => {
    const vocabulary = Vocabulary.build('character', ['abc']);
    const corpus = buildCorpus([{ name: 'a.txt', text: 'abXcX' }], textSettings(), vocabulary);
    assert.equal(corpus.vocabulary, vocabulary);
    assert.deepEqual(corpus.ids, Uint8Array.of(0, 1, 255, 2, 255));
    assert.equal(unknownIn(corpus.ids), 255);
    assert.equal(corpus.unknownTokens, 2);
    assert.equal(corpus.vocabulary.decode(corpus.ids), 'ab\ufffdc\ufffd');
    refused(
      () => buildCorpus([{ name: 'a.txt', text: 'a b' }], textSettings({ unit: 'word' }), vocabulary),
      /text\.unit=character/,
      'incompatibleModel',
    );
  });

  it('keeps the boundaries of files and leaves empty ones out', () => {
    const corpus = build({}, 'one', '', 'three');
    assert.deepEqual(corpus.files, [
      { name: 'a.txt', start: 0, end: 3 },
      { name: 'c.txt', start: 3, end: 8 },
    ]);
  });

  it('hashes the normalised text', () => {
    const hash = createHash('sha256').update('ab\0').digest('hex');
    assert.equal(build({}, 'ab').hash, hash);
    assert.equal(build({ lowercase: true }, 'AB').hash, hash);
    assert.notEqual(build({}, 'a', 'b').hash, hash);
    assert.equal(build({}, 'a\r\nb').hash, build({}, 'a\nb').hash);
  });

  it('counts words across pieces as in a single text', () => {
    const text = 'To be, or not to be:\nthat is the question. '.repeat(12_000);
    const corpus = build({ unit: 'word', lowercase: true }, text);
    assert.equal(corpus.ids.length, 10 * 12_000);
    assert.equal(corpus.vocabulary.size, 8 + 2);
    assert.equal(corpus.vocabulary.decode(corpus.ids.slice(-4)), 'that is the question');
  });

  it('finds lines with their newline, omitting blank ones', () => {
    const corpus = build({ examples: 'lines' }, 'Ann\n\n  \n Bo\r\nCy', 'Di\n');
    assert.deepEqual(examplesOf(corpus), ['Ann\n', ' Bo\n', 'Cy\n', 'Di\n']);
    assert.deepEqual(examplesOf(build({ examples: 'lines', maximumExamples: 2 }, 'a\nb\nc\n')), ['a\n', 'b\n']);
    assert.equal(build({ examples: 'lines' }, 'one\ntwo').vocabulary.idOf('\n'), 0);
  });

  it('finds every prefix of two or more words', () => {
    const config = { unit: 'word', lowercase: true, examples: 'line-prefixes' } as const;
    const text = 'A rose is a rose.\nRose!\n\nIs it?';
    const expected = ['a rose', 'a rose is', 'a rose is a', 'a rose is a rose', 'is it'];
    assert.deepEqual(examplesOf(build(config, text)), expected);
    const three = build({ ...config, maximumExamples: 3 }, text);
    assert.deepEqual(examplesOf(three), expected.slice(0, 3));
    // The vocabulary is that of the whole text nevertheless.
    assert.equal(three.vocabulary.size, 4 + 2);
  });

  it('explains what is wrong with texts that cannot be learned', () => {
    refused(() => build({}, ''), /a\.txt is empty/);
    refused(() => build({}, ' \n\t \u3000'), /a\.txt is empty/);
    refused(() => build({}, '', ''), /The texts are empty/);
    refused(() => build({}, 'x'), /One character is not enough/);
    refused(() => build({ unit: 'word' }, '... --- ...'), /a\.txt is empty/);
    refused(() => build({ examples: 'lines' }, 'only one line'), /Fewer than two examples/);
    const plain = Vocabulary.build('character', ['abc']);
    refused(
      () => buildCorpus([{ name: 'a', text: 'a\nb' }], textSettings({ examples: 'lines' }), plain),
      /knows no newline/,
      'incompatibleModel',
    );
  });
});

describe('The held-out part', () => {
  it('is the tail of every file', () => {
    const corpus = build({ heldOut: { kind: 'tail', fraction: 0.1 } }, 'x'.repeat(100), 'y'.repeat(9), 'z'.repeat(55));
    assert.deepEqual(trainSpans(corpus), [
      { start: 0, end: 90 },
      { start: 100, end: 109 },
      { start: 109, end: 159 },
    ]);
    assert.deepEqual(heldOutSpans(corpus), [
      { start: 90, end: 100, fileStart: 0 },
      { start: 159, end: 164, fileStart: 109 },
    ]);
  });

  it('is the last lines of every file, or a random share of all lines', () => {
    const numbers = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join('');
    const startsOf = (corpus: Corpus, part: 'train' | 'heldOut', seed: number): number[] => {
      const { starts, ends } = splitExampleTable(corpus, seed)[part];
      return [...starts].map((start, i) => Number(corpus.vocabulary.decode(corpus.ids.subarray(start, ends[i]))));
    };
    const tail = build(
      { examples: 'lines', heldOut: { kind: 'tail', fraction: 0.2 } },
      numbers(0, 10),
      numbers(10, 25),
    );
    assert.deepEqual(startsOf(tail, 'heldOut', 1), [8, 9, 22, 23, 24]);
    assert.equal(startsOf(tail, 'train', 1).length, 20);

    const random = build({ examples: 'lines', heldOut: { kind: 'random', fraction: 0.2 } }, numbers(0, 100));
    const heldOut = startsOf(random, 'heldOut', 42);
    const train = startsOf(random, 'train', 42);
    assert.equal(heldOut.length, 20);
    assert.deepEqual(
      [...heldOut, ...train].sort((a, b) => a - b),
      [...Array(100).keys()],
    );
    assert.deepEqual(startsOf(random, 'heldOut', 42), heldOut);
    assert.notDeepEqual(startsOf(random, 'heldOut', 43), heldOut);
    assert.ok(heldOut[0] < 50 && heldOut[19] > 50, 'spread over the text');
  });
});

describe('randomWindow', () => {
  it('selects stretches from anywhere in the training part of one file', () => {
    const corpus = build({ heldOut: { kind: 'tail', fraction: 0.5 } }, distinctText(20), distinctText(40, 20));
    const random = new Random(4);
    const seen = new Set(Array.from({ length: 400 }, () => randomWindow(corpus, 5, random)));
    // 10 - 5 + 1 places in the first file, 20 - 5 + 1 in the second.
    assert.equal(seen.size, 6 + 16);
    for (const window of seen) {
      assert.equal(window.length, 5);
      assert.ok((distinctText(20).slice(0, 10) + '|' + distinctText(40, 20).slice(0, 20)).includes(window));
    }
    assert.equal(randomWindow(corpus, 50, random).length <= 20, true);
  });
});
