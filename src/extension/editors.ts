/** The text that a command works on. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { InklingError } from '../common/errors';
import { noText } from './remedies';

/** The editor that has the focus, or had it last. Throws `invalidInput` with `message` if there is none. */
export function requireEditor(
  message = vscode.l10n.t('No text is open. Open one and place the cursor where the text should continue.'),
): vscode.TextEditor {
  const editor = vscode.window.activeTextEditor;
  if (editor) return editor;
  const hidden = hiddenResource();
  if (!hidden) throw noText(message);
  throw new InklingError(
    'invalidInput',
    vscode.l10n.t(
      'VS Code hides {0} from extensions, as it does all texts over 50 MB. Its file can still be trained on: run "Inkling: Train on This File".',
      path.posix.basename(hidden.path),
    ),
  );
}

/** Calls `update` when another document, another language of it or other settings are in front of the user. */
export function onDidChangeActiveDocument(update: () => void): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(update),
    // Also fired for a document whose language was changed.
    vscode.workspace.onDidOpenTextDocument(update),
    vscode.workspace.onDidChangeConfiguration(update),
  );
}

/**
 * The URI of the text in front of the user, even if VS Code hides its editor from extensions; undefined if there is
 * none.
 */
export function openResource(): vscode.Uri | undefined {
  return vscode.window.activeTextEditor?.document.uri ?? hiddenResource();
}

/** The text in the active tab, if no editor that is visible to extensions shows it. */
function hiddenResource(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputText ? input.uri : undefined;
}
