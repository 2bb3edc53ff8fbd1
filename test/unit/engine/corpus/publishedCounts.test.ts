/** The published counts of the recipes, on their own texts; each test skips if its text is not available. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import type { TextConfig, TrainingConfig } from '../../../../src/common/trainingConfig';
import { trainingBatches } from '../../../../src/engine/corpus/batchSource';
import { planBatches } from '../../../../src/engine/corpus/planBatches';
import { buildCorpus, type Corpus } from '../../../../src/engine/corpus/corpus';
import { decodeText } from '../../../../src/engine/corpus/decodeText';
import { sharedFile } from '../../../support/shared';
import { rowsOf, settings } from './settings';

function load(test: Mocha.Context, name: string, config: Partial<TextConfig>): Corpus {
  const { text } = decodeText(fs.readFileSync(sharedFile(test, `data/${name}`)), name);
  return buildCorpus([{ name, text }], settings(config, {}).text);
}

const windows = (steps: number, stride: number, batch: number): TrainingConfig =>
  settings({}, { kind: 'last-step', steps, stride, carryState: false }, { batch });

describe('The texts of the recipes', () => {
  const lowercase = true;

  it('1 nietzsche: 57 characters, 200,278 windows, 1,565 steps per epoch', function () {
    const corpus = load(this, 'nietzsche.txt', { lowercase });
    const config = windows(60, 3, 128);
    assert.equal(corpus.ids.length, 600_893);
    assert.equal(corpus.vocabulary.size, 57);
    assert.equal(planBatches(corpus, config).trainTargets, 200_278);
    assert.equal(planBatches(corpus, config).stepsPerEpoch, 1_565);
    // The every-step twin.
    const twin = settings({}, { steps: 64 }, { batch: 64 });
    assert.equal(planBatches(corpus, twin).trainTargets, 600_893);
    assert.equal(planBatches(corpus, twin).stepsPerEpoch, Math.ceil(600_893 / 64 / 64));
  });

  it('2 leopardi: 123,752 characters, 71 distinct', function () {
    const corpus = load(this, 'leopardi_canti_1835.txt', {});
    assert.equal(corpus.ids.length, 123_752);
    assert.equal(corpus.vocabulary.size, 71);
    assert.equal(corpus.vocabulary.decode(corpus.ids).length, 123_752);
  });

  it('3 dinosaur-names: 1,536 names over 27 symbols, the newline first', function () {
    const corpus = load(this, 'dinos.txt', { lowercase, examples: 'lines' });
    const config = settings({ examples: 'lines' }, { steps: 50, shuffle: false }, { batch: 1 });
    const source = trainingBatches(planBatches(corpus, config), 1);
    assert.equal(source.stepsPerEpoch, 1_536);
    assert.equal(corpus.vocabulary.size, 27);
    assert.equal(corpus.vocabulary.tokenText(0), '\n');
    assert.deepEqual(rowsOf(source.next().batch, corpus), [{ inputs: '·aachenosaurus', targets: 'aachenosaurus\n' }]);
    assert.deepEqual(planBatches(corpus, config).limits, { batch: 1, steps: 27 });
  });

  it('4 sonnets: 38 characters, 31,412 windows', function () {
    const corpus = load(this, 'sonnets.txt', { lowercase });
    assert.equal(corpus.vocabulary.size, 38);
    assert.equal(planBatches(corpus, windows(40, 3, 128)).trainTargets, 31_412);
  });

  it('5 shakespeare-words: 12,632 words and two ids, the first 20,000 prefixes, a fifth held out', function () {
    const text: Partial<TextConfig> = {
      unit: 'word',
      lowercase,
      examples: 'line-prefixes',
      maximumExamples: 20_000,
      heldOut: { kind: 'random', fraction: 0.2 },
    };
    const corpus = load(this, 'tinyshakespeare.txt', text);
    const config = settings(text, { kind: 'last-step', steps: 50, carryState: false }, { batch: 64, seed: 42 });
    assert.equal(corpus.vocabulary.size, 12_634);
    assert.equal(planBatches(corpus, config).trainTargets, 16_000);
    assert.equal(planBatches(corpus, config).heldOutTargets, 4_000);
    assert.equal(planBatches(corpus, config).stepsPerEpoch, 250);
    const { vocabulary } = corpus;
    assert.equal(vocabulary.decode(vocabulary.encode('to be or not to be')), 'to be or not to be');
    assert.equal(vocabulary.decode(vocabulary.encode('to be on the internet')), 'to be on the <OOV>');
  });

  it('6 alice: 144,519 characters, 45 distinct, 144,419 windows', function () {
    const corpus = load(this, 'wonderland.txt', { lowercase });
    assert.equal(corpus.ids.length, 144_519);
    assert.equal(corpus.vocabulary.size, 45);
    assert.equal(planBatches(corpus, windows(100, 1, 128)).trainTargets, 144_419);
  });
});
