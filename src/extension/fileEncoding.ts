/** The encoding of a file that is not open, as the user has set it. */
import * as vscode from 'vscode';

/** What `files.encoding` says of a file; undefined for UTF-8, which is VS Code's default and may not be meant. */
export function fileEncoding(uri: vscode.Uri): string | undefined {
  const encoding = vscode.workspace.getConfiguration('files', uri).get<string>('encoding', 'utf8');
  return encoding === 'utf8' ? undefined : encoding;
}
