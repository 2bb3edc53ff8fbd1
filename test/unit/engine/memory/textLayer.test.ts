import * as assert from 'node:assert/strict';
import { noToken } from '../../../../src/engine/backends/backend';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { Contexts, placeNumbers } from '../../../../src/engine/memory/contexts';
import { learnText } from '../../../../src/engine/memory/learnText';
import { Layer, Memory } from '../../../../src/engine/memory/memory';
import { TextLayer } from '../../../../src/engine/memory/textLayer';
import { Random } from '../../../../src/engine/random';

const alphabet = [..."\n .'abe"];
const vocabulary = Vocabulary.build('character', [alphabet.join('')]);
const contexts = new Contexts(vocabulary);
const encode = (text: string): Uint16Array => vocabulary.encode(text);
const memory = new Memory(contexts, vocabulary.size, learnText(encode('a bee. abe\nbea '), contexts, vocabulary.size));
const asIs = { lowercase: false, normalization: 'nfc' as const };

function draw(random: Random, length: number): string {
  return Array.from({ length }, () => alphabet[random.integer(alphabet.length)]).join('');
}

/** The contents of a layer that learned the tokens one after the other. */
function learned(tokens: Uint16Array): Layer {
  const layer = new Layer();
  const place = new Float32Array(placeNumbers);
  contexts.start(place, 0);
  for (const token of tokens) {
    if (token !== noToken) memory.learn(layer, place, token);
    contexts.advance(place, 0, token);
  }
  return layer;
}

function assertSame(found: Layer, expected: Layer, text: string): void {
  const sizes = ({ letters, words }: Layer): number[][] =>
    [...letters, ...words].map((counts) => [counts.contexts, counts.entries]);
  assert.deepEqual(sizes(found), sizes(expected), JSON.stringify(text));
  assertPredictsAs(found, expected, text);
}

function assertPredictsAs(found: Layer, expected: Layer, text: string): void {
  const place = new Float32Array(placeNumbers);
  contexts.start(place, 0);
  const [one, other] = [memory.under([found]), memory.under([expected])];
  for (const token of encode(text)) {
    one.predict(place, 0);
    other.predict(place, 0);
    const differs =
      one.letters.some((value, i) => Math.abs(value - other.letters[i]) > 1e-12) ||
      one.words.some((value, i) => Math.abs(value - other.words[i]) > 1e-12);
    if (differs) assert.fail(JSON.stringify(text));
    contexts.advance(place, 0, token);
  }
}

describe('TextLayer', () => {
  it('knows after any edits what it would learn from the final text alone', async () => {
    const random = new Random(4);
    const layer = new TextLayer(memory, vocabulary, asIs);
    let text = '';
    for (let step = 0; step < 200; step++) {
      const start = random.integer(text.length + 1);
      const deleted = random.uniform() < 0.5 ? 0 : random.integer(Math.min(90, text.length - start) + 1);
      const inserted = draw(random, random.uniform() < 0.1 ? random.integer(400) : random.integer(6));
      text = text.slice(0, start) + inserted + text.slice(start + deleted);
      const cursor = random.uniform() < 0.3 ? undefined : random.integer(text.length + 1);
      await layer.update(text, cursor);
      if (step % 4 !== 0) continue;
      const tokens =
        cursor === undefined
          ? encode(text)
          : Uint16Array.from([...encode(text.slice(0, cursor)), noToken, ...encode(text.slice(cursor))]);
      assertSame(layer.layer, learned(tokens), text);
    }
    await layer.update('');
    assertSame(layer.layer, new Layer(), '');
  });

  it('learns a long text at once, and knows the same as if it had learned it step by step, also after edits', async () => {
    const random = new Random(5);
    const layer = new TextLayer(memory, vocabulary, asIs);
    let text = draw(random, 20_000);
    await layer.update(text);
    assert.ok(layer.layer.ground);
    assertPredictsAs(layer.layer, learned(encode(text)), text);
    for (let step = 0; step < 40; step++) {
      const start = random.integer(text.length + 1);
      text = text.slice(0, start) + draw(random, 3) + text.slice(start + random.integer(200));
      await layer.update(text);
    }
    assertPredictsAs(layer.layer, learned(encode(text)), text);
    await layer.update('');
    assertPredictsAs(layer.layer, new Layer(), text.slice(0, 1000));
  });

  it('reads line breaks and composed characters as training does', async () => {
    const accented = Vocabulary.build('character', ['\naé']);
    const own = new Contexts(accented);
    const nothing = new Memory(own, accented.size, learnText(new Uint16Array(0), own, accented.size));
    const layer = new TextLayer(nothing, accented, asIs);
    await layer.update('ae\u0301\r\na', 4);
    await layer.update('ae\u0301\r\naa', 7);
    const place = new Float32Array(placeNumbers);
    own.start(place, 0);
    for (const character of 'aé\n') own.advance(place, 0, accented.idOf(character));
    const known = nothing.under([layer.layer]);
    known.predict(place, 0);
    // The three letters before it, and the three places before the beginning of the text.
    assert.equal(known.foundLetters, 6);
    assert.ok(known.letters[accented.idOf('a')] > 0.5);
  });
});
