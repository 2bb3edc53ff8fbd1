/** Text that must contain words: that it does, where they are placed, and what is refused. */
import * as assert from 'node:assert/strict';
import type { SampleDelta, SamplingOptions } from '../../../../src/common/engineProtocol';
import { generate } from '../../../../src/engine/generation/generator';
import { generateContaining } from '../../../../src/engine/generation/mustContain';
import { drawnModel, lastStep, learnedModel } from './toyModels';

const story = 'it was a dark night and the wind blew over the hill. then came rain. it was a cold night and so on. ';

const options = (mustContain: string[], changes: Partial<SamplingOptions> = {}): SamplingOptions => ({
  temperature: 0,
  seed: 1,
  length: 60,
  mustContain,
  ...changes,
});

describe('writing that must contain words', () => {
  it('does not change a text that already contains them', async () => {
    const model = learnedModel(`${story}WIND.`);
    const free = await generate(model, { prompt: 'it was a ', streams: [options([])] });
    const { texts } = await generateContaining(model, { prompt: 'it was a ', streams: [options(['WIND', 'dark'])] });
    assert.deepEqual(texts, free.texts);
  });

  it('puts a word where the model finds it most likely, and continues from there', async () => {
    const model = learnedModel(story);
    const { texts } = await generateContaining(model, { prompt: 'then ', streams: [options(['cold'])] });
    assert.match(texts[0], /^came rain\. it was a cold night and /);
    assert.equal(texts[0].length, 60);
  });

  it('contains every word as a separate word, at any temperature, at the requested length', async () => {
    const words = ['ab', 'zebra', 'no way'];
    for (const changes of [{}, { objective: lastStep(8) }, { text: { examples: 'lines' as const } }]) {
      const model = await drawnModel({ seed: 5, ...changes });
      const streams = [0, 0.7, 1.5].map((temperature, seed) => options(words, { temperature, seed, length: 80 }));
      const { texts, tokens } = await generateContaining(model, { prompt: 'once ', streams });
      assert.equal(tokens, 240);
      for (const text of texts) {
        assert.equal(text.length, 80);
        for (const word of words) assert.match(text, new RegExp(`(?<![a-z])${word}(?![a-z])`), text);
      }
      const again = await generateContaining(model, { prompt: 'once ', streams });
      assert.deepEqual(again.texts, texts, 'the same for the same seeds');
    }
  });

  it('writes whole words of a model of words', async () => {
    const model = learnedModel(story, { unit: 'word' });
    const request = { prompt: 'then', streams: [options(['hill'], { length: 4 }), options([], { length: 2 })] };
    const { texts } = await generateContaining(model, request);
    assert.match(texts[0], /^( \S+)*? hill\b/);
    assert.equal(texts[0].trim().split(' ').length, 4);
    assert.equal(texts[1].trim().split(' ').length, 2);
  });

  it('knows that some scripts put no spaces between words', async () => {
    const model = learnedModel('月亮升起来了，山里的老人看着月光下的河水。风吹过竹林，老人想起了故乡的春天。');
    const ask = async (word: string): Promise<string> =>
      (await generateContaining(model, { prompt: '月亮升起', streams: [options([word], { length: 20 })] })).texts[0];
    const free = await generate(model, { prompt: '月亮升起', streams: [options([], { length: 20 })] });
    assert.equal(await ask('老人'), free.texts[0], 'it stands between other characters already');
    const bound = await ask('竹林');
    assert.match(bound, /竹林/);
    assert.equal([...bound].length, 20);
  });

  it('places a word even if the draft has no gap between two', async () => {
    const model = learnedModel('abcdefghijklmnopqrstuvwxyz'.repeat(3));
    const { texts } = await generateContaining(model, { prompt: 'a', streams: [options(['cat'], { length: 20 })] });
    assert.equal(texts[0].length, 20);
    assert.equal(texts[0].split('cat').length, 2, texts[0]);
  });

  it('streams pieces that add up to the text, with a probability for every token', async () => {
    const model = await drawnModel({ seed: 6 });
    const deltas: SampleDelta[] = [];
    const { texts } = await generateContaining(
      model,
      { prompt: ['a', 'b'], streams: [options(['zebra']), options(['ox', 'owl'])], details: true },
      { onDelta: (delta) => deltas.push(delta) },
    );
    for (const [stream, text] of texts.entries()) {
      const own = deltas.filter((delta) => delta.stream === stream);
      assert.equal(own.map((delta) => delta.text).join(''), text);
      assert.equal(own.flatMap((delta) => delta.tokens ?? []).join(''), text);
      const probabilities = own.flatMap((delta) => delta.probabilities ?? []);
      assert.equal(probabilities.length, text.length);
      assert.ok(probabilities.every((p) => p > 0 && p <= 1));
    }
  });

  it('says which word the model cannot write, and when there is no room', async () => {
    const model = learnedModel(story);
    const ask = (streams: SamplingOptions[]): Promise<unknown> => generateContaining(model, { prompt: '', streams });
    await assert.rejects(ask([options(['Grüße'])]), /cannot write "Grüße".*never seen/);
    await assert.rejects(ask([options(['dark', 'wind'], { length: 8 })]), /no room/);
    await assert.rejects(ask([options([' '])]), /at least one letter/);
  });
});
