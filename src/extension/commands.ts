/** Registers a table of commands and is the only place where their failures are shown. */
import * as vscode from 'vscode';
import { asInklingError, type InklingError } from '../common/errors';
import { showError, showWarning } from './messages';
import { ErrorWithRemedy } from './remedies';

/** The body of a command. Arguments come from VS Code (a clicked item), from keybindings or from tests. */
export type CommandTable<Id extends string> = Record<Id, (...args: never[]) => unknown>;

export function registerCommands<Id extends string>(
  table: CommandTable<Id>,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const registrations = (Object.entries(table) as [Id, (...args: unknown[]) => unknown][]).map(([id, run]) =>
    vscode.commands.registerCommand(id, async (...args: unknown[]) => {
      try {
        return await run(...args);
      } catch (error) {
        const failure = asInklingError(error);
        log.error(`${id}: ${failure.stack ?? failure.message}`);
        present(failure);
        return undefined;
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}

/** Reports an error, including errors of actions chosen in a message, for which no command waits. */
export function present(error: unknown): void {
  void show(asInklingError(error));
}

/** A cancellation is not a failure, and invalid input is only a warning. */
async function show(error: InklingError): Promise<void> {
  if (error.code === 'cancelled') return;
  if (error instanceof ErrorWithRemedy) {
    const { title, command } = error.remedy;
    if ((await showWarning(error.message, title)) === title) await vscode.commands.executeCommand(command);
    return;
  }
  if (error.code === 'invalidInput') {
    void showWarning(error.message);
    return;
  }
  const showLog = vscode.l10n.t('Show Log');
  const chosen = await showError(error.message, showLog);
  if (chosen === showLog) await vscode.commands.executeCommand('inkling.showLog');
}
