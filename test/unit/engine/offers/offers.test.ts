/** Offers: how far they go, what is never offered, what a keystroke costs. */
import * as assert from 'node:assert/strict';
import type { CompletionRequest } from '../../../../src/common/engineProtocol';
import type { LanguageModel } from '../../../../src/engine/generation/languageModel';
import { createPredictor } from '../../../../src/engine/generation/createPredictor';
import { StateCache } from '../../../../src/engine/generation/stateCache';
import { usualLeastProbability } from '../../../../src/engine/offers/eagerness';
import { offer } from '../../../../src/engine/offers/offers';
import { endBeforeLoop } from '../../../../src/engine/offers/repetition';
import { Random } from '../../../../src/engine/random';
import { alphabet, drawnModel, learnedModel } from '../generation/toyModels';

const story =
  'It was a dark night, and the wind blew over the hill. Then came the rain (much of it), and nobody’s hat was dry.\n' +
  'In the morning "all was well" again — or so they said.\n';

const request = (changes: Partial<CompletionRequest>): CompletionRequest => ({
  modelPath: '',
  prefix: '',
  suffix: '',
  extent: 'phrase',
  eagerness: 'bold',
  alternatives: 1,
  maximumLength: 80,
  never: [],
  ...changes,
});

async function offers(
  changes: Partial<CompletionRequest>,
  model: LanguageModel = learnedModel(story),
): Promise<string[]> {
  const { items } = await offer(model, createPredictor(model), request(changes));
  return items.map((item) => item.text);
}

