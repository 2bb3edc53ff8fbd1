/** The sample text that comes with the extension, for users without a text at hand. */
import * as vscode from 'vscode';
import type { DocumentBase } from '../models/documentBase';
import type { Studio } from '../studio/studioView';

export interface SampleTexts {
  /** In the package: the opening of a novel, and a short story in case that is missing, as in a checkout. */
  shipped: readonly vscode.Uri[];
  /** Where a copy is kept that the user may write into. */
  folder: vscode.Uri;
}

/**
 * Opens the user's copy of the sample text, and the Studio beside it: its Samples tab, which says how to begin if no
 * model can write yet.
 */
export async function trySample(
  { shipped, folder }: SampleTexts,
  studio: Studio,
  base: Pick<DocumentBase, 'find'>,
): Promise<void> {
  const source = await firstOf(shipped);
  const copy = vscode.Uri.joinPath(folder, source.path.split('/').pop() ?? 'sample.txt');
  if (!(await exists(copy))) await vscode.workspace.fs.copy(source, copy);
  const document = await vscode.workspace.openTextDocument(copy);
  // The engine starts while the editor and the page load.
  void base.find(document);
  await Promise.all([
    vscode.window.showTextDocument(document, { preview: false }),
    studio.show('samples', { preserveFocus: true }),
  ]);
}

async function firstOf(files: readonly vscode.Uri[]): Promise<vscode.Uri> {
  for (const file of files) if (await exists(file)) return file;
  return files[files.length - 1];
}

async function exists(file: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(file).then(
    () => true,
    () => false,
  );
}
