/** Entry of the extension: wires the parts together and registers the commands. Nothing is computed or started here. */
import * as vscode from 'vscode';
import { setLanguage } from '../common/l10n';
import { classifierCommands } from './classifier/classifierCommands';
import type { CommandId } from './commandIds';
import { registerCommands, type CommandTable } from './commands';
import { gpuCommands } from './gpu/gpuCommands';
import { createParts, type Parts } from './parts';
import { trainingCommands } from './training/trainingCommands';
import { writingCommands } from './writing/writingCommands';

let parts: Parts | undefined;

/** Returns the parts, for the tests that run inside VS Code. */
export function activate(context: vscode.ExtensionContext): Parts {
  const start = performance.now();
  setLanguage({ tag: vscode.env.language, bundle: vscode.l10n.bundle ?? {} });
  parts = createParts(context);
  const table: CommandTable<CommandId> = {
    ...trainingCommands(parts),
    ...writingCommands(parts),
    ...classifierCommands(parts),
    ...gpuCommands(parts),
  };
  context.subscriptions.push(parts, registerCommands(table, parts.log));
  // VS Code opens the walkthrough itself for those who install the extension in a window; `npm start` asks for it.
  if (process.env.INKLING_WALKTHROUGH) {
    const toTheSide = true;
    void vscode.commands.executeCommand('workbench.action.openWalkthrough', `${context.extension.id}#start`, toTheSide);
  }
  parts.log.info(`Activated in ${(performance.now() - start).toFixed(1)} ms.`);
  return parts;
}

/** Resolves when everything pending has been written to disk. */
export async function deactivate(): Promise<void> {
  await parts?.runs.store.flush();
}
