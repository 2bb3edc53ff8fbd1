/** Asks for a number of epochs. */
import * as vscode from 'vscode';

/** A whole number of at least 1; undefined if the user cancels. `value`: what is proposed. */
export async function askForEpochs(question: {
  title: string;
  prompt?: string;
  value: string;
}): Promise<number | undefined> {
  const isWhole = (typed: string): boolean => /^[1-9]\d{0,5}$/.test(typed.trim());
  const typed = await vscode.window.showInputBox({
    ...question,
    ignoreFocusOut: true,
    validateInput: (text) => (isWhole(text) ? undefined : vscode.l10n.t('Enter a whole number of at least 1.')),
  });
  return typed !== undefined && isWhole(typed) ? Number(typed) : undefined;
}
