import * as assert from 'node:assert/strict';
import { noToken } from '../../../../src/engine/backends/backend';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { Contexts, letterOrders, placeNumbers, wordOrders } from '../../../../src/engine/memory/contexts';
import { learnText } from '../../../../src/engine/memory/learnText';
import { Layer, Memory, type BaseLayer } from '../../../../src/engine/memory/memory';
import { Random } from '../../../../src/engine/random';
import { letterContexts, slowCounts, slowPredict, wordContexts } from './slowMemory';

const letterDiscounts = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8];
const wordDiscounts = [0.5, 0.6, 0.7];

const alphabet = [..."\n .'AEabe"];
const vocabulary = Vocabulary.build('character', [alphabet.join('')]);
const contexts = new Contexts(vocabulary);

/** A text with repetitions. */
function drawText(random: Random, length: number): string[] {
  const text: string[] = [];
  while (text.length < length) {
    if (text.length > 20 && random.uniform() < 0.2) {
      const from = random.integer(text.length - 12);
      text.push(...text.slice(from, from + 12));
    } else text.push(alphabet[random.integer(alphabet.length)]);
  }
  return text.slice(0, length);
}

/** The tokens of texts, each preceded by `noToken`. */
function tokensOf(texts: readonly (readonly string[])[]): Uint16Array {
  return Uint16Array.from(texts.flatMap((text) => [noToken, ...text.map((token) => vocabulary.idOf(token))]));
}

/** Calls `visit` at every token with the place in front of it. */
function walk(tokens: ArrayLike<number>, visit: (place: Float32Array, token: number, i: number) => void): void {
  const place = new Float32Array(placeNumbers);
  contexts.start(place, 0);
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] !== noToken) visit(place, tokens[i], i);
    contexts.advance(place, 0, tokens[i]);
  }
}

/** Every count of a layer, in sorted order. */
function countsOf(layer: BaseLayer | Layer, tokens: ArrayLike<number>): string[] {
  const counts = new Set<string>();
  const letters = new Uint32Array(letterOrders + 1);
  const words = new Uint32Array(wordOrders);
  walk(tokens, (place) => {
    contexts.letters(place, 0, letters);
    contexts.words(place, 0, words);
    for (let symbol = 0; symbol < vocabulary.size; symbol++) {
      letters.forEach((hash, k) => counts.add(`l${k} ${hash} ${symbol} ${layer.letters[k].count(hash, symbol)}`));
      words.forEach((hash, k) => counts.add(`w${k} ${hash} ${symbol} ${layer.words[k].count(hash, symbol)}`));
    }
  });
  return [...counts].filter((line) => !line.endsWith(' 0')).sort();
}

const nothing = learnText(new Uint16Array(0), contexts, vocabulary.size);

function learnAll(memory: Memory, layer: Layer, tokens: ArrayLike<number>): void {
  walk(tokens, (place, token) => memory.learn(layer, place, token));
}

function sizeOf(layer: Layer): [contexts: number, entries: number] {
  const all = [...layer.letters, ...layer.words];
  return [all.reduce((sum, c) => sum + c.contexts, 0), all.reduce((sum, c) => sum + c.entries, 0)];
}

