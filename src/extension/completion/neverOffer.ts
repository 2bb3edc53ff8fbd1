/** The words that are never offered, and the command that adds one. */
import * as vscode from 'vscode';
import { InklingError } from '../../common/errors';
import { setting } from '../configuration';

const name = 'completion.never';

/** The selected word, or the one at the cursor; undefined if there is none. */
function wordAtCursor(editor: vscode.TextEditor): string | undefined {
  const { document, selection } = editor;
  const range = selection.isEmpty
    ? document.getWordRangeAtPosition(selection.active, /[\p{L}\p{M}\p{N}'’-]+/u)
    : selection;
  const text = range && document.getText(range).trim();
  return text && /^[\p{L}\p{M}\p{N}'’-]+$/u.test(text) ? text : undefined;
}

/** Adds a word to the user's list. Throws `invalidInput` if there is none at the cursor. */
export async function neverOffer(editor: vscode.TextEditor): Promise<void> {
  const word = wordAtCursor(editor);
  if (!word) {
    throw new InklingError('invalidInput', vscode.l10n.t('Put the cursor on the word that should not be offered.'));
  }
  const words = setting(name);
  if (!words.some((known) => known.toLowerCase() === word.toLowerCase())) {
    const configuration = vscode.workspace.getConfiguration('inkling');
    const own = configuration.inspect<string[]>(name)?.globalValue ?? [];
    await configuration.update(name, [...own, word], vscode.ConfigurationTarget.Global);
  }
  vscode.window.setStatusBarMessage(vscode.l10n.t('"{0}" is no longer offered.', word), 5000);
}
