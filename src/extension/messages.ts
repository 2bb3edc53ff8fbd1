/** Notifications. All of them go through here, because they may contain titles, labels and names from files. */
import * as vscode from 'vscode';
import { withoutLinks } from './plainText';

/** The buttons, preceded by the options of a modal message. Resolves to the chosen button. */
type Answers = (string | vscode.MessageOptions)[];

export function showInformation(message: string, ...answers: Answers): Thenable<string | undefined> {
  return vscode.window.showInformationMessage(withoutLinks(message), ...(answers as string[]));
}

export function showWarning(message: string, ...answers: Answers): Thenable<string | undefined> {
  return vscode.window.showWarningMessage(withoutLinks(message), ...(answers as string[]));
}

export function showError(message: string, ...answers: Answers): Thenable<string | undefined> {
  return vscode.window.showErrorMessage(withoutLinks(message), ...(answers as string[]));
}

export type Progress = vscode.Progress<{ message?: string; increment?: number }>;

/** As `vscode.window.withProgress`. */
export function withProgress<R>(
  options: vscode.ProgressOptions,
  task: (progress: Progress, token: vscode.CancellationToken) => Thenable<R>,
): Thenable<R> {
  const title = options.title && withoutLinks(options.title);
  return vscode.window.withProgress({ ...options, title }, (progress, token) =>
    task(
      {
        report: ({ message, increment }) => progress.report({ message: message && withoutLinks(message), increment }),
      },
      token,
    ),
  );
}
