import * as assert from 'node:assert/strict';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { Contexts, placeNumbers } from '../../../../src/engine/memory/contexts';
import { learnText } from '../../../../src/engine/memory/learnText';
import { logarithm } from '../../../../src/engine/memory/logarithm';
import { Memory } from '../../../../src/engine/memory/memory';
import { firstTables, Mixture, type MixtureTables } from '../../../../src/engine/memory/mixture';
import { Random } from '../../../../src/engine/random';

const vocabulary = Vocabulary.build('character', ['\n abcdefg']);
const contexts = new Contexts(vocabulary);
const classes = vocabulary.size;

/** A source of text whose next token depends on the last two, with its true distribution. */
function source(random: Random): (last: number, beforeLast: number) => Float64Array {
  const rows = Array.from({ length: classes ** 2 }, () => {
    const row = Float64Array.from({ length: classes }, () => Math.exp(2.5 * random.normal()));
    const sum = row.reduce((a, b) => a + b);
    return row.map((p) => p / sum);
  });
  return (last, beforeLast) => rows[last * classes + beforeLast];
}

function draw(p: Float64Array, random: Random): number {
  let rest = random.uniform();
  let token = 0;
  while (token < classes - 1 && (rest -= p[token]) > 0) token++;
  return token;
}

function drawText(next: ReturnType<typeof source>, length: number, random: Random): Uint16Array {
  const text = new Uint16Array(length);
  for (let i = 2; i < length; i++) text[i] = draw(next(text[i - 1], text[i - 2]), random);
  return text;
}

function drawnTables(random: Random): MixtureTables {
  const tables = firstTables();
  return {
    exponents: tables.exponents.map((value) => value + 0.2 * random.normal()),
    weights: tables.weights.map((value) => value + random.normal()),
    learned: 0,
  };
}

