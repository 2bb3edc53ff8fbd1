/** Surprise compared with stepping the network by hand, also after edits; units; alternatives; scores. */
import * as assert from 'node:assert/strict';
import type { SurpriseResult } from '../../../../src/common/engineProtocol';
import { InklingError } from '../../../../src/common/errors';
import { noToken } from '../../../../src/engine/backends/backend';
import { considered } from '../../../../src/engine/generation/considered';
import type { LanguageModel } from '../../../../src/engine/generation/languageModel';
import { createPredictor } from '../../../../src/engine/generation/createPredictor';
import { probabilityOf } from '../../../../src/engine/generation/sampler';
import { scoreText } from '../../../../src/engine/generation/score';
import { SurpriseMap } from '../../../../src/engine/generation/surprise';
import { splitIntoUnits } from '../../../../src/engine/generation/textUnits';
import { emptyMemory } from '../../../../src/engine/memory/remember';
import { stateSize } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { alphabet, drawnModel, lastStep, learnedModel, stepOnce } from './toyModels';

const letters = (length: number, seed: number): string => {
  const random = new Random(seed);
  return Array.from({ length }, () => alphabet[random.integer(alphabet.length)]).join('');
};

/** Bits of every character but the first, from a zero state. */
function bitsByHand(model: LanguageModel, text: string): number[] {
  const { stepper, vocabulary } = model;
  const states = new Float32Array(stateSize(stepper.spec));
  const bits: number[] = [];
  let logits: Float32Array | undefined;
  for (const id of vocabulary.encode(text)) {
    if (logits) bits.push(-Math.log2(probabilityOf(id, logits, 0, vocabulary.size)));
    logits = stepOnce(model, id, states);
  }
  return bits;
}

