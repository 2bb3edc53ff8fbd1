/** A text and a configuration with which training takes a second. */
import type { TrainingConfig } from '../../../../src/common/trainingConfig';

const sentence = 'the quick brown fox jumps over the lazy dog and runs on to the river where it drinks. ';
export const tinyText = sentence.repeat(60);

export function tinyConfig(budget: TrainingConfig['budget'], changes: Partial<TrainingConfig> = {}): TrainingConfig {
  return {
    recipe: 'test',
    seed: 5,
    text: {
      unit: 'character',
      lowercase: false,
      normalization: 'nfc',
      examples: 'text',
      heldOut: { kind: 'tail', fraction: 0.1 },
    },
    network: {
      cell: 'lstm',
      input: { kind: 'one-hot' },
      layers: [{ units: 24, dropout: 0 }],
      initialisation: { kind: 'keras' },
    },
    objective: { kind: 'every-step', steps: 16, stride: 1, reduction: 'mean', carryState: true, shuffle: false },
    batch: 8,
    optimiser: { kind: 'adam', learningRate: 0.02, clipNorm: 5 },
    schedule: { kind: 'constant' },
    budget,
    evaluation: { every: 20, maximumTargets: 400 },
    keep: 'last',
    samples: { every: 1000, temperatures: [1], length: 10, prompt: { kind: 'none' }, count: 1 },
    ...changes,
  };
}
