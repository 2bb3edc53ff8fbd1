/** Settings for the tests in this folder: common ones, and the changes of a test. */
import type { ObjectiveConfig, TextConfig, TrainingConfig } from '../../../../src/common/trainingConfig';
import { type Batch, noTarget, noToken } from '../../../../src/engine/backends/backend';
import { buildCorpus, type Corpus } from '../../../../src/engine/corpus/corpus';

export function textSettings(changes: Partial<TextConfig> = {}): TextConfig {
  return {
    unit: 'character',
    lowercase: false,
    normalization: 'none',
    examples: 'text',
    heldOut: { kind: 'none', fraction: 0 },
    ...changes,
  };
}

export function settings(
  text: Partial<TextConfig>,
  objective: Partial<ObjectiveConfig>,
  changes: Partial<TrainingConfig> = {},
): TrainingConfig {
  return {
    recipe: 'test',
    seed: 7,
    text: textSettings(text),
    network: {
      cell: 'lstm',
      input: { kind: 'one-hot' },
      layers: [{ units: 4, dropout: 0 }],
      initialisation: { kind: 'keras' },
    },
    objective: {
      kind: 'every-step',
      steps: 5,
      stride: 1,
      reduction: 'mean',
      carryState: true,
      shuffle: true,
      ...objective,
    },
    batch: 4,
    optimiser: { kind: 'adam', learningRate: 0.001 },
    schedule: { kind: 'constant' },
    budget: { epochs: 1 },
    evaluation: { every: 'epoch', maximumTargets: 1000 },
    keep: 'last',
    samples: { every: 'epoch', temperatures: [1], length: 10, prompt: { kind: 'none' }, count: 1 },
    ...changes,
  };
}

export function corpusOf(config: TrainingConfig, ...texts: string[]): Corpus {
  return buildCorpus(
    texts.map((text, i) => ({ name: `text ${i + 1}`, text })),
    config.text,
  );
}

/** A text in which every token differs: n Chinese characters in order, the first being number `first`. */
export function distinctText(n: number, first = 0): string {
  return Array.from({ length: n }, (_, i) => String.fromCharCode(0x4e00 + first + i)).join('');
}

/** A batch as text, one string per row: inputs and targets, `·` for no token and `-` for no target. */
export function rowsOf(batch: Batch, corpus: Corpus): { inputs: string; targets: string }[] {
  const text = (id: number): string => corpus.vocabulary.tokenText(id);
  return Array.from({ length: batch.batch }, (_, row) => {
    const at = Array.from({ length: batch.steps }, (_, t) => t * batch.batch + row);
    return {
      inputs: at.map((i) => (batch.inputs[i] === noToken ? '·' : text(batch.inputs[i]))).join(''),
      targets: at.map((i) => (batch.targets[i] === noTarget ? '-' : text(batch.targets[i]))).join(''),
    };
  });
}

/** A batch that outlives the next one. */
export function kept(batch: Batch): Batch {
  return structuredClone(batch);
}

/** All batches, each copied before the next is requested. */
export function allOf(batches: Iterable<Batch>): Batch[] {
  return Array.from(batches, kept);
}

/** Tokens in order, for comparing as sets. */
export function sorted(tokens: Iterable<string>): string {
  return [...tokens].sort().join('');
}
