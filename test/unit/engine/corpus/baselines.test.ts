import * as assert from 'node:assert/strict';
import { InklingError } from '../../../../src/common/errors';
import { measureBaselines } from '../../../../src/engine/corpus/baselines';
import { MarkovModel, maximumOrder } from '../../../../src/engine/corpus/markov';
import { Ppm } from '../../../../src/engine/corpus/ppm';
import { Random } from '../../../../src/engine/random';
import { readDataset } from '../../../support/shared';

const plain = { lowercase: false, normalization: 'none' } as const;

describe('MarkovModel', () => {
  it('gives the probabilities of Kneser and Ney', async () => {
    // a b a a b over {a, b, c}: worked out by hand.
    const model = await MarkovModel.train([0, 1, 0, 0, 1], 3);
    const p = model.probabilities([0, 0], 1);
    // a three times and b twice, none once: the least discount.
    assert.ok(Math.abs(p[0] - (3 - 0.1 + (0.1 * 2) / 3) / 5) < 1e-12);
    // Before a stand a and b, before b only a: a discount of 1/3.
    const continued = (2 - 1 / 3 + ((1 / 3) * 2) / 3) / 3;
    // After a: a once, b twice; of the pairs, aa and ba occur once and ab twice: a discount of 1/2.
    assert.ok(Math.abs(p[1] - (1 - 0.5 + 0.5 * 2 * continued) / 3) < 1e-12);
    // Beyond the text's beginning a longer context is no better known.
    assert.equal(p[2], p[1]);
    const unseen = model.probabilities([2], 0)[0];
    assert.ok(Math.abs(unseen - (0.1 * 2) / 3 / 5) < 1e-12);
  });

  it('is a true probability after any context, in every order', async () => {
    const random = new Random(8);
    const alphabet = 5;
    const text = Array.from({ length: 3000 }, (_, i) => (i % 3 ? random.integer(2) : random.integer(alphabet)));
    const model = await MarkovModel.train(text, alphabet);
    for (let trial = 0; trial < 50; trial++) {
      const context = Array.from({ length: random.integer(9) }, () => random.integer(alphabet));
      const sums = new Float64Array(maximumOrder + 1);
      for (let symbol = 0; symbol < alphabet; symbol++) {
        model.probabilities([...context, symbol], context.length).forEach((p, order) => {
          assert.ok(p > 0);
          sums[order] += p;
        });
      }
      for (const sum of sums) assert.ok(Math.abs(sum - 1) < 1e-12, `context ${context.join()}: ${sum}`);
    }
  });

  it('keeps its counts while it grows', async () => {
    const random = new Random(5);
    const alphabet = 100;
    const text = Array.from({ length: 30_000 }, () => random.integer(alphabet));
    const model = await MarkovModel.train(text, alphabet);
    const empty = model.probabilities(text, 0)[0];
    const count = text.filter((symbol) => symbol === text[0]).length;
    assert.ok(Math.abs(empty - (count - 0.1 + 0.1) / text.length) < 1e-12);
    let sum = 0;
    for (let symbol = 0; symbol < alphabet; symbol++) {
      sum += model.probabilities([...text.slice(500, 506), symbol], 6)[6];
    }
    assert.ok(Math.abs(sum - 1) < 1e-12);
    assert.ok(model.probabilities(text.slice(500, 507), 6)[6] > 0.09, 'a run of seven that it has seen, as one in ten');
  });

  it('finds the order of a source', async () => {
    // Each symbol is decided by the two before it, but for one in ten.
    const random = new Random(21);
    const text = [0, 1];
    for (let i = 2; i < 40_000; i++) {
      text.push(random.uniform() < 0.1 ? random.integer(4) : (text[i - 1] + text[i - 2] * 3 + 1) % 4);
    }
    const model = await MarkovModel.train(text.slice(0, 30_000), 4);
    const bits = await model.bitsPerSymbol(text, 30_000);
    const certain = 0.9 + 0.025;
    const entropy = -(certain * Math.log2(certain) + 3 * 0.025 * Math.log2(0.025));
    assert.equal(bits.indexOf(Math.min(...bits)), 2);
    assert.ok(Math.abs(bits[2] - entropy) < 0.03, `${bits[2]} bits, entropy ${entropy}`);
    assert.ok(bits[1] > bits[2] + 0.1);
  });
});

