/** A text and a configuration with which training takes a second. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TextSource } from '../../../../src/common/engineProtocol';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import { everyStep, lstm, smallConfig } from '../../../support/trainingConfig';

const sentence = 'the quick brown fox jumps over the lazy dog and runs on to the river where it drinks. ';
export const tinyText = sentence.repeat(60);

/** A source for a run: `text` in a file of `folder`. */
export function sourceIn(folder: string, text = tinyText, name = 'fox.txt'): TextSource {
  const file = path.join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 12)} ${name}`);
  fs.writeFileSync(file, text);
  return { name, path: file };
}

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
