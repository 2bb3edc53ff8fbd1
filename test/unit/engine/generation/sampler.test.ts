/** The sampler against the definition of each of its options, and its frequencies against the probabilities. */
import * as assert from 'node:assert/strict';
import type { SamplingOptions } from '../../../../src/common/engineProtocol';
import { InklingError } from '../../../../src/common/errors';
import { exponential } from '../../../../src/engine/generation/exponential';
import { probabilityOf, softmax, TokenSampler } from '../../../../src/engine/generation/sampler';
import { Random } from '../../../../src/engine/random';

const options = (changes: Partial<SamplingOptions> = {}): SamplingOptions => ({
  temperature: 1,
  seed: 7,
  length: 1,
  ...changes,
});

const randomLogits = (classes: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: classes }, () => 2 * random.normal());
};

const distribution = (logits: Float32Array, changes: Partial<SamplingOptions>): number[] => [
  ...new TokenSampler(logits.length, options(changes)).distribution(logits),
];

/** Ids with a probability above 0. */
const support = (probabilities: number[]): number[] => probabilities.flatMap((q, id) => (q > 0 ? [id] : []));

/** ln of [0.5, 0.2, 0.2, 0.06, 0.04], which sum to 1. */
const known = Float32Array.from([0.5, 0.2, 0.2, 0.06, 0.04], Math.log);

