/** A text and a configuration with which training takes a second. */
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import { everyStep, lstm, smallConfig } from '../../../support/trainingConfig';

const sentence = 'the quick brown fox jumps over the lazy dog and runs on to the river where it drinks. ';
export const tinyText = sentence.repeat(60);

export function tinyConfig(budget: TrainingConfig['budget'], changes: Partial<TrainingConfig> = {}): TrainingConfig {
  return smallConfig({
    seed: 5,
    network: lstm(24),
    objective: everyStep(16),
    batch: 8,
    optimiser: { kind: 'adam', learningRate: 0.02, clipNorm: 5 },
    budget,
    evaluation: { every: 20, maximumTargets: 400 },
    keep: 'last',
    samples: { every: 1000, temperatures: [1], length: 10, prompt: { kind: 'none' }, count: 1 },
    ...changes,
  });
}
