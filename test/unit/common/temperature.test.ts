/** Distributions at other temperatures: the worked example of the course, and what the sampler draws. */
import * as assert from 'node:assert';
import { reweigh } from '../../../src/common/temperature';
import { TokenSampler } from '../../../src/engine/generation/sampler';
import { Random } from '../../../src/engine/random';

describe('reweigh', () => {
  it('gives the probabilities at other temperatures', () => {
    const p = [0.6, 0.25, 0.1, 0.05];
    const at = (temperature: number): string[] => reweigh(p, { temperature }).map((q) => q.probability.toFixed(4));
    assert.deepEqual(at(1), ['0.6000', '0.2500', '0.1000', '0.0500']);
    // Squares, divided by their sum.
    assert.deepEqual(at(0.5), ['0.8276', '0.1437', '0.0230', '0.0057']);
    assert.deepEqual(at(0), ['1.0000', '0.0000', '0.0000', '0.0000']);
    assert.ok(Number(at(1.5)[3]) > 0.05);
    assert.ok(reweigh(p, { temperature: 0.001 })[0].probability > 0.999);
  });

  it('agrees with the sampler under every truncation', () => {
    const random = new Random(3);
    for (let trial = 0; trial < 200; trial++) {
      const logits = Float32Array.from({ length: 2 + random.integer(20) }, () => 3 * random.normal());
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
      const options = {
        temperature: 0.2 + 2 * random.uniform(),
        topK: random.integer(2) ? 1 + random.integer(20) : undefined,
        topP: random.integer(2) ? 0.05 + 0.9 * random.uniform() : undefined,
        minP: random.integer(2) ? 0.5 * random.uniform() : undefined,
      };
      const drawn = new TokenSampler(logits.length, { ...options, length: 1, seed: 0 }).distribution(logits);
      const shown = reweigh(
        order.map((id) => Math.exp(logits[id]) / total),
        options,
      );
      shown.forEach(({ probability, isCut }, i) => {
        const expected = drawn[order[i]];
        assert.ok(Math.abs(probability - expected) < 1e-6, `${trial}: ${probability} is not ${expected}`);
        if (isCut) assert.equal(expected, 0);
      });
    }
  });
});