describe('surprise', () => {
  it('is -log2 of the probability of each character', async () => {
    const model = await drawnModel({ seed: 1 });
    const text = letters(300, 2);
    const result = await new SurpriseMap(model).update(text, 0);
    const expected = bitsByHand(model, text);
    assert.equal(result.from, 0);
    assert.equal(result.bits.length, 300);
    assert.deepEqual([...new Set(result.lengths)], [1]);
    expected.forEach((bits, i) => assert.ok(Math.abs(result.bits[i + 1] - bits) < 1e-3, `character ${i + 1}`));
    const mean = [...result.bits].reduce((a, b) => a + b) / 300;
    assert.ok(Math.abs(result.meanBits - mean) < 1e-4);
  });

  it('gives the same after any edit as from scratch, starting at the change', async () => {
    const model = await drawnModel({ seed: 3 });
    const map = new SurpriseMap(model);
    const random = new Random(4);
    let text = letters(500, 5);
    await map.update(text, 0);
    for (let edit = 0; edit < 12; edit++) {
      const at = random.integer(text.length);
      text = text.slice(0, at) + letters(random.integer(20), edit) + text.slice(at + random.integer(20));
      const result = await map.update(text, at);
      const fresh = await new SurpriseMap(model).update(text, 0);
      assert.ok(result.from <= at);
      assert.deepEqual([...result.bits], [...fresh.bits.subarray(result.from)], `edit ${edit} at ${at}`);
      assert.ok(Math.abs(result.meanBits - fresh.meanBits) < 1e-6);
    }
  });

  it('rereads a character that gains or loses a combining mark in an edit', async () => {
    const model = await drawnModel({ text: { normalization: 'nfc' } });
    // The character before a position whose context is kept.
    const plain = `${letters(63, 18)}e${letters(40, 19)}`;
    const marked = `${plain.slice(0, 64)}\u0301${plain.slice(64)}`;
    for (const [before, after] of [
      [plain, marked],
      [marked, plain],
    ]) {
      const map = new SurpriseMap(model);
      await map.update(before, 0);
      const { bits, from } = await map.update(after, 64);
      const fresh = await new SurpriseMap(model).update(after, 0);
      assert.ok(from <= 63);
      assert.deepEqual([...bits], [...fresh.bits.subarray(from)]);
    }
  });

  describe('of a model with a memory', () => {
    const sentence = 'the captain sailed over the ocean, the farmer walked over the meadow. ';
    const network = learnedModel(sentence, { sureness: 2 });
    const model: LanguageModel = { ...network, memory: emptyMemory(network.vocabulary) };
    const odd = 'the ocean walked over the captain, the meadow sailed over the farmer. ';

    it('learns the text as it reads, and never what it scores', async () => {
      const text = odd.repeat(3);
      const { bits } = await new SurpriseMap(model).update(text, 0);
      const sum = (from: number): number => bits.subarray(from, from + odd.length).reduce((a, b) => a + b);
      assert.ok(sum(odd.length) < sum(0) / 2, `${sum(0)} bits, then ${sum(odd.length)}`);
      // Whatever follows a character, its figure is the same.
      for (const end of [1, 20, odd.length, odd.length + 30]) {
        const beginning = await new SurpriseMap(model).update(text.slice(0, end), 0);
        assert.deepEqual([...beginning.bits], [...bits.subarray(0, end)], `the first ${end} characters`);
      }
    });

    it('gives the same after any edit as from scratch', async () => {
      const map = new SurpriseMap(model);
      const random = new Random(24);
      let text = odd.repeat(6);
      await map.update(text, 0);
      for (let edit = 0; edit < 12; edit++) {
        const at = random.integer(text.length);
        text = text.slice(0, at) + odd.slice(0, random.integer(20)) + text.slice(at + random.integer(20));
        const { bits, from } = await map.update(text, at);
        const fresh = await new SurpriseMap(model).update(text, 0);
        assert.deepEqual([...bits], [...fresh.bits.subarray(from)], `edit ${edit} at ${at}`);
      }
    });

    it('knows what it expected in each place, by the same figures', async () => {
      const map = new SurpriseMap(model);
      const text = odd.repeat(3);
      const { bits } = await map.update(text, 0);
      let found = 0;
      for (let offset = 0; offset < text.length; offset++) {
        const expected = await map.expectedAt(text, offset);
        assert.equal(expected.length, 5);
        expected.forEach(({ probability }, i) => assert.ok(i === 0 || probability <= expected[i - 1].probability));
        const actual = expected.find(({ token }) => token === text[offset]);
        if (!actual) continue;
        found++;
        assert.ok(Math.abs(-Math.log2(actual.probability) - bits[offset]) < 1e-3, `character ${offset}`);
      }
      assert.ok(found > text.length / 2);
      assert.deepEqual(await map.expectedAt(text, text.length), []);
    });
  });

  it('reports the figures while it reads', async () => {
    const model = await drawnModel({ seed: 25 });
    const text = letters(3000, 26);
    const { now } = performance;
    let time = 0;
    // Each reading of the clock takes a while, so that there is something to report on any machine.
    performance.now = () => (time += 5);
    const parts: SurpriseResult[] = [];
    const whole = await new SurpriseMap(model)
      .update(text, 0, { onPart: (part) => parts.push(part) })
      .finally(() => (performance.now = now));
    assert.ok(parts.length >= 2, `${parts.length} parts`);
    let read = 0;
    for (const { from, bits, lengths } of parts) {
      assert.equal(from, read);
      assert.deepEqual([...bits], [...whole.bits.subarray(read, read + bits.length)]);
      read += lengths.reduce((a, b) => a + b);
    }
    assert.ok(read <= text.length);
  });

  it('reads only from the last context before a change', async () => {
    const model = learnedModel('once upon a time there was a text that was known by heart. '.repeat(20));
    const map = new SurpriseMap(model);
    const text = 'once upon a time there was a text that was known by heart. '.repeat(20);
    await map.update(text, 0);
    const before = model.steps();
    const result = await map.update(`${text}once`, text.length);
    assert.ok(model.steps() - before <= 64 + 4 + 1, `${model.steps() - before} steps`);
    assert.ok(result.from <= text.length);
    assert.equal(result.from + result.bits.length, text.length + 4);
  });

  it('accepts the next text while the last one is being cancelled', async () => {
    const model = await drawnModel({ seed: 20 });
    const map = new SurpriseMap(model);
    const [first, second] = [letters(4000, 21), letters(300, 22)];
    const controller = new AbortController();
    // A clock that advances each time it is read: on any machine, the first text is abandoned after 160 characters.
    const { now } = performance;
    let time = 0;
    performance.now = () => (time += 0.05);
    const cancelled = map.update(first, 0, { signal: controller.signal });
    const next = map.update(second, 0);
    controller.abort();
    await assert
      .rejects(cancelled, (error) => error instanceof InklingError && error.code === 'cancelled')
      .finally(() => (performance.now = now));
    const fresh = await new SurpriseMap(model).update(second, 0);
    assert.deepEqual([...(await next).bits], [...fresh.bits]);
    // What was computed before the cancellation is kept and correct.
    const resumed = await map.update(first, 0);
    const whole = await new SurpriseMap(model).update(first, 0);
    assert.deepEqual([...resumed.bits], [...whole.bits]);
  });

  it('gives an unseen character its own figure and leaves it out of the mean', async () => {
    const model = await drawnModel({ seed: 6 });
    const result = await new SurpriseMap(model).update('abc🦑def', 0);
    assert.deepEqual([...result.lengths], [1, 1, 1, 2, 1, 1, 1]);
    assert.equal(result.bits[3], 16);
    const known = [...result.bits].filter((_, i) => i !== 3).reduce((a, b) => a + b);
    assert.ok(Math.abs(result.meanBits - known / 6) < 1e-4);
  });

  it('covers every window of a model of windows', async () => {
    const model = await drawnModel({ seed: 7, objective: lastStep(6) });
    const text = letters(60, 8);
    const { bits } = await new SurpriseMap(model).update(text, 0);
    for (let i = 6; i < text.length; i++) {
      const [last] = bitsByHand(model, text.slice(i - 6, i + 1)).slice(-1);
      assert.ok(Math.abs(bits[i] - last) < 1e-3, `character ${i}`);
    }
  });

  it('restarts each line of a model of lines', async () => {
    const model = await drawnModel({ seed: 9, text: { examples: 'lines' } });
    const { bits } = await new SurpriseMap(model).update('abc\nabc\nabc\n', 0);
    assert.deepEqual([...bits.subarray(4, 8)], [...bits.subarray(0, 4)]);
    assert.deepEqual([...bits.subarray(8, 12)], [...bits.subarray(0, 4)]);
    const states = new Float32Array(stateSize(model.stepper.spec));
    const logits = stepOnce(model, noToken, states);
    const first = -Math.log2(probabilityOf(model.vocabulary.idOf('a'), logits, 0, model.vocabulary.size));
    assert.ok(Math.abs(bits[0] - first) < 1e-3);
  });

  it('handles an empty text', async () => {
    const model = await drawnModel();
    const result = await new SurpriseMap(model).update('', 0);
    assert.deepEqual([result.from, result.bits.length, result.meanBits], [0, 0, 0]);
  });
});

