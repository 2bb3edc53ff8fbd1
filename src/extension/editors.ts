/** The text editor that a command works on. */
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
  if (!editor) throw new InklingError('invalidInput', message);
  return editor;
}
