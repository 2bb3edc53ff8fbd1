/** Generation: prompts, streams, stop strings, deltas, windows, lines and words. */
import * as assert from 'node:assert/strict';
import type { SampleDelta, SamplingOptions } from '../../../../src/common/engineProtocol';
import { InklingError } from '../../../../src/common/errors';
import { noToken } from '../../../../src/engine/backends/backend';
import { createWasmStepper } from '../../../../src/engine/backends/wasm/wasmStepper';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { generate } from '../../../../src/engine/generation/generator';
import type { LanguageModel } from '../../../../src/engine/generation/languageModel';
import { createPredictor } from '../../../../src/engine/generation/createPredictor';
import { probabilityOf } from '../../../../src/engine/generation/sampler';
import { StateCache } from '../../../../src/engine/generation/stateCache';
import { stateSize } from '../../../../src/engine/model/networkSpec';
import { drawnModel, lastStep, learnedModel, stepOnce } from './toyModels';

const greedy = (length: number, changes: Partial<SamplingOptions> = {}): SamplingOptions => ({
  temperature: 0,
  seed: 1,
  length,
  ...changes,
});

const story = 'it was a dark night and the wind blew over the hill. then came rain.';

describe('generator', () => {
  it('continues the prompt, and returns only the continuation', async () => {
    const { texts } = await generate(learnedModel(story), { prompt: 'it was a ', streams: [greedy(10)] });
    assert.deepEqual(texts, ['dark night']);
  });

  it('takes the same steps as the network alone', async () => {
    const model = await drawnModel({ seed: 3 });
    const { texts } = await generate(model, { prompt: 'some prompt', streams: [greedy(30)] });
    const states = new Float32Array(stateSize(model.stepper.spec));
    let next = 0;
    for (const id of model.vocabulary.encode('some prompt')) next = argmaxOf(model, id, states);
    const expected: number[] = [];
    for (let i = 0; i < 30; i++) {
      expected.push(next);
      next = argmaxOf(model, next, states);
    }
    assert.equal(texts[0], model.vocabulary.decode(expected));
  });

  it('gives each stream what it would write alone', async () => {
    const model = await drawnModel({ seed: 4 });
    const streams = [0.2, 0.5, 1, 1.2].map((temperature, i) => ({ temperature, seed: i, length: 20 + 7 * i }));
    const together = await generate(model, { prompt: 'once ', streams });
    for (const [i, options] of streams.entries()) {
      const alone = await generate(model, { prompt: 'once ', streams: [options] });
      assert.equal(together.texts[i], alone.texts[0], `stream ${i}`);
      assert.equal(together.texts[i].length, options.length);
    }
    assert.equal(together.tokens, 20 + 27 + 34 + 41);
  });

  it('reads one prompt for each stream, and a shared prompt once', async () => {
    const prompts = ['once ', 'under a hill', '', 'once '];
    const streams = prompts.map((_, seed) => ({ temperature: 1, seed, length: 15 }));
    const model = await drawnModel({ seed: 4 });
    const together = await generate(model, { prompt: prompts, streams });
    for (const [i, prompt] of prompts.entries()) {
      const alone = await generate(model, { prompt, streams: [streams[i]] });
      assert.equal(together.texts[i], alone.texts[0], `stream ${i}`);
    }
    const counted = learnedModel(story);
    await generate(counted, { prompt: ['it was', 'then', 'it was'], streams: [greedy(1), greedy(1), greedy(1)] });
    assert.equal(counted.steps(), 'it was'.length + 'then'.length);
    await assert.rejects(generate(model, { prompt: ['a', 'b'], streams }), /one for each/);
  });

  it('supports more streams than the kernels take rows at once', async () => {
    const streams = Array.from({ length: 200 }, (_, seed) => ({ temperature: 1, seed, length: 9 }));
    const drawn = await drawnModel();
    const model = { ...drawn, stepper: createWasmStepper(drawn.stepper.spec, drawn.parameters) };
    const many = await generate(model, { prompt: 'a', streams });
    const few = [0, 95, 96, 199].map((i) => streams[i]);
    const once = await generate(model, { prompt: 'a', streams: few });
    assert.deepEqual(
      few.map(({ seed }) => many.texts[seed]),
      once.texts,
    );
  });

  it('starts without a prompt from "no token" where no paragraph can end', async () => {
    const model = await drawnModel({ seed: 5, vocabulary: Vocabulary.build('character', ['abc def']) });
    const { texts } = await generate(model, { prompt: '', streams: [greedy(1)] });
    const states = new Float32Array(stateSize(model.stepper.spec));
    assert.equal(texts[0], model.vocabulary.tokenText(argmaxOf(model, noToken, states)));
  });

  it('starts without a prompt from what of the end of a paragraph it knows', async () => {
    const model = await drawnModel({ seed: 5, vocabulary: Vocabulary.build('character', ['abc\ndef']) });
    const { texts } = await generate(model, { prompt: '', streams: [greedy(1)] });
    const states = new Float32Array(stateSize(model.stepper.spec));
    const newline = model.vocabulary.idOf('\n');
    argmaxOf(model, newline, states);
    assert.equal(texts[0], model.vocabulary.tokenText(argmaxOf(model, newline, states)));
  });

  it('reads unseen characters as "no token" and reports them', async () => {
    const model = await drawnModel({ seed: 6 });
    const { texts, unknown } = await generate(model, { prompt: 'aß🦑aß', streams: [greedy(5)] });
    assert.deepEqual(unknown, ['ß', '🦑']);
    assert.equal([...texts[0]].length, 5);
  });

  it('never ends a text inside a character', async () => {
    const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}';
    const text = `le cafe\u0301 est ferme\u0301, ${family} dit-il; e\u0301te\u0301 a\u0300 la mer.`;
    const model = learnedModel(text);
    const characters = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
    for (let length = 1; length < 40; length++) {
      const { texts } = await generate(model, { prompt: 'le ', streams: [greedy(length)] });
      const written = `le ${texts[0]}`;
      assert.ok([...texts[0]].length >= length);
      const whole = characters.map((_, i) => characters.slice(0, i + 1).join(''));
      const fitting = whole.find((beginning) => [...beginning].length >= 3 + length);
      assert.equal(written, fitting);
    }
  });

  it('normalises the prompt like the training text', async () => {
    const model = await drawnModel({ text: { lowercase: true } });
    const shout = await generate(model, { prompt: 'ABC', streams: [greedy(12)] });
    const whisper = await generate(model, { prompt: 'abc', streams: [greedy(12)] });
    assert.deepEqual(shout.texts, whisper.texts);
    assert.deepEqual(shout.unknown, []);
  });

  it('never releases a stop string, even in part', async () => {
    const model = learnedModel(story);
    for (const stop of [['night'], ['t and'], ['zz', 'ht and the'], ['dark night and the wind!', 'and']]) {
      const deltas: SampleDelta[] = [];
      const { texts } = await generate(
        model,
        { prompt: 'it was a ', streams: [greedy(60, { stop })] },
        { onDelta: (delta) => deltas.push(delta) },
      );
      const whole = story.slice('it was a '.length);
      const ends = Math.min(...stop.map((text) => whole.indexOf(text)).filter((at) => at >= 0));
      assert.equal(texts[0], whole.slice(0, ends), stop.join());
      assert.equal(deltas.map((delta) => delta.text).join(''), texts[0]);
    }
  });

  it('releases what only looked like a stop string', async () => {
    const { texts } = await generate(learnedModel(story), {
      prompt: 'it was a ',
      streams: [greedy(10, { stop: ['nightingale'] })],
    });
    assert.deepEqual(texts, ['dark night']);
  });

  it('streams deltas that add up to the texts, with a probability for every token', async () => {
    const model = await drawnModel({ seed: 7 });
    const streams = [1, 2, 3].map((seed) => ({ temperature: 1, seed, length: 50, stop: ['q'] }));
    const deltas: SampleDelta[] = [];
    const { texts } = await generate(
      model,
      { prompt: 'the ', streams, details: true },
      { onDelta: (delta) => deltas.push(delta) },
    );
    texts.forEach((text, stream) => {
      const own = deltas.filter((delta) => delta.stream === stream);
      assert.equal(own.map((delta) => delta.text).join(''), text);
      assert.equal(own.flatMap((delta) => delta.tokens!).join(''), text);
      const probabilities = own.flatMap((delta) => delta.probabilities!);
      assert.equal(probabilities.length, text.length);
      assert.ok(probabilities.every((p) => p > 0 && p < 1));
    });
  });

  it('keeps code points whole', async () => {
    const { texts } = await generate(learnedModel('one 🦑 two 🐙 three é'), { prompt: 'one ', streams: [greedy(15)] });
    assert.equal(texts[0], '🦑 two 🐙 three é');
  });

  it('joins words with spaces', async () => {
    const model = learnedModel('to be or not to be that is the question', { unit: 'word' });
    const after = await generate(model, { prompt: 'or not to', streams: [greedy(3)] });
    assert.deepEqual(after.texts, [' be that is']);
    const spaced = await generate(model, { prompt: 'or not to ', streams: [greedy(3)] });
    assert.deepEqual(spaced.texts, ['be that is']);
  });

  it('restarts every line of a model of lines', async () => {
    const model = await drawnModel({ seed: 8, text: { examples: 'lines' } });
    const newline = model.vocabulary.idOf('\n');
    const { parameters } = model;
    // Make line ends likely, so that the greedy text has several.
    parameters[parameters.length - model.vocabulary.size + newline] += 2;
    model.stepper.writeParameters(parameters);
    const { texts } = await generate(model, { prompt: '', streams: [greedy(80)] });
    const lines = texts[0].split('\n');
    assert.ok(lines.length > 2, JSON.stringify(texts[0]));
    assert.ok(lines.slice(1, -1).every((line) => line === lines[0]));
    const second = await generate(model, { prompt: 'abc\n', streams: [greedy(80)] });
    assert.equal(second.texts[0], texts[0]);
  });

  it('gives a model of windows exactly its window at every token', async () => {
    const steps = 5;
    const model = await drawnModel({ seed: 9, objective: lastStep(steps) });
    for (const prompt of ['hello world', 'ab']) {
      const deltas: SampleDelta[] = [];
      const { texts } = await generate(
        model,
        { prompt, streams: [greedy(15), greedy(8)], details: true },
        { onDelta: (delta) => deltas.push(delta) },
      );
      assert.equal(texts[1], texts[0].slice(0, 8));
      const probabilities = deltas.filter(({ stream }) => stream === 0).flatMap((delta) => delta.probabilities!);
      // A window that reaches back before the prompt begins with "no token".
      const read = [noToken, noToken, noToken, noToken, noToken, ...model.vocabulary.encode(prompt)];
      for (const [i, id] of model.vocabulary.encode(texts[0]).entries()) {
        const states = new Float32Array(stateSize(model.stepper.spec));
        let logits: Float32Array = new Float32Array(0);
        for (const token of read.slice(-steps)) logits = stepOnce(model, token, states);
        assert.equal(id, logits.indexOf(Math.max(...logits)));
        const expected = probabilityOf(id, logits, 0, model.vocabulary.size);
        assert.ok(Math.abs(probabilities[i] - expected) < 1e-6, `"${prompt}", token ${i}`);
        read.push(id);
      }
    }
  });

  it('pads a prompt shorter than the window in front', async () => {
    for (const [objective, padding] of [
      [lastStep(5), noToken],
      [{ ...lastStep(5), padding: 'space' as const }, 1],
    ] as const) {
      const model = await drawnModel({ seed: 10, objective });
      const { texts } = await generate(model, { prompt: 'ab', streams: [greedy(1)] });
      const states = new Float32Array(stateSize(model.stepper.spec));
      let next = 0;
      for (const id of [padding, padding, padding, ...model.vocabulary.encode('ab')])
        next = argmaxOf(model, id, states);
      assert.equal(texts[0], model.vocabulary.tokenText(next));
    }
  });

  it('pads the words of a line with the padding word', async () => {
    const vocabulary = Vocabulary.build('word', ['to be or not to be that is the question']);
    const model = await drawnModel({
      seed: 11,
      vocabulary,
      text: { unit: 'word', examples: 'line-prefixes' },
      objective: lastStep(4),
    });
    const { texts } = await generate(model, { prompt: 'not to', streams: [greedy(1)] });
    const states = new Float32Array(stateSize(model.stepper.spec));
    let next = 0;
    for (const id of [0, 0, ...vocabulary.encode('not to')]) next = argmaxOf(model, id, states, [0, 1]);
    assert.equal(texts[0], ` ${vocabulary.tokenText(next)}`);
    const second = await generate(model, { prompt: 'that is\nnot to', streams: [greedy(1)] });
    assert.deepEqual(second.texts, texts, 'only the line counts');
  });

  it('runs one step for a prompt it has read, and one for each additional character', async () => {
    const model = learnedModel(story);
    const predictor = createPredictor(model);
    const cache = new StateCache(predictor.reach);
    const ask = async (prompt: string): Promise<number> => {
      const before = model.steps();
      await generate(model, { prompt, streams: [greedy(1)] }, { predictor, cache });
      return model.steps() - before;
    };
    assert.equal(await ask('it was a dark'), 13);
    // What comes next depends on what the memory has learned since.
    assert.equal(await ask('it was a dark'), 1);
    assert.equal(await ask('it was a dark '), 1);
  });

  it('ends when it is cancelled', async () => {
    const model = await drawnModel();
    const controller = new AbortController();
    const running = generate(
      model,
      { prompt: 'a', streams: [{ temperature: 1, seed: 1, length: 1e7 }] },
      { signal: controller.signal, onDelta: () => controller.abort() },
    );
    await assert.rejects(running, (error) => error instanceof InklingError && error.code === 'cancelled');
  });

  it('refuses no streams, too many, and a network without a vocabulary', async () => {
    const model = await drawnModel();
    const refused = (code: string) => (error: unknown) => error instanceof InklingError && error.code === code;
    await assert.rejects(generate(model, { prompt: '', streams: [] }), refused('invalidInput'));
    const many = Array.from({ length: 257 }, () => greedy(1));
    await assert.rejects(generate(model, { prompt: '', streams: many }), refused('invalidInput'));
    const other = { ...model, vocabulary: Vocabulary.build('character', ['ab']) };
    await assert.rejects(generate(other, { prompt: '', streams: [greedy(1)] }), refused('incompatibleModel'));
  });
});

function argmaxOf(model: LanguageModel, token: number, states: Float32Array, silent: number[] = []): number {
  const logits = stepOnce(model, token, states);
  for (const id of silent) logits[id] = -Infinity;
  return logits.indexOf(Math.max(...logits));
}
