import * as assert from 'node:assert/strict';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { Contexts, placeNumbers } from '../../../../src/engine/memory/contexts';
import { learnText } from '../../../../src/engine/memory/learnText';
import { Layer, Memory } from '../../../../src/engine/memory/memory';
import { TextsLayer } from '../../../../src/engine/memory/textsLayer';
import { Random } from '../../../../src/engine/random';

const alphabet = [..."\n .'abe"];
const vocabulary = Vocabulary.build('character', [alphabet.join('')]);
const contexts = new Contexts(vocabulary);
const base = learnText(vocabulary.encode('a bee. abe\nbea '), contexts, vocabulary.size);
const memory = new Memory(contexts, vocabulary.size, base);
const asIs = { lowercase: false, normalization: 'nfc' as const };

function draw(random: Random, length: number): string {
  return Array.from({ length }, () => alphabet[random.integer(alphabet.length)]).join('');
}

/** A layer that learned the texts token by token. */
function learned(texts: Iterable<string>): Layer {
  const layer = new Layer();
  for (const text of texts) {
    const place = new Float32Array(placeNumbers);
    contexts.start(place, 0);
    for (const token of vocabulary.encode(text)) {
      memory.learn(layer, place, token);
      contexts.advance(place, 0, token);
    }
  }
  return layer;
}

/** The predictions of a memory with a layer at every token of a text. */
function predictions(layer: Layer, text: string): number[][] {
  const own = memory.under([layer]);
  const place = new Float32Array(placeNumbers);
  contexts.start(place, 0);
  return [...vocabulary.encode(text)].map((token) => {
    own.predict(place, 0);
    contexts.advance(place, 0, token);
    return [own.foundLetters, own.foundWords, ...own.letters, ...own.words];
  });
}

function assertSame(layer: Layer, texts: Iterable<string>, probe: string): void {
  const expected = predictions(learned(texts), probe);
  predictions(layer, probe).forEach((row, i) =>
    row.forEach((value, j) => assert.ok(Math.abs(value - expected[i][j]) < 1e-12, `${j} at ${i} of "${probe}"`)),
  );
}

describe('TextsLayer', () => {
  it('knows what it would have learned token by token, whichever texts are added, removed and changed', async () => {
    const random = new Random(1);
    const texts = new Map(Array.from({ length: 6 }, (_, i) => [`${i}`, draw(random, 300)]));
    const layer = new TextsLayer(memory, vocabulary, asIs);
    for (let step = 0; step < 24; step++) {
      const except = random.uniform() < 0.7 ? `${random.integer(8)}` : undefined;
      await layer.follow(texts, except);
      const held = [...texts].filter(([name]) => name !== except).map(([, text]) => text);
      assertSame(layer.layer, held, draw(random, 60) + (texts.get(except ?? '') ?? '').slice(0, 60));
      const name = `${random.integer(8)}`;
      if (random.uniform() < 0.2) texts.delete(name);
      else texts.set(name, `${texts.get(name) ?? ''}${draw(random, 1 + random.integer(80))}`);
      if (step === 12) for (const each of texts.keys()) texts.set(each, draw(random, 200));
    }
    await layer.follow(new Map());
    assertSame(layer.layer, [], draw(random, 60));
  });

  it('does not predict from the text that it leaves out', async () => {
    const layer = new TextsLayer(memory, vocabulary, asIs);
    const own = 'ebb abba ebba beab. '.repeat(3);
    const others = new Map([['other', 'a bee abe bea. '.repeat(20)]]);
    await layer.follow(new Map([...others, ['own', own]]), 'own');
    assertSame(layer.layer, others.values(), own);
  });

  it('can take back what occurs more often than a packed count can hold', async () => {
    const layer = new TextsLayer(memory, vocabulary, asIs);
    const texts = new Map([
      ['many', 'a'.repeat(70_000)],
      ['few', 'a bee. '.repeat(20)],
    ]);
    await layer.follow(texts);
    await layer.follow(texts, 'many');
    assertSame(layer.layer, [texts.get('few')!], 'aaaaaaaaaa bee. a bee');
  });

  it('follows the latest request while it learns', async () => {
    const random = new Random(2);
    const texts = new Map(Array.from({ length: 4 }, (_, i) => [`${i}`, draw(random, 8000)]));
    const layer = new TextsLayer(memory, vocabulary, asIs);
    const first = layer.follow(texts, '1');
    await Promise.all([first, layer.follow(texts, '2')]);
    assertSame(
      layer.layer,
      ['0', '1', '3'].map((name) => texts.get(name)!),
      draw(random, 100),
    );
  });
});
