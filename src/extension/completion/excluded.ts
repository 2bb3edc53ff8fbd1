/** Files in which the user wants no completions. */
import * as vscode from 'vscode';
import { setting } from '../configuration';

export function isExcluded(document: vscode.TextDocument): boolean {
  const patterns = setting('completion.exclude', document).flatMap((glob) => [glob, `**/${glob}`]);
  return (
    vscode.languages.match(
      patterns.map((pattern) => ({ pattern })),
      document,
    ) > 0
  );
}
