/** The parts behind the spam check, wired together. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { EngineCaller } from '../engineHost/engineClient';
import type { ModelStore } from '../models/modelStore';
import { ActiveClassifier } from './activeClassifier';
import { ClassifierTraining } from './classifierTraining';
import { CorrectionStore } from './correctionStore';
import { ExampleStore } from './exampleStore';
import { SpamCheck } from './spamCheck';

export interface ClassifierParts extends vscode.Disposable {
  active: ActiveClassifier;
  check: SpamCheck;
  corrections: CorrectionStore;
  examples: ExampleStore;
  training: ClassifierTraining;
}

export function createClassifier(
  engine: EngineCaller,
  models: ModelStore,
  memory: vscode.Memento,
  folder: string,
): ClassifierParts {
  const active = new ActiveClassifier(memory, (modelPath) => engine.call('describeClassifier', { modelPath }));
  const corrections = new CorrectionStore(path.join(folder, 'corrections.json'));
  const examples = new ExampleStore(path.join(folder, 'examples.json'));
  const check = new SpamCheck(engine, active, corrections);
  const training = new ClassifierTraining(engine, models, active);
  return {
    active,
    corrections,
    examples,
    check,
    training,
    dispose: () => vscode.Disposable.from(check, training).dispose(),
  };
}