describe('sampler', () => {
  it('is exp(ln p / T), normalised', () => {
    const logits = randomLogits(57, 1);
    const p = softmax(logits, 0, new Float32Array(57));
    for (const temperature of [0.2, 0.5, 1, 1.2]) {
      const q = distribution(logits, { temperature });
      const weights = Array.from(p, (value) => Math.exp(Math.log(value) / temperature));
      const total = weights.reduce((a, b) => a + b);
      q.forEach((value, id) => assert.ok(Math.abs(value - weights[id] / total) < 1e-6, `T ${temperature} id ${id}`));
    }
  });

  it('approaches the most likely token as T goes to 0, and is exactly that at 0', () => {
    for (let seed = 0; seed < 50; seed++) {
      const logits = randomLogits(40, seed);
      const best = logits.indexOf(Math.max(...logits));
      assert.equal(new TokenSampler(40, options({ temperature: 0, seed })).next(logits), best);
      assert.equal(new TokenSampler(40, options({ temperature: 1e-4, seed })).next(logits), best);
      assert.equal(new TokenSampler(40, options({ temperature: 1e-300, seed })).next(logits), best);
    }
  });

  it('chooses the lowest id among equals when greedy', () => {
    const sampler = new TokenSampler(5, options({ temperature: 0 }));
    assert.equal(sampler.next(Float32Array.of(0, 3, 1, 3, 3)), 1);
  });

  it('samples with the frequencies of the probabilities (chi-square)', () => {
    const classes = 20;
    const draws = 40_000;
    const logits = randomLogits(classes, 11);
    for (const temperature of [1, 0.7]) {
      const sampler = new TokenSampler(classes, options({ temperature, seed: 23 }));
      const q = sampler.distribution(logits);
      const counts = new Array<number>(classes).fill(0);
      for (let i = 0; i < draws; i++) counts[sampler.next(logits)]++;
      let chiSquare = 0;
      counts.forEach((count, id) => (chiSquare += (count - draws * q[id]) ** 2 / (draws * q[id])));
      // 19 degrees of freedom: above 43.8 once in a thousand.
      assert.ok(chiSquare < 43.8, `chi-square ${chiSquare} at T ${temperature}, seed 23`);
    }
  });

  it('keeps the k most likely, the lowest ids among equals', () => {
    assert.deepEqual(support(distribution(known, { topK: 1 })), [0]);
    assert.deepEqual(support(distribution(known, { topK: 2 })), [0, 1]);
    assert.deepEqual(support(distribution(known, { topK: 3 })), [0, 1, 2]);
    assert.deepEqual(support(distribution(known, { topK: 99 })), [0, 1, 2, 3, 4]);
  });

  it('keeps the fewest tokens that reach p', () => {
    assert.deepEqual(support(distribution(known, { topP: 0.1 })), [0]);
    assert.deepEqual(support(distribution(known, { topP: 0.6 })), [0, 1]);
    assert.deepEqual(support(distribution(known, { topP: 0.85 })), [0, 1, 2]);
    assert.deepEqual(support(distribution(known, { topP: 1 })), [0, 1, 2, 3, 4]);
  });

  it('applies p to what top-k left', () => {
    // Top-3 leaves 0.9: half of that is 0.45, which the first alone reaches; 0.6 of it is 0.54, which needs two.
    assert.deepEqual(support(distribution(known, { topK: 3, topP: 0.5 })), [0]);
    assert.deepEqual(support(distribution(known, { topK: 3, topP: 0.6 })), [0, 1]);
    assert.deepEqual(support(distribution(known, { topK: 2, topP: 0.99 })), [0, 1]);
  });

  it('keeps at least a share of the most likely', () => {
    assert.deepEqual(support(distribution(known, { minP: 0.3 })), [0, 1, 2]);
    assert.deepEqual(support(distribution(known, { minP: 0.1 })), [0, 1, 2, 3]);
    assert.deepEqual(support(distribution(known, { minP: 1 })), [0]);
  });

  it('agrees with sorting, for every truncation over random logits', () => {
    for (let seed = 0; seed < 30; seed++) {
      const logits = randomLogits(33, seed);
      const p = [...softmax(logits, 0, new Float32Array(33))];
      const byLikelihood = p.map((_, id) => id).sort((a, b) => p[b] - p[a] || a - b);
      const random = new Random(seed, 1);
      const topK = 1 + random.integer(33);
      const topP = 0.05 + 0.95 * random.uniform();
      const first = byLikelihood.slice(0, topK);
      const mass = first.reduce((sum, id) => sum + p[id], 0);
      const nucleus: number[] = [];
      for (let reached = 0, i = 0; i < first.length && reached < topP * mass; i++) {
        nucleus.push(first[i]);
        reached += p[first[i]];
      }
      const q = distribution(logits, { topK, topP });
      assert.deepEqual(
        support(q),
        nucleus.sort((a, b) => a - b),
        `seed ${seed} k ${topK} p ${topP}`,
      );
      assert.ok(Math.abs(q.reduce((a, b) => a + b) - 1) < 1e-9);
    }
  });

  it('penalises what was written, by a power of its probability and once', () => {
    const sampler = new TokenSampler(5, options({ repetitionPenalty: 1.5 }));
    for (const token of [1, 1, 3, 0xffff]) sampler.observe(token);
    const weights = [0.5, 0.2 ** 1.5, 0.2, 0.06 ** 1.5, 0.04];
    const total = weights.reduce((a, b) => a + b);
    // Shifting the logits makes no difference.
    for (const logits of [known, known.map((x) => x + 9)]) {
      sampler.distribution(logits).forEach((q, id) => assert.ok(Math.abs(q - weights[id] / total) < 1e-6, `id ${id}`));
    }
  });

  it('forgets the penalty after 64 tokens', () => {
    const sampler = new TokenSampler(5, options({ repetitionPenalty: 2 }));
    sampler.observe(0);
    for (let i = 0; i < 63; i++) sampler.observe(4);
    assert.ok(sampler.distribution(known)[0] < 0.45);
    sampler.observe(4);
    assert.ok(sampler.distribution(known)[0] > 0.45);
  });

  it('never samples a silent token', () => {
    const sampler = new TokenSampler(5, options(), [0, 2]);
    assert.deepEqual(support([...sampler.distribution(known)]), [1, 3, 4]);
    assert.equal(new TokenSampler(5, options({ temperature: 0 }), [0, 1]).next(known), 2);
  });

  it('repeats for the same seed and differs between seeds', () => {
    const logits = randomLogits(30, 5);
    const run = (seed: number): number[] => {
      const sampler = new TokenSampler(30, options({ seed }));
      return Array.from({ length: 100 }, () => sampler.next(logits));
    };
    assert.deepEqual(run(1), run(1));
    assert.notDeepEqual(run(1), run(2));
  });

  it('reads the row at an offset', () => {
    const rows = Float32Array.from([9, 0, 0, 0, 9, 0]);
    const sampler = new TokenSampler(3, options({ temperature: 0 }));
    assert.equal(sampler.next(rows, 0), 0);
    assert.equal(sampler.next(rows, 3), 1);
    assert.ok(Math.abs(probabilityOf(1, rows, 3, 3) - Math.exp(9) / (Math.exp(9) + 2)) < 1e-6);
  });

  it('refuses options out of range and logits that are not numbers', () => {
    const wrong: Partial<SamplingOptions>[] = [
      { temperature: -1 },
      { temperature: NaN },
      { topK: 0 },
      { topK: 1.5 },
      { topP: 0 },
      { topP: 1.1 },
      { minP: -0.1 },
      { repetitionPenalty: 0 },
      { length: -1 },
      { stop: [''] },
      { seed: 0.5 },
    ];
    for (const changes of wrong) {
      assert.throws(
        () => new TokenSampler(3, options(changes)),
        (error) => error instanceof InklingError && error.code === 'invalidInput',
        JSON.stringify(changes),
      );
    }
    for (const logits of [Float32Array.of(0, NaN, 1), Float32Array.of(0, Infinity, 1)]) {
      assert.throws(
        () => new TokenSampler(3, options()).next(logits),
        (error) => error instanceof InklingError && error.code === 'corruptModel',
      );
    }
  });
});

describe('exponential', () => {
  it('is e^x to eleven digits from 0 down to the limit of normal numbers', () => {
    let worst = 0;
    for (let x = 0; x > -708; x -= 0.0137) worst = Math.max(worst, Math.abs(exponential(x) / Math.exp(x) - 1));
    assert.ok(worst < 1e-11, `${worst}`);
    assert.equal(exponential(0), 1);
    assert.equal(exponential(-709), 0);
    assert.equal(exponential(-Infinity), 0);
    assert.ok(Number.isNaN(exponential(NaN)));
  });
});
