/** A text that is written from nothing begins like a text. */
import * as assert from 'node:assert/strict';
import { openingOf } from '../../../../src/common/opening';
import type { TextConfig } from '../../../../src/common/trainingConfig';
import { createStepper } from '../../../../src/engine/backends';
import { modelFileOf } from '../../../../src/engine/bases/shippedBases';
import { generate } from '../../../../src/engine/generation/generator';
import { openModel } from '../../../../src/engine/generation/languageModel';
import { readLanguageModel } from '../../../../src/engine/model/modelFile';

describe('A text written from nothing', () => {
  it('begins as a sentence does, with or without the opening as its prompt', async () => {
    const model = openModel(await readLanguageModel(modelFileOf('base:en')), createStepper);
    const streams = Array.from({ length: 40 }, (_, seed) => ({ temperature: 0.7, length: 12, seed }));
    const { texts, unknown } = await generate(model, { prompt: '', streams });
    assert.deepEqual(unknown, []);
    const beginnings = texts.filter((text) => /^\P{L}{0,3}\p{Lu}/u.test(text));
    assert.ok(beginnings.length >= 38, texts.join('\n'));
    const opened = await generate(model, { prompt: openingOf(model.config.text), streams });
    assert.deepEqual(opened.texts, texts);
  });

  it('needs no opening where a text is one line or is made of words', () => {
    const kinds: [TextConfig['unit'], TextConfig['examples']][] = [
      ['character', 'lines'],
      ['word', 'text'],
      ['word', 'line-prefixes'],
    ];
    for (const [unit, examples] of kinds) assert.equal(openingOf({ unit, examples }), '');
  });
});
