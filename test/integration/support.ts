/** What the suites inside VS Code share: the extension's parts, a text to learn, a small training, waiting. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TrainingConfig } from '../../src/common/trainingConfig';
import type { Parts } from '../../src/extension/parts';
import { until } from '../support/eventually';
import { everyStep, lstm, smallConfig } from '../support/trainingConfig';

export const extensionId = 'inkling.inkling';

export async function activated(): Promise<Parts> {
  const extension = vscode.extensions.getExtension<Parts>(extensionId);
  assert.ok(extension, 'the extension is there');
  return extension.activate();
}

/** Prose that a small network learns within seconds. */
export const sentence = 'the old clock in the hall struck nine and the rain went on falling over the quiet garden. ';
export const text = sentence.repeat(60);

/** A network small enough to learn `text` in a second or two on any machine. */
export function quickConfig(budget: TrainingConfig['budget']): TrainingConfig {
  return smallConfig({
    network: lstm(48),
    objective: everyStep(32),
    batch: 8,
    optimiser: { kind: 'adam', learningRate: 0.01, clipNorm: 5 },
    budget,
    evaluation: { every: 50, maximumTargets: 2000 },
    samples: { every: 100, temperatures: [0.5], length: 40, prompt: { kind: 'none' }, count: 1 },
  });
}

export async function openText(content: string, language = 'plaintext'): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument({ language, content });
  const editor = await vscode.window.showTextDocument(document);
  if (document.getText() !== content) {
    // An untitled document of the same name was closed a moment ago, and VS Code restored its back-up instead.
    const everything = new vscode.Range(0, 0, document.lineCount, 0);
    assert.ok(await editor.edit((edit) => edit.replace(document.validateRange(everything), content)));
  }
  assert.equal(document.getText(), content);
  const end = document.positionAt(content.length);
  editor.selection = new vscode.Selection(end, end);
  return editor;
}

/** Closes every editor, drops what was not saved, and waits until the untitled documents are gone, which takes longer. */
export async function closeAll(): Promise<void> {
  await until(async () => {
    if (vscode.window.activeTextEditor) {
      await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    }
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    return !vscode.window.activeTextEditor && !vscode.workspace.textDocuments.some(({ isUntitled }) => isUntitled);
  }, 'all editors closed');
}

/** Trains a small model on an untitled document with `text`, and returns its path. */
export async function trainSmall(maxSteps = 150): Promise<string> {
  const editor = await openText(text);
  const path = await vscode.commands.executeCommand<string | undefined>(
    'inkling.trainOnFile',
    editor.document.uri,
    undefined,
    quickConfig({ maxSteps }),
  );
  assert.ok(path, 'a model was trained');
  return path;
}
