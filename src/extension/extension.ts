/** Entry of the extension: wires the parts together and registers the commands. Nothing is computed or started here. */
import * as vscode from 'vscode';
import { setLanguage } from '../common/l10n';
import { classifierCommands } from './classifier/classifierCommands';
import type { CommandId } from './commandIds';
import { registerCommands, type CommandTable } from './commands';
import { gpuCommands } from './gpu/gpuCommands';
import { createServices, type Services } from './services';
import { trainingCommands } from './training/trainingCommands';
import { writingCommands } from './writingCommands';

let services: Services | undefined;

/** Returns the parts, for the tests that run inside VS Code. */
export function activate(context: vscode.ExtensionContext): Services {
  const start = performance.now();
  setLanguage({ tag: vscode.env.language, bundle: vscode.l10n.bundle ?? {} });
  services = createServices(context);
  const table: CommandTable<CommandId> = {
    ...trainingCommands(services),
    ...writingCommands(services),
    ...classifierCommands(services),
    ...gpuCommands(services),
  };
  context.subscriptions.push(services, registerCommands(table, services.log));
  services.log.info(`Activated in ${(performance.now() - start).toFixed(1)} ms.`);
  return services;
}

/** Resolves when what was not written yet is on disk. */
export async function deactivate(): Promise<void> {
  await services?.runs.store.flush();
}
