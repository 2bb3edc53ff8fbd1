/** The settings of a small training run, for all tests: each specifies only what it needs to change. */
import type { TrainingConfig } from '../../src/common/trainingConfig';

/** A network of 8 units on characters that stops after 40 steps: a few tenths of a second on the reference backend. */
export function smallConfig(changes: Partial<TrainingConfig> = {}): TrainingConfig {
  return {
    recipe: 'test',
    seed: 7,
    text: {
      unit: 'character',
      lowercase: false,
      normalization: 'nfc',
      examples: 'text',
      heldOut: { kind: 'tail', fraction: 0.1 },
    },
    network: lstm(8),
    objective: everyStep(8),
    batch: 4,
    optimiser: { kind: 'adam', learningRate: 0.02 },
    schedule: { kind: 'constant' },
    budget: { maxSteps: 40 },
    evaluation: { every: 15, maximumTargets: 1000 },
    keep: 'best-held-out',
    samples: { every: 20, temperatures: [0.5, 1], length: 10, prompt: { kind: 'window' }, count: 1 },
    ...changes,
  };
}

export function lstm(units: number, dropout = 0): TrainingConfig['network'] {
  return {
    cell: 'lstm',
    input: { kind: 'one-hot' },
    layers: [{ units, dropout }],
    initialisation: { kind: 'keras' },
  };
}

export function everyStep(steps: number): TrainingConfig['objective'] {
  return { kind: 'every-step', steps, stride: 1, reduction: 'mean', carryState: true, shuffle: false };
}