describe('text units', () => {
  const total = (lengths: Uint8Array): number => lengths.reduce((a, b) => a + b, 0);

  it('cover the original text, whatever normalisation does to it', async () => {
    const model = await drawnModel({ text: { lowercase: true, normalization: 'nfc' } });
    const text = 'A\r\nbe\u0301c\rİ🦑';
    const units = splitIntoUnits(model, text);
    assert.equal(total(units.lengths), text.length);
    assert.deepEqual([...units.lengths], [1, 2, 1, 2, 1, 1, 1, 2]);
    // İ in lower case is i and a dot above.
    assert.deepEqual([...units.counts], [1, 1, 1, 1, 1, 1, 2, 1]);
    assert.equal(units.ids.length, 9);
  });

  it('separate words, what lies between them, and what is too long', async () => {
    const model = learnedModel('to be or not to be', { unit: 'word' });
    const text = `to   be, ${'x'.repeat(600)} -- not-to`;
    const units = splitIntoUnits(model, text);
    assert.equal(total(units.lengths), text.length);
    assert.equal(
      units.counts.reduce((a, b) => a + b),
      units.ids.length,
    );
    assert.deepEqual([...units.lengths], [2, 3, 3, 1, 250, 250, 100, 1, 2, 1, 6]);
    assert.deepEqual([...units.counts], [1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 2]);
  });
});

