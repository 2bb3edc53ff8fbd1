import assert from 'node:assert/strict';
import { bitsToUnit, characterScale, formatLoss, scaleOf, toUnit, unitName } from '../../../src/common/lossUnits';
import type { EpochEvent } from '../../../src/common/trainEvents';

const evaluation = (heldOutLoss: number, heldOutBitsPerCharacter: number): EpochEvent => ({
  event: 'epoch',
  step: 1,
  epoch: 1,
  complete: true,
  seconds: 1,
  trainLoss: 1,
  trainAccuracy: 0,
  heldOutLoss,
  heldOutBitsPerCharacter,
  best: true,
  learningRate: 0.1,
});

describe('lossUnits', () => {
  it('converts nats per character', () => {
    assert.equal(toUnit(2, 'nats', characterScale), 2);
    assert.ok(Math.abs(toUnit(Math.LN2 * 3, 'bits', characterScale) - 3) < 1e-12);
    assert.ok(Math.abs(toUnit(Math.log(57), 'perplexity', characterScale) - 57) < 1e-9);
  });

  it('derives the length of a word from an evaluation', () => {
    const scale = scaleOf('word', [evaluation(6.931471805599453, 2)]);
    assert.ok(Math.abs((scale.charactersPerToken ?? 0) - 5) < 1e-9);
    assert.ok(Math.abs(toUnit(Math.LN2 * 10, 'bits', scale) - 2) < 1e-9);
    assert.equal(unitName('bits', scale), 'bits per character');
    assert.equal(unitName('nats', scale), 'nats per word');
  });

  it('shows bits per word while that length is unknown, and no baselines', () => {
    const scale = scaleOf('word', []);
    assert.equal(unitName('bits', scale), 'bits per word');
    assert.equal(bitsToUnit(2, 'nats', scale), undefined);
  });

  it('converts baselines to the chosen unit', () => {
    assert.ok(Math.abs((bitsToUnit(3, 'perplexity', characterScale) ?? 0) - 8) < 1e-9);
  });

  it('shows no more digits than are meaningful', () => {
    assert.deepEqual([1.23456, 12.3456, 123.456, 1234567, Infinity].map(formatLoss), [
      '1.235',
      '12.3',
      '123',
      '1.2e+6',
      '–',
    ]);
  });
});