describe('Ppm', () => {
  it('predicts as worked out by hand', () => {
    // a b a b a c over {a, b, c}.
    const symbols = Uint32Array.of(0, 1, 0, 1, 0, 2);
    const model = new Ppm(3);
    const bits = [...symbols].map((_, i) => model.next(symbols, i));
    // Nothing is known: three equally likely symbols.
    assert.ok(Math.abs(bits[0] - Math.log2(3)) < 1e-12);
    // b: a escape (1/2), then one of two others.
    assert.ok(Math.abs(bits[1] - 2) < 1e-12);
    // a: no context of length 2 or 1 is known; of length 0, a and b came once each, and so did two escapes.
    assert.ok(Math.abs(bits[2] - 2) < 1e-12);
    // b after "ba": unknown; after "a": b once, and one escape.
    assert.ok(Math.abs(bits[3] - 1) < 1e-12);
    // a after "ab" once, and one escape.
    assert.ok(Math.abs(bits[4] - 1) < 1e-12);
    // c: after "aba", "ba" and "a" only b came, twice at the longest known ("ba"), so an escape has 1 in 3; of length 0,
    // a remains, counted once, and one escape: 1 in 2. Then c is the only one left.
    assert.ok(Math.abs(bits[5] - Math.log2(3 * 2)) < 1e-12, `${bits[5]}`);
  });

  it('gives probabilities that sum to 1', () => {
    const random = new Random(9);
    const alphabet = 5;
    const text = Array.from({ length: 400 }, (_, i) => (i % 3 ? random.integer(2) : random.integer(alphabet)));
    for (let trial = 0; trial < 20; trial++) {
      let sum = 0;
      for (let symbol = 0; symbol < alphabet; symbol++) {
        const model = new Ppm(alphabet);
        const symbols = Uint32Array.from([...text.slice(0, 20 * trial), symbol]);
        let bits = 0;
        for (let i = 0; i < symbols.length; i++) bits = model.next(symbols, i);
        sum += 2 ** -bits;
      }
      assert.ok(Math.abs(sum - 1) < 1e-9, `${sum}`);
    }
  });
});

describe('measureBaselines', () => {
  const heldOut = { kind: 'tail', fraction: 0.1 } as const;

  it('ranks compressors and the Markov model on English as expected', async () => {
    const text = readDataset('moby-dick')
      .slice(0, 9)
      .map((chapter) => chapter.text)
      .join('\n');
    const { heldOutCharacters, gzip, brotli, ppm, markov } = await measureBaselines([{ name: 'moby', text }], {
      ...plain,
      heldOut,
    });
    assert.equal(heldOutCharacters, Math.floor([...text].length * 0.1));
    assert.ok(gzip > brotli && gzip < 4 && brotli > 2, `gzip ${gzip}, brotli ${brotli}`);
    assert.ok(markov.bitsPerCharacter > 1.8 && markov.bitsPerCharacter < 2.8, `Markov ${markov.bitsPerCharacter}`);
    assert.ok(markov.order >= 3 && markov.order <= 6);
    assert.ok(ppm < brotli && ppm > 1.8, `PPM ${ppm}`);
  });

  it('recognises noise, and repetition', async () => {
    const random = new Random(3);
    const noise = Array.from({ length: 60_000 }, () => 'abcdefgh'[random.integer(8)]).join('');
    const onNoise = await measureBaselines([{ name: 'noise', text: noise }], { ...plain, heldOut });
    for (const bits of [onNoise.gzip, onNoise.brotli, onNoise.markov.bitsPerCharacter]) {
      assert.ok(bits > 2.95 && bits < 3.5, JSON.stringify(onNoise));
    }
    // Long contexts that were seen once or twice mislead it.
    assert.ok(onNoise.ppm > 3 && onNoise.ppm < 3.7, JSON.stringify(onNoise));
    assert.equal(onNoise.markov.order, 0);
    const onRepetition = await measureBaselines([{ name: 'again', text: 'once more, ' + 'and again, '.repeat(900) }], {
      ...plain,
      heldOut,
    });
    assert.ok(onRepetition.ppm < 0.01, JSON.stringify(onRepetition));
    assert.ok(onRepetition.gzip < 0.1 && onRepetition.markov.bitsPerCharacter < 0.1, JSON.stringify(onRepetition));
  });

  it('uses the tail of every file and says when nothing is held out', async () => {
    const files = ['a', 'b', 'c'].map((name) => ({ name, text: `${name} is a text. `.repeat(20) }));
    assert.equal((await measureBaselines(files, { ...plain, heldOut })).heldOutCharacters, 3 * 26);
    await assert.rejects(
      measureBaselines([{ name: 'a', text: 'short' }], { ...plain, heldOut }),
      (error) =>
        error instanceof InklingError && error.code === 'invalidInput' && /Nothing is held out/.test(error.message),
    );
  });
});
