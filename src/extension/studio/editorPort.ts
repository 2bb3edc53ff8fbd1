/** Gives the Studio access to the editor, its files and its clipboard. */
import * as vscode from 'vscode';
import { InklingError } from '../../common/errors';
import { requireEditor } from '../editors';
import { findPassage } from '../findPassage';
import type { RunStore } from '../training/runStore';
import { textBefore, type TextContinuation } from '../writing/continueText';
import type { EditorPort } from './ports';
import type { TintedTexts } from './tintedTexts';

interface Needs {
  continuation: TextContinuation;
  tinted: TintedTexts;
  /** Knows the paths of the texts that a model was trained on. */
  store: Pick<RunStore, 'list'>;
}

export function editorPort({ continuation, tinted, store }: Needs): EditorPort {
  return {
    textBeforeCursor: (maximumLength) => {
      const editor = requireEditor();
      return textBefore(editor.document, editor.selection.active).slice(-maximumLength);
    },
    insertAtCursor: async (text) => continuation.insert(requireEditor(), text),
    continueText: async (modelPath, options, signal) => continuation.run(requireEditor(), modelPath, options, signal),
    async openSource(modelPath, source, offset, passage) {
      const run = store.list().find((record) => record.modelPath === modelPath);
      const uri = run?.sources.find(({ name }) => name === source)?.uri;
      if (!uri) {
        throw new InklingError(
          'invalidInput',
          vscode.l10n.t('{0} can no longer be found. To see where samples come from, train on it again.', source),
        );
      }
      await openPassage(uri, source, offset, passage);
    },
    openText: (content, tints) => tinted.open(content, tints),
    copy: async (text) => vscode.env.clipboard.writeText(text),
    async saveFile(suggestedName, contents) {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
      const defaultUri = folder && vscode.Uri.joinPath(folder, suggestedName);
      const file = await vscode.window.showSaveDialog({ defaultUri });
      if (file) await vscode.workspace.fs.writeFile(file, contents);
      return file !== undefined;
    },
  };
}

/**
 * Opens the training text at the passage that a sample copied. Offsets count `\n` line ends, positions those of the
 * editor.
 */
async function openPassage(uri: string, source: string, offset: number, passage: string): Promise<void> {
  const notebook = vscode.workspace.notebookDocuments.find((open) => open.uri.toString() === uri);
  const found = notebook ? await openCell(notebook, passage) : await openText(vscode.Uri.parse(uri), passage, offset);
  if (!found) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('The passage is no longer in {0}: the text has changed since the model was trained.', source),
    );
  }
}

async function openText(uri: vscode.Uri, passage: string, offset: number): Promise<boolean> {
  const document = await vscode.workspace.openTextDocument(uri);
  const text = document.getText().replace(/\r\n?/g, '\n');
  const positionAt = (at: number): vscode.Position => {
    const before = text.slice(0, at);
    return new vscode.Position(before.split('\n').length - 1, at - (before.lastIndexOf('\n') + 1));
  };
  const place = findPassage(text, passage, offset);
  const selection = place && new vscode.Range(positionAt(place.start), positionAt(place.end));
  await vscode.window.showTextDocument(document, { selection });
  return place !== undefined;
}

/** Shows the cell that contains the passage; a passage that spans several cells is not found. */
async function openCell(notebook: vscode.NotebookDocument, passage: string): Promise<boolean> {
  const cell = notebook.getCells().find(({ document }) => findPassage(document.getText(), passage, 0));
  const selections = cell && [new vscode.NotebookRange(cell.index, cell.index + 1)];
  await vscode.window.showNotebookDocument(notebook, { selections });
  return cell !== undefined;
}
