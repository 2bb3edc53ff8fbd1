/**
 * Notifications and lists. All of them go through here, because they may contain titles, labels and names from files, in
 * which VS Code would see links and icons.
 */
import * as vscode from 'vscode';
import { withoutIcons, withoutLinks } from './plainText';

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

/**
 * As `vscode.window.showQuickPick`, whose items get no icon except by their `iconPath`. Resolves to the chosen item, or
 * undefined if the user cancels.
 */
export async function showList<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: vscode.QuickPickOptions,
): Promise<T | undefined> {
  const shown = items.map((item) => ({
    ...item,
    label: withoutIcons(item.label),
    description: item.description && withoutIcons(item.description),
    detail: item.detail && withoutIcons(item.detail),
  }));
  const chosen = await vscode.window.showQuickPick(shown, options);
  return chosen && items[shown.indexOf(chosen)];
}

/** A list of texts. Resolves to the chosen one, or undefined if the user cancels. */
export async function showTexts(
  texts: readonly string[],
  options: vscode.QuickPickOptions,
): Promise<string | undefined> {
  return (
    await showList(
      texts.map((label) => ({ label })),
      options,
    )
  )?.label;
}