describe('Mixture', () => {
  const random = new Random(3);
  const text = drawText(source(random), 3000, random);
  const memory = new Memory(contexts, classes, learnText(text, contexts, classes));
  const place = new Float32Array(placeNumbers);
  contexts.start(place, 0);
  for (const token of text.slice(0, 50)) contexts.advance(place, 0, token);
  memory.predict(place, 0);
  const logits = Float32Array.from({ length: classes }, () => 2 * random.normal());

  it('is a distribution, and equals the network if the memory is not trusted', () => {
    for (const trust of [1, 0.5, 0]) {
      const row = new Float32Array(2 * classes);
      row.set(logits, classes);
      new Mixture(classes, drawnTables(random)).mix(row, classes, memory, trust);
      assert.ok(Math.abs(row.slice(classes).reduce((sum, x) => sum + Math.exp(x), 0) - 1) < 1e-6);
      assert.ok(row.slice(0, classes).every((x) => x === 0));
      if (trust > 0) continue;
      const sum = logits.reduce((a, b) => a + Math.exp(b), 0);
      row.slice(classes).forEach((x, i) => assert.ok(Math.abs(x - (logits[i] - Math.log(sum))) < 1e-6));
    }
  });

  it('follows the gradient of both mixtures', () => {
    const mixture = new Mixture(classes, firstTables());
    const sum = logits.reduce((a, b) => a + Math.exp(b), 0);
    const parts = [logits.map((x) => Math.exp(x) / sum), memory.letters, memory.words].map((p) => Array.from(p));
    const geometric = (exponents: number[]): number[] => {
      const products = parts[0].map((_, i) => parts.reduce((product, p, j) => product * p[i] ** exponents[j], 1));
      const total = products.reduce((a, b) => a + b);
      return products.map((product) => product / total);
    };
    const linear = (weights: number[]): number[] => {
      const total = weights.reduce((a, b) => a + Math.exp(b), 0);
      return parts[0].map((_, i) => parts.reduce((p, part, j) => p + (Math.exp(weights[j]) / total) * part[i], 0));
    };
    const expected = (exponents: number[], weights: number[]): number[] =>
      geometric(exponents).map((p, i) => Math.log((p + linear(weights)[i]) / 2));
    const mixed = (): Float32Array => {
      const row = logits.slice();
      mixture.mix(row, 0, memory);
      return row;
    };
    const close = (row: Float32Array, wanted: number[]): void =>
      row.forEach((x, i) => assert.ok(Math.abs(x - wanted[i]) < 2e-6, `${x} is not ${wanted[i]}`));
    let exponents = [0.6, 0.2, 0.2].map(Math.fround);
    let weights = [1, 0, 0];
    close(mixed(), expected(exponents, weights));
    for (let times = 0; times < 20; times++) {
      const token = times % 3;
      const slope = (f: (x: number[]) => number[], at: number[], j: number): number => {
        const near = (step: number): number => Math.log(f(at.map((x, i) => (i === j ? x + step : x)))[token]);
        return (near(1e-5) - near(-1e-5)) / 2e-5;
      };
      // Three entries of a table are summed, so that each step counts three times; the steps become smaller.
      const share = (1 + (times + 1) / 1000) ** -0.5;
      const [dExponents, dWeights] = [
        exponents.map((_, j) => 3 * share * 0.01 * slope(geometric, exponents, j)),
        weights.map((_, j) => 3 * share * 0.15 * slope(linear, weights, j)),
      ];
      exponents = exponents.map((x, j) => x + dExponents[j]);
      weights = weights.map((x, j) => x + dWeights[j]);
      mixture.learn(token);
      close(mixed(), expected(exponents, weights));
    }
  });

  it('gives the mean of its tables over what it learned', () => {
    const mixture = new Mixture(classes, firstTables());
    const tables = [mixture.tables()];
    for (let i = 0; i < 4; i++) {
      mixture.mix(logits.slice(), 0, memory);
      mixture.learn(1);
      tables.push(mixture.tables());
    }
    assert.deepEqual(tables[0], firstTables());
    assert.deepEqual(tables[1], { ...firstTables(), learned: 1 });
    const moved = (i: number): number =>
      tables[i].exponents.reduce((sum, x, j) => sum + Math.abs(x - tables[0].exponents[j]), 0);
    // Steps of one size would lead to means that grow by half a step each time; these become shorter.
    assert.ok(moved(2) > 0);
    assert.ok(moved(3) / moved(2) > 1.3 && moved(3) / moved(2) < 2, `${moved(3) / moved(2)}`);
    assert.ok(moved(4) / moved(2) > 1.5 && moved(4) / moved(2) < 3, `${moved(4) / moved(2)}`);
  });

  /** How much worse than the best of its parts the mixture may be on a text to which it is fitted while reading it. */
  const bound = 0.02;

  for (const [what, noise, seed] of [
    ['the network knows', 0, 1],
    ['the memory knows', 3, 2],
    ['both know', 1, 3],
  ] as const) {
    it(`is never much worse than the best of its parts: ${what}`, () => {
      const own = new Random(seed);
      const next = source(own);
      const known = new Memory(contexts, classes, learnText(drawText(next, 20_000, own), contexts, classes));
      const unknown = drawText(next, 8000, own);
      const mixture = new Mixture(classes, firstTables());
      const losses = { network: 0, letters: 0, words: 0, mixture: 0 };
      const here = new Float32Array(placeNumbers);
      contexts.start(here, 0);
      for (let i = 2; i < unknown.length; i++) {
        contexts.advance(here, 0, unknown[i - 1]);
        known.predict(here, 0);
        const row = Float32Array.from(next(unknown[i - 1], unknown[i - 2]), (p) => Math.log(p) + noise * own.normal());
        const sum = row.reduce((a, b) => a + Math.exp(b), 0);
        losses.network -= Math.log(Math.exp(row[unknown[i]]) / sum);
        losses.letters -= Math.log(known.letters[unknown[i]]);
        losses.words -= Math.log(known.words[unknown[i]]);
        mixture.mix(row, 0, known);
        losses.mixture -= row[unknown[i]];
        mixture.learn(unknown[i]);
      }
      const mean = (sum: number): number => sum / (unknown.length - 2);
      const best = Math.min(mean(losses.network), mean(losses.letters), mean(losses.words));
      assert.ok(mean(losses.mixture) < best + bound, JSON.stringify(losses));
      if (noise === 1) assert.ok(mean(losses.mixture) < best - 0.05, JSON.stringify(losses));
    });
  }
});

describe('logarithm', () => {
  it('is the natural logarithm', () => {
    const random = new Random(5);
    for (let i = 0; i < 20_000; i++) {
      const x = i < 1000 ? 1 + (i - 500) * 1e-7 : Math.exp(700 * (2 * random.uniform() - 1));
      assert.ok(Math.abs(logarithm(x) - Math.log(x)) <= 1e-12 * Math.max(1e-3, Math.abs(Math.log(x))), `ln ${x}`);
    }
    assert.equal(logarithm(1), 0);
  });
});
