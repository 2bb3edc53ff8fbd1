/** Completions: how far they go, what is never offered, what a keystroke costs. */
import * as assert from 'node:assert/strict';
import type { CompletionRequest } from '../../../../src/common/engineProtocol';
import { complete } from '../../../../src/engine/generation/completion';
import { endBeforeLoop, endOfCompletion } from '../../../../src/engine/generation/completionExtent';
import { createPredictor } from '../../../../src/engine/generation/predictor';
import { StateCache } from '../../../../src/engine/generation/stateCache';
import type { LanguageModel } from '../../../../src/engine/generation/languageModel';
import { Random } from '../../../../src/engine/random';
import { alphabet, drawnModel, learnedModel } from './toyModels';

const story =
  'It was a dark night, and the wind blew over the hill. Then came the rain (much of it), and nobody’s hat was dry.\n' +
  'In the morning "all was well" again — or so they said.\n';

const request = (changes: Partial<CompletionRequest>): CompletionRequest => ({
  modelPath: '',
  prefix: '',
  extent: 'phrase',
  minimumConfidence: 0.3,
  temperature: 0.8,
  alternatives: 1,
  seed: 1,
  maximumLength: 80,
  ...changes,
});

async function offer(
  changes: Partial<CompletionRequest>,
  model: LanguageModel = learnedModel(story),
): Promise<string[]> {
  const { items } = await complete(model, createPredictor(model), request(changes));
  return items.map((item) => item.text);
}

