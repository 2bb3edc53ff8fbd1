/** Gives the Studio's Classifier tab access to the classifier. */
import * as vscode from 'vscode';
import type { LabelledItem } from '../../common/classifierState';
import { asInklingError } from '../../common/errors';
import type { ClassifierParts } from '../classifier/classifierParts';
import type { ModelStore } from '../models/modelStore';
import type { ClassifierPort } from './ports';

const excerptLength = 120;

interface Needs extends Pick<ClassifierParts, 'active' | 'check' | 'corrections' | 'examples' | 'training'> {
  models: ModelStore;
}

export function classifierPort({ active, check, corrections, examples, training, models }: Needs): ClassifierPort {
  return {
    async state() {
      const path = active.path ?? '';
      const own = models.known.filter(({ summary }) => summary?.kind === 'classifier');
      const [record, problem] = await active.record().then(
        (found) => [found, undefined] as const,
        (error: unknown) => [undefined, asInklingError(error).message] as const,
      );
      return {
        choices: [
          { path: '', title: vscode.l10n.t("Inkling's built-in spam detector") },
          ...own.map((entry) => ({ path: entry.path, title: entry.title })),
        ],
        path,
        record,
        problem,
        threshold: active.threshold,
        checks: check.checks,
        corrections: listed(corrections.of(path)),
        examples: listed(examples.all()),
        training: training.state,
      };
    },
    onDidChange: (listener) => {
      const fire = (): unknown => listener();
      return vscode.Disposable.from(
        active.onDidChange(fire),
        check.onDidChange(fire),
        corrections.onDidChange(fire),
        examples.onDidChange(fire),
        training.onDidChange(fire),
        models.onDidChange(fire),
      );
    },
    async choose(path) {
      await active.use(path === '' ? undefined : path);
      await check.refresh();
    },
    async setThreshold(threshold) {
      await active.setThreshold(threshold);
      await check.refresh();
    },
    check: async () => void (await vscode.commands.executeCommand('inkling.checkSpam')),
    train: async () => void (await vscode.commands.executeCommand('inkling.trainClassifier')),
    correct: (index, label) => check.correctCheck(index, label),
    async removeCorrection(id) {
      await corrections.remove(id);
      await check.refresh();
    },
    addExample: async () => void (await vscode.commands.executeCommand('inkling.addExample')),
    removeExample: (id) => examples.remove(id),
    trainOnExamples: async () => void (await vscode.commands.executeCommand('inkling.trainOnExamples')),
  };
}

/** The newest first. */
function listed(entries: readonly { id: string; label: string; text: string }[]): LabelledItem[] {
  return entries.map(({ id, label, text }) => ({ id, label, excerpt: text.slice(0, excerptLength) })).reverse();
}