describe('Memory', () => {
  for (const seed of [1, 2, 3]) {
    it(`predicts according to its definition, with layers and without (seed ${seed})`, () => {
      const random = new Random(seed);
      const base = [drawText(random, 300), drawText(random, 50)];
      const layered = [drawText(random, 80), base[0].slice(100, 160)];
      const probe = [...base[0].slice(-30), ...layered[0].slice(0, 40), ...drawText(random, 30)];
      const packed = learnText(tokensOf(base), contexts, vocabulary.size);
      const layers = layered.map(() => new Layer());
      const alone = new Memory(contexts, vocabulary.size, packed);
      layered.forEach((text, i) => learnAll(alone, layers[i], tokensOf([text])));

      const slowLetters = slowCounts({ texts: base }, letterContexts);
      const slowWords = slowCounts({ texts: base }, wordContexts);
      for (const with_ of [[], layers.slice(0, 1), layers]) {
        const memory = alone.under(with_);
        const chain = (
          own: ReturnType<typeof slowCounts>,
          of: typeof letterContexts,
        ): { orders: typeof own; weight: number }[] => [
          { orders: own, weight: 1 },
          ...with_.map((_, i) => ({ orders: slowCounts({ texts: [layered[i]] }, of, own), weight: 2 })),
        ];
        const letterLayers = chain(slowLetters, letterContexts);
        const wordLayers = chain(slowWords, wordContexts);
        walk(tokensOf([probe]), (place, _token, i) => {
          const before = probe.slice(0, i - 1);
          memory.predict(place, 0);
          const flat = alphabet.map(() => 1 / alphabet.length);
          const letters = slowPredict(alphabet, letterLayers, letterContexts(before), letterDiscounts, flat);
          const words = slowPredict(alphabet, wordLayers, wordContexts(before), wordDiscounts, letters.probabilities);
          assert.equal(memory.foundLetters, Math.max(0, letters.found - 1));
          assert.equal(memory.foundWords, words.found);
          alphabet.forEach((token, t) => {
            const id = vocabulary.idOf(token);
            assert.ok(Math.abs(memory.letters[id] - letters.probabilities[t]) < 1e-12, `letters before ${i}`);
            assert.ok(Math.abs(memory.words[id] - words.probabilities[t]) < 1e-12, `words before ${i}`);
          });
          for (const p of [memory.letters, memory.words]) {
            assert.ok(Math.abs(p.reduce((a, b) => a + b) - 1) < 1e-12);
          }
        });
      }
    });
  }

  it('learns a whole text with the same result as token by token', () => {
    const random = new Random(4);
    const tokens = tokensOf([drawText(random, 600), drawText(random, 3)]);
    const layer = new Layer();
    learnAll(new Memory(contexts, vocabulary.size, nothing), layer, tokens);
    assert.deepEqual(countsOf(learnText(tokens, contexts, vocabulary.size), tokens), countsOf(layer, tokens));
  });

  it('leaves out what occurs only once if requested', () => {
    const tokens = tokensOf([[...'abe abe ebab', ...'\nabe abe .']]);
    const all = learnText(tokens, contexts, vocabulary.size);
    const some = learnText(tokens, contexts, vocabulary.size, {
      keepsSingle: (chain, order) => chain === 'words' || order < 4,
    });
    assert.deepEqual(some.words, all.words);
    for (let order = 0; order <= letterOrders; order++) {
      const totals = (layer: BaseLayer): number[] =>
        [...layer.letters[order].contexts].map((_, c) => {
          const { starts, entries } = layer.letters[order];
          return entries.slice(starts[c], starts[c + 1]).reduce((sum, entry) => sum + (entry & 0xffff), 0);
        });
      assert.deepEqual(totals(some), order < 4 ? totals(all) : totals(all).filter((total) => total > 1));
    }
    assert.ok(some.letters[5].contexts.length > 0);
    assert.ok(some.letters[5].contexts.length < all.letters[5].contexts.length);
  });

  it('forgets without a trace, in any order', () => {
    const random = new Random(5);
    const base = learnText(tokensOf([drawText(random, 500)]), contexts, vocabulary.size);
    const memory = new Memory(contexts, vocabulary.size, base);
    const [stays, goes] = [tokensOf([drawText(random, 300)]), tokensOf([drawText(random, 400)])];
    const layer = new Layer();
    learnAll(memory, layer, stays);
    const before = countsOf(layer, stays);
    const size = sizeOf(layer);

    const places: { place: Float32Array; token: number }[] = [];
    walk(goes, (place, token) => places.push({ place: place.slice(), token }));
    for (const { place, token } of places) memory.learn(layer, place, token);
    assert.notDeepEqual(sizeOf(layer), size);
    for (let left = places.length; left > 0; left--) {
      const i = random.integer(left);
      const { place, token } = places[i];
      memory.forget(layer, place, token);
      places[i] = places[left - 1];
    }
    assert.deepEqual(sizeOf(layer), size);
    assert.deepEqual(countsOf(layer, stays), before);
    walk(stays, (place, token) => memory.forget(layer, place, token));
    assert.deepEqual(sizeOf(layer), [0, 0]);
    assert.throws(() => memory.forget(layer, places[0].place, 1), { code: 'internal' });
  });

  it('refuses to take back what was not counted', () => {
    const layer = new Layer();
    const change = (hash: number, symbol: number, by: 1 | -1): number => layer.change('letters', 2, hash, symbol, by);
    change(7, 1, 1);
    assert.throws(() => change(7, 2, -1), { code: 'internal' });
    assert.throws(() => change(8, 1, -1), { code: 'internal' });
    assert.equal(change(7, 1, -1), 0);
    assert.throws(() => change(7, 1, -1), { code: 'internal' });
  });

  it('needs no more room for a text that is changed again and again', () => {
    const random = new Random(6);
    const memory = new Memory(contexts, vocabulary.size, nothing);
    const layer = new Layer();
    const tokens = tokensOf([drawText(random, 500)]);
    const bytes = (): number => [...layer.letters, ...layer.words].reduce((sum, counts) => sum + counts.bytes, 0);
    learnAll(memory, layer, tokens);
    const once = bytes();
    for (let i = 0; i < 10; i++) {
      walk(tokens, (place, token) => memory.forget(layer, place, token));
      learnAll(memory, layer, tokens);
    }
    assert.equal(bytes(), once);
  });

  it('has no contexts of words if each token is a word', () => {
    const words = Vocabulary.build('word', ['the cat sat on the mat and the dog sat on the cat']);
    const of = new Contexts(words);
    const ids = words.encode('the cat sat on the mat and the dog sat on the cat');
    const base = learnText(ids, of, words.size);
    const memory = new Memory(of, words.size, base);
    const place = new Float32Array(placeNumbers);
    of.start(place, 0);
    for (const id of words.encode('dog sat on the')) of.advance(place, 0, id);
    memory.predict(place, 0);
    assert.deepEqual(memory.words, memory.letters);
    assert.equal(memory.letters.indexOf(Math.max(...memory.letters)), words.idOf('cat'));
    assert.ok(Math.abs(memory.letters.reduce((a, b) => a + b) - 1) < 1e-12);
  });
});