describe('completion', () => {
  it('ends the word that stands at the cursor', async () => {
    assert.deepEqual(await offer({ prefix: 'It was a da', extent: 'word' }), ['rk']);
  });

  it('goes on with the next word behind a whole one', async () => {
    assert.deepEqual(await offer({ prefix: 'It was a', extent: 'word' }), [' dark']);
    assert.deepEqual(await offer({ prefix: 'It was a ', extent: 'word' }), ['dark']);
  });

  it('offers a phrase of at most four words, or up to the punctuation', async () => {
    assert.deepEqual(await offer({ prefix: 'night, and ' }), ['the wind blew over']);
    assert.deepEqual(await offer({ prefix: 'It was ' }), ['a dark night']);
    assert.deepEqual(await offer({ prefix: 'Then came ' }), ['the rain']);
    assert.deepEqual(await offer({ prefix: 'well" ' }), ['again']);
    assert.deepEqual(await offer({ prefix: 'it), and ' }), ['nobody’s hat was dry']);
  });

  it('ends a phrase at punctuation with no space around it, too', () => {
    assert.equal(endOfCompletion('phrase', 'over—the hill and far away', 'character'), 4);
    assert.equal(endOfCompletion('phrase', 'it’s well-known (to me)', 'character'), 15);
    assert.equal(endOfCompletion('phrase', 'one two three four ', 'character'), 18);
    assert.equal(endOfCompletion('phrase', 'one two three four', 'character'), undefined);
  });

  it('stops before it goes in circles', async () => {
    const before = (text: string, draft: string): string => draft.slice(0, endBeforeLoop(text, draft));
    assert.equal(before('by ', 'of the state of the state of the state'), 'of the state');
    assert.equal(before('a member of the state ', 'of the state of'), '');
    assert.equal(before('Of the state of the st', 'ate of the state'), 'ate');
    assert.equal(before('it was very ', 'very good, and very very very bad'), 'very good, and very very');
    assert.equal(before('the cat and ', 'the dog and the hen'), 'the dog and the hen');
    const looping = learnedModel('the head of the state of the state of the state of the state of the state');
    assert.deepEqual(await offer({ prefix: 'the head ', extent: 'line' }, looping), ['of the state']);
    assert.deepEqual(await offer({ prefix: 'the head of the state ', extent: 'line' }, looping), []);
  });

  it('offers the rest of the sentence with its end', async () => {
    assert.deepEqual(await offer({ prefix: 'night, and ', extent: 'sentence' }), ['the wind blew over the hill.']);
    assert.deepEqual(await offer({ prefix: 'nobody’s ', extent: 'sentence' }), ['hat was dry.']);
  });

  it('offers the rest of the line and never goes behind it', async () => {
    assert.deepEqual(await offer({ prefix: 'or so', extent: 'line' }), [' they said.']);
    assert.deepEqual(await offer({ prefix: 'was dry.', extent: 'line' }), []);
  });

  it('never ends in glued punctuation or in half a word', async () => {
    for (let length = 1; length < 30; length++) {
      for (const extent of ['word', 'phrase', 'sentence', 'line'] as const) {
        for (const text of await offer({ prefix: 'Then came ', extent, maximumLength: length })) {
          assert.match(text, /[\p{L}\p{N}]$|\.$/u);
          const end = story.indexOf(text) + text.length;
          assert.match(story.slice(end), /^[^\p{L}]/u, `"${text}" is cut in a word`);
        }
      }
    }
  });

  it('does not put a second space behind one', async () => {
    for (const prefix of ['It was a ', 'It was a dark night,  ']) {
      for (const text of await offer({ prefix, minimumConfidence: 0 })) assert.match(text, /^\S/);
    }
  });

  it('offers nothing below the confidence that is asked for', async () => {
    const unsure = learnedModel(story, { sureness: 2 });
    const predictor = createPredictor(unsure);
    const sure = await complete(unsure, predictor, request({ prefix: 'It was ', minimumConfidence: 0 }));
    assert.equal(sure.items.length, 1);
    const { confidence } = sure.items[0];
    // One character of V with logit 2 among zeros.
    const expected = Math.exp(2) / (Math.exp(2) + unsure.vocabulary.size - 1);
    assert.ok(Math.abs(confidence - expected) < 0.02, `${confidence} against ${expected}`);
    const none = await complete(
      unsure,
      predictor,
      request({ prefix: 'It was ', minimumConfidence: confidence + 0.05 }),
    );
    assert.deepEqual(none.items, []);
  });

  it('gives up a draft early that cannot be sure enough any more', async () => {
    const unsure = learnedModel(story, { sureness: 1 });
    const ask = (minimumConfidence: number) =>
      complete(unsure, createPredictor(unsure), request({ prefix: 'It', extent: 'line', minimumConfidence }));
    const { stepsRun, items } = await ask(0.9);
    assert.deepEqual(items, []);
    assert.ok(stepsRun <= 'It'.length + 6, `${stepsRun} steps`);
    assert.ok((await ask(0)).stepsRun > 50);
  });

  it('offers different alternatives, surest first, the same for the same seed', async () => {
    const model = await drawnModel({ seed: 2 });
    const ask = async (seed: number): Promise<string[]> =>
      offer({ prefix: 'some words ', alternatives: 5, minimumConfidence: 0, seed, temperature: 1.2 }, model);
    const first = await ask(1);
    assert.equal(new Set(first).size, first.length);
    assert.ok(first.length > 1);
    assert.deepEqual(await ask(1), first);
    const { items } = await complete(
      model,
      createPredictor(model),
      request({ prefix: 'some words ', alternatives: 5, minimumConfidence: 0, temperature: 1.2 }),
    );
    items.forEach((item, i) => assert.ok(i === 0 || item.confidence <= items[i - 1].confidence));
  });

  it('costs one step for the prefix at a keystroke', async () => {
    const model = learnedModel(story);
    const predictor = createPredictor(model);
    const cache = new StateCache(predictor.reach);
    const prefix = story.slice(0, story.indexOf('blew'));
    const first = await complete(model, predictor, request({ prefix, extent: 'word' }), cache);
    const generated = ' blew'.length; // 'blew' and the space that ends it, of which the first is free
    assert.ok(first.stepsRun > prefix.length);
    const second = await complete(model, predictor, request({ prefix: `${prefix}b`, extent: 'word' }), cache);
    assert.deepEqual(
      second.items.map((item) => item.text),
      ['lew'],
    );
    assert.ok(second.stepsRun <= generated, `${second.stepsRun} steps`);
  });

  it('reads on at one step a keystroke while the beginning slides away', async () => {
    const model = await drawnModel({ seed: 3 });
    const predictor = createPredictor(model);
    const cache = new StateCache(predictor.reach);
    const random = new Random(4);
    const long = Array.from({ length: 2100 }, () => alphabet[2 + random.integer(26)]).join('');
    await complete(model, predictor, request({ prefix: long.slice(0, 2000), maximumLength: 1 }), cache);
    for (let end = 2001; end < 2010; end++) {
      const result = await complete(model, predictor, request({ prefix: long.slice(0, end), maximumLength: 1 }), cache);
      assert.equal(result.stepsRun, 1);
    }
  });

  it('completes half a word of a model of words', async () => {
    const model = learnedModel('to be or not to be that is the question', { unit: 'word' });
    assert.deepEqual(await offer({ prefix: 'that is the ques', extent: 'word' }, model), ['tion']);
    assert.deepEqual(await offer({ prefix: 'or not ', extent: 'word' }, model), ['to']);
    assert.deepEqual(await offer({ prefix: 'or not to', extent: 'word' }, model), []);
    assert.deepEqual(await offer({ prefix: 'or not ' }, model), ['to be that is']);
    assert.deepEqual(await offer({ prefix: 'xyzzy', extent: 'word' }, model), []);
  });

  it('answers an empty prefix', async () => {
    const model = await drawnModel();
    const { items } = await complete(model, createPredictor(model), request({ minimumConfidence: 0 }));
    assert.ok(items.length <= 1);
  });
});