describe('offers', () => {
  it('complete the word at the cursor', async () => {
    assert.deepEqual(await offers({ prefix: 'It was a d', extent: 'word' }), ['ark']);
  });

  it('are at least three characters long, unless requested explicitly', async () => {
    assert.deepEqual(await offers({ prefix: 'It was a da', extent: 'word' }), []);
    assert.deepEqual(await offers({ prefix: 'It was a da', extent: 'word', alternatives: 2 }), ['rk']);
    assert.deepEqual(await offers({ prefix: 'It was a da' }), ['rk night']);
  });

  it('continue with the next word after a complete one', async () => {
    assert.deepEqual(await offers({ prefix: 'It was a', extent: 'word' }), [' dark']);
    assert.deepEqual(await offers({ prefix: 'It was a ', extent: 'word' }), ['dark']);
  });

  it('are a phrase of at most four words, or up to the punctuation', async () => {
    assert.deepEqual(await offers({ prefix: 'night, and ' }), ['the wind blew over']);
    assert.deepEqual(await offers({ prefix: 'It was ' }), ['a dark night']);
    assert.deepEqual(await offers({ prefix: 'Then came ' }), ['the rain']);
    assert.deepEqual(await offers({ prefix: 'well" ' }), ['again']);
    assert.deepEqual(await offers({ prefix: 'it), and ' }), ['nobody’s hat was dry']);
  });

  it('end a phrase at punctuation even without a space around it', async () => {
    const model = learnedModel('far over—the hill; it’s well-known (to me); one two three four five');
    assert.deepEqual(await offers({ prefix: 'far ' }, model), ['over']);
    assert.deepEqual(await offers({ prefix: 'hill; ' }, model), ['it’s well-known']);
    assert.deepEqual(await offers({ prefix: 'me); ' }, model), ['one two three four']);
  });

  it('stop before they repeat themselves', async () => {
    const before = (text: string, draft: string): string => draft.slice(0, endBeforeLoop(text, draft));
    assert.equal(before('by ', 'of the state of the state of the state'), 'of the state');
    assert.equal(before('a member of the state ', 'of the state of'), '');
    assert.equal(before('Of the state of the st', 'ate of the state'), 'ate');
    assert.equal(before('it was very ', 'very good, and very very very bad'), 'very good, and very very');
    assert.equal(before('the cat and ', 'the dog and the hen'), 'the dog and the hen');
    const looping = learnedModel('the head of the state of the state of the state of the state of the state');
    assert.deepEqual(await offers({ prefix: 'the head ', extent: 'line' }, looping), ['of the state']);
    assert.deepEqual(await offers({ prefix: 'the head of the state ', extent: 'line' }, looping), []);
  });

  it('include the rest of the sentence with its end', async () => {
    assert.deepEqual(await offers({ prefix: 'night, and ', extent: 'sentence' }), ['the wind blew over the hill.']);
    assert.deepEqual(await offers({ prefix: 'nobody’s ', extent: 'sentence' }), ['hat was dry.']);
  });

  it('include the rest of the line and never continue past it', async () => {
    assert.deepEqual(await offers({ prefix: 'or so', extent: 'line' }), [' they said.']);
    assert.deepEqual(await offers({ prefix: 'was dry.', extent: 'line' }), []);
  });

  it('never end in punctuation that continues or in half a word', async () => {
    for (let length = 1; length < 30; length++) {
      for (const extent of ['word', 'phrase', 'sentence', 'line'] as const) {
        for (const text of await offers({ prefix: 'Then came ', extent, maximumLength: length })) {
          assert.match(text, /[\p{L}\p{N}]$|\.$/u);
          const end = story.indexOf(text) + text.length;
          assert.match(story.slice(end), /^[^\p{L}]/u, `"${text}" is cut in a word`);
        }
      }
    }
  });

  it('do not add a second space after one', async () => {
    for (const prefix of ['It was a ', 'It was a dark night,  ']) {
      const texts = await offers({ prefix, alternatives: 3 });
      assert.ok(texts.length > 0);
      for (const text of texts) assert.match(text, /^\S/);
    }
  });

  it('are never less likely than requested, and state the probability of the whole, its end included', async () => {
    const sureness = 5.5;
    const ask = async (model: LanguageModel, changes: Partial<CompletionRequest>) =>
      (await offer(model, createPredictor(model), request({ prefix: 'was well" ', ...changes }))).items;
    const model = learnedModel(story, { sureness });
    const [asked] = await ask(model, { alternatives: 3 });
    // "again" and what ends it: one character of V with this logit among zeros, each time.
    const other = 1 / (Math.exp(sureness) + model.vocabulary.size - 1);
    const isEnd = [...Array(model.vocabulary.size).keys()].filter(
      (id) => !/[\p{L}’]/u.test(model.vocabulary.tokenText(id)),
    );
    const expected = (Math.exp(sureness) * other) ** 5 * (Math.exp(sureness) + isEnd.length - 1) * other;
    assert.equal(asked.text, 'again');
    assert.ok(Math.abs(asked.probability - expected) < 1e-4, `${asked.probability} against ${expected}`);
    for (const eagerness of ['shy', 'balanced', 'bold'] as const) {
      const items = await ask(model, { eagerness });
      assert.equal(items.length > 0, expected >= usualLeastProbability[eagerness], eagerness);
    }
    assert.ok(expected > usualLeastProbability.bold && expected < usualLeastProbability.shy);
  });

  it('do not follow paths that are less likely than requested', async () => {
    const unsure = learnedModel(story, { sureness: 1 });
    const { stepsRun, items } = await offer(unsure, createPredictor(unsure), request({ prefix: 'It', extent: 'line' }));
    assert.deepEqual(items, []);
    assert.equal(stepsRun, 'It'.length);
  });

  it('include different alternatives, most likely first, the same every time', async () => {
    const model = learnedModel('a dark night, a dark room, a dim light, a cold night, a cold wind, a dim day', {
      sureness: 3,
    });
    const ask = () => offer(model, createPredictor(model), request({ prefix: 'it was a ', alternatives: 5 }));
    const { items } = await ask();
    const texts = items.map(({ text }) => text);
    assert.ok(texts.length > 1);
    assert.equal(new Set(texts).size, texts.length);
    items.forEach((item, i) => assert.ok(i === 0 || item.probability <= items[i - 1].probability));
    assert.deepEqual((await ask()).items, items);
  });

  it('cost one step for the prefix per keystroke', async () => {
    const model = learnedModel(story);
    const predictor = createPredictor(model);
    const cache = new StateCache(predictor.reach);
    const prefix = story.slice(0, story.indexOf('blew'));
    const first = await offer(model, predictor, request({ prefix, extent: 'word' }), cache);
    const generated = ' blew'.length; // 'blew' and the space that ends it, of which the first is free
    assert.ok(first.stepsRun > prefix.length);
    const second = await offer(model, predictor, request({ prefix: `${prefix}b`, extent: 'word' }), cache);
    assert.deepEqual(
      second.items.map((item) => item.text),
      ['lew'],
    );
    assert.ok(second.stepsRun <= generated, `${second.stepsRun} steps`);
  });

  it('still cost one step per keystroke once the beginning of the text is no longer sent', async () => {
    const model = await drawnModel({ seed: 3 });
    const predictor = createPredictor(model);
    const cache = new StateCache(predictor.reach);
    const random = new Random(4);
    const long = Array.from({ length: 2100 }, () => alphabet[2 + random.integer(26)]).join('');
    await offer(model, predictor, request({ prefix: long.slice(0, 2000), maximumLength: 0 }), cache);
    for (let end = 2001; end < 2010; end++) {
      const result = await offer(model, predictor, request({ prefix: long.slice(0, end), maximumLength: 0 }), cache);
      assert.equal(result.stepsRun, 1);
    }
  });

  it('complete half a word of a model of words', async () => {
    const model = learnedModel('to be or not to be that is the question', { unit: 'word' });
    assert.deepEqual(await offers({ prefix: 'that is the ques', extent: 'word' }, model), ['tion']);
    assert.deepEqual(await offers({ prefix: 'or not ', extent: 'word', alternatives: 2 }, model), ['to']);
    assert.deepEqual(await offers({ prefix: 'or not to', extent: 'word' }, model), []);
    assert.deepEqual(await offers({ prefix: 'or not ' }, model), ['to be that is']);
    assert.deepEqual(await offers({ prefix: 'xyzzy', extent: 'word' }, model), []);
  });

  it('handle an empty prefix', async () => {
    const model = await drawnModel();
    const { items } = await offer(model, createPredictor(model), request({ alternatives: 1 }));
    assert.ok(items.length <= 1);
  });

  it('never contain a word of the blocklist', async () => {
    assert.deepEqual(await offers({ prefix: 'night, and ', never: ['BLEW'] }), ['the wind']);
    assert.deepEqual(await offers({ prefix: 'night, and ', never: ['the'] }), []);
    assert.deepEqual(await offers({ prefix: 'night, and the w', never: ['wind'] }), []);
    const words = learnedModel('to be or not to be that is the question', { unit: 'word' });
    assert.deepEqual(await offers({ prefix: 'that is the ', never: ['question'] }, words), []);
  });

  describe('in the middle of a line', () => {
    const lines =
      'the old clock in the great hall struck nine. the new clock in the small room struck ten. ' +
      'a fire burned in the great hall of the king. a candle burned in the small room of the maid. ';

    it('are made only if they lead into what follows', async () => {
      const model = learnedModel(lines);
      assert.deepEqual(await offers({ prefix: 'the old clock in the ', suffix: ' hall struck nine.' }, model), [
        'great',
      ]);
      assert.deepEqual(await offers({ prefix: 'the old clock in the ', suffix: ' banana struck nine.' }, model), []);
    });

    it('do not repeat what follows the cursor', async () => {
      const model = learnedModel(lines);
      assert.deepEqual(
        await offers({ prefix: 'the old clock in the great ', suffix: ' hall struck nine.' }, model),
        [],
      );
      const end = { prefix: 'and nobody’s ', extent: 'sentence' as const };
      assert.deepEqual(await offers({ ...end, suffix: '' }), ['hat was dry.']);
      assert.deepEqual(await offers({ ...end, suffix: '.' }), ['hat was dry']);
      assert.deepEqual(await offers({ ...end, suffix: ')' }), ['hat was dry.']);
    });

    it('work for models of words too', async () => {
      const model = learnedModel(lines, { unit: 'word' });
      const prefix = 'the old clock in the ';
      assert.deepEqual(await offers({ prefix, suffix: ' hall struck nine.' }, model), ['great']);
      assert.deepEqual(await offers({ prefix, suffix: ' banana struck nine.' }, model), []);
    });
  });

  describe('characters that the model has never seen', () => {
    it('are not part of an offered word', async () => {
      for (const prefix of ['It was a dä', 'It was a Ω', 'It was a 日本']) {
        assert.deepEqual(await offers({ prefix, alternatives: 3 }), [], prefix);
      }
    });

    it('are left out of the prefix together with their word', async () => {
      for (const prefix of ['It was 日本 a ', 'It was größer a ', 'It was a 🙂', 'Ωmega It was a ']) {
        assert.deepEqual(await offers({ prefix, extent: 'word' }), ['dark'], prefix);
      }
    });
  });

  it('continue after any kind of space like after an ordinary one', async () => {
    for (const space of ['\u00a0', '\u202f', '\t', '\u3000']) {
      assert.deepEqual(await offers({ prefix: `It${space}was${space}a${space}d`, extent: 'word' }), ['ark'], space);
      assert.deepEqual(await offers({ prefix: `🙂 It${space}was a${space}`, extent: 'word' }), ['dark'], space);
    }
  });

  describe('scripts', () => {
    it('have word ends even where words are not separated by spaces', async () => {
      const text = '我的妹妹昨天早上把花园的地图忘在桌上。新来的老师没有说一句话就把三封信交给了邻居！';
      const model = learnedModel(text);
      assert.deepEqual(await offers({ prefix: '我的', extent: 'word' }, model), ['妹妹']);
      assert.deepEqual(await offers({ prefix: '我的' }, model), ['妹妹昨天早上把']);
      assert.deepEqual(await offers({ prefix: '把花园的', extent: 'sentence' }, model), ['地图忘在桌上。']);
    });

    it('are never cut inside a grapheme cluster', async () => {
      const text = 'le cafe\u0301 est ferme\u0301 ce soir. le cafe\u0301 est ferme\u0301 ce soir.';
      const model = learnedModel(text, { changes: { normalization: 'none' } });
      assert.deepEqual(await offers({ prefix: 'le ', extent: 'word' }, model), ['cafe\u0301']);
      for (let length = 1; length < 20; length++) {
        for (const found of await offers({ prefix: 'le ', extent: 'line', maximumLength: length }, model)) {
          assert.doesNotMatch(text.slice(3 + found.length), /^\p{M}/u);
        }
      }
    });
  });
});