describe('considered', () => {
  it('lists the most likely tokens with their probabilities', async () => {
    const model = await drawnModel({ seed: 10 });
    const list = await considered(model, createPredictor(model), 'some text', model.vocabulary.size);
    assert.ok(Math.abs(list.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-5);
    list.forEach(({ probability }, i) => assert.ok(i === 0 || probability <= list[i - 1].probability));
    assert.equal((await considered(model, createPredictor(model), 'some text', 3)).length, 3);
  });
});

describe('score', () => {
  it('is the mean surprise of all characters but the first', async () => {
    const model = await drawnModel({ seed: 11 });
    const text = letters(200, 12);
    const bits = bitsByHand(model, text);
    const mean = bits.reduce((a, b) => a + b) / bits.length;
    const score = await scoreText(model, text);
    assert.equal(score.characters, 199);
    assert.ok(Math.abs(score.bitsPerCharacter - mean) < 1e-3);
    assert.ok(Math.abs(score.lossNats - mean * Math.LN2) < 1e-3);
    assert.ok(Math.abs(score.perplexity - 2 ** mean) < 1e-2 * 2 ** mean);
  });

  it('with windows is the mean loss of the last-step objective', async () => {
    const model = await drawnModel({ seed: 13 });
    const text = letters(100, 14);
    const losses: number[] = [];
    for (let start = 0; start + 10 < text.length; start += 3) {
      losses.push(bitsByHand(model, text.slice(start, start + 11)).at(-1)! * Math.LN2);
    }
    const score = await scoreText(model, text, { windows: { length: 10, stride: 3 } });
    assert.equal(score.characters, losses.length);
    assert.ok(Math.abs(score.lossNats - losses.reduce((a, b) => a + b) / losses.length) < 1e-4);
  });

  it('scores a model of windows by its own windows', async () => {
    const model = await drawnModel({ seed: 15, objective: lastStep(6) });
    const text = letters(40, 16);
    const own = await scoreText(model, text);
    const asked = await scoreText(model, text, { windows: { length: 6, stride: 1 } });
    assert.deepEqual(own, asked);
  });

  it('scores lines as examples', async () => {
    const model = await drawnModel({
      seed: 17,
      text: { examples: 'lines' },
      objective: { ...lastStep(16), kind: 'every-step' },
    });
    const lines = 'abc\ndefg\nhi\n';
    const { bits } = await new SurpriseMap(model).update(lines, 0);
    const score = await scoreText(model, lines);
    assert.equal(score.characters, lines.length);
    assert.ok(Math.abs(score.bitsPerCharacter - [...bits].reduce((a, b) => a + b) / lines.length) < 1e-4);
  });

  it('of two texts at once is that of each alone', async () => {
    const model = await drawnModel({ seed: 18, steps: 4 });
    const texts = [letters(300, 19), letters(200, 20)];
    const alone = [await scoreText(model, texts[0]), await scoreText(model, texts[1])];
    assert.deepEqual(await Promise.all(texts.map((text) => scoreText(model, text))), alone);
    await Promise.all([assert.rejects(scoreText(model, 'a')), scoreText(model, texts[0])]);
  });

  it('refuses unusable texts', async () => {
    const model = await drawnModel();
    await assert.rejects(scoreText(model, 'a'), /longer/);
    await assert.rejects(scoreText(model, 'abcdef', { windows: { length: 33, stride: 1 } }), /at most 32/);
    await assert.rejects(scoreText(model, 'abcdef', { windows: { length: 0, stride: 1 } }), /60,3/);
  });
});
