/** The encoding of a file that is not open, according to the user's settings. */
import * as vscode from 'vscode';

/**
 * The value of `files.encoding` for a file; undefined for UTF-8, which is VS Code's default and may not be intended.
 */
export function fileEncoding(uri: vscode.Uri): string | undefined {
  const encoding = vscode.workspace.getConfiguration('files', uri).get<string>('encoding', 'utf8');
  return encoding === 'utf8' ? undefined : encoding;
}
