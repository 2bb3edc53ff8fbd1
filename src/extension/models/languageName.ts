/** Names of languages in the language of VS Code. */
import * as vscode from 'vscode';

/** "English" for `en`; the code itself if no name is known. */
export function languageName(code: string): string {
  return new Intl.DisplayNames([vscode.env.language], { type: 'language' }).of(code) ?? code;
}
