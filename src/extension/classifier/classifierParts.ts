/** The parts behind the spam check, wired together. */
import * as vscode from 'vscode';
import type { EngineCaller } from '../engineHost/engineClient';
import type { ModelStore } from '../models/modelStore';
import { ActiveClassifier } from './activeClassifier';
import { ClassifierTraining } from './classifierTraining';
import { CorrectionStore } from './correctionStore';
import { SpamCheck } from './spamCheck';

export interface ClassifierParts extends vscode.Disposable {
  active: ActiveClassifier;
  check: SpamCheck;
  corrections: CorrectionStore;
  training: ClassifierTraining;
}

export function createClassifier(
  engine: EngineCaller,
  models: ModelStore,
  memory: vscode.Memento,
  correctionsFile: string,
): ClassifierParts {
  const active = new ActiveClassifier(memory, (modelPath) => engine.call('describeClassifier', { modelPath }));
  const corrections = new CorrectionStore(correctionsFile);
  const check = new SpamCheck(engine, active, corrections);
  const training = new ClassifierTraining(engine, models, active);
  return { active, corrections, check, training, dispose: () => vscode.Disposable.from(check, training).dispose() };
}