describe('Contexts', () => {
  it('represent a place by whole numbers that fit into float32', () => {
    walk(tokensOf([drawText(new Random(7), 200)]), (place) => {
      for (const number of place) assert.ok(Number.isInteger(number) && number >= 0 && number <= 0xffff);
    });
  });

  it('give the same hashes from a place and from the tokens before it', () => {
    const tokens = tokensOf([drawText(new Random(8), 100), drawText(new Random(9), 4)]);
    const hashes = new Uint32Array(letterOrders + 1);
    walk(tokens, (place, _token, i) => {
      contexts.letters(place, 0, hashes);
      const before = new Uint32Array(1);
      hashes.forEach((hash, order) => {
        contexts.lettersBefore(tokens, Uint32Array.of(i), 0, 1, order, before);
        assert.equal(before[0], hash);
      });
    });
  });

  it('do not change when a vocabulary is extended', () => {
    const wider = new Contexts(vocabulary.extend('bBzZ'));
    const hashes = [new Uint32Array(wordOrders), new Uint32Array(wordOrders)];
    const places = [new Float32Array(placeNumbers), new Float32Array(placeNumbers)];
    [contexts, wider].forEach((own, i) => {
      own.start(places[i], 0);
      for (const character of "A bE'a") own.advance(places[i], 0, vocabulary.idOf(character));
      own.words(places[i], 0, hashes[i]);
    });
    assert.deepEqual(hashes[0], hashes[1]);
    assert.deepEqual(places[0], places[1]);
  });
});
