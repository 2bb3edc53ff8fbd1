/** The text that a command works on. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { InklingError } from '../common/errors';

/**
 * The editor that has the focus, or had it last. Throws `invalidInput` when there is none; `message` says then what to
 * open.
 */
export function requireEditor(
  message = vscode.l10n.t('No text is open. Open one and place the cursor where the text should continue.'),
): vscode.TextEditor {
  const editor = vscode.window.activeTextEditor;
  if (editor) return editor;
  const hidden = hiddenResource();
  if (!hidden) throw new InklingError('invalidInput', message);
  throw new InklingError(
    'invalidInput',
    vscode.l10n.t(
      'VS Code keeps {0} from extensions, as it does with texts over 50 MB. Its file can still be trained on: run "Inkling: Train on This File".',
      path.posix.basename(hidden.path),
    ),
  );
}

/** Where the text in front of the user lies, also one that VS Code keeps from extensions; undefined when there is none. */
export function openResource(): vscode.Uri | undefined {
  return vscode.window.activeTextEditor?.document.uri ?? hiddenResource();
}

/** The text in the active tab, when it is open in no editor that extensions see. */
function hiddenResource(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputText ? input.uri : undefined;
}
