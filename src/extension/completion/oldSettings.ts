/** Migrates settings of earlier versions to their new names, once. */
import * as vscode from 'vscode';
import type { Eagerness } from '../../common/engineProtocol';

const key = 'inkling.minimumConfidenceTakenOver';
const oldName = 'completion.minimumConfidence';
const newName = 'completion.eagerness';

/** The eagerness for a mean probability per character from 0 to 1; the default was 0.35. */
function eagernessFor(minimumConfidence: number): Eagerness {
  if (minimumConfidence > 0.5) return 'shy';
  return minimumConfidence < 0.2 ? 'bold' : 'balanced';
}

/**
 * Writes the eagerness that corresponds to the old setting wherever that was set: for the user or the workspace, for
 * all languages or for one; once for each.
 */
export async function migrateOldSettings(globalState: vscode.Memento, workspaceState: vscode.Memento): Promise<void> {
  const places = [
    { state: globalState, target: vscode.ConfigurationTarget.Global, values: ['globalValue', 'globalLanguageValue'] },
    {
      state: workspaceState,
      target: vscode.ConfigurationTarget.Workspace,
      values: ['workspaceValue', 'workspaceLanguageValue'],
    },
  ] as const;
  const languages = vscode.workspace.getConfiguration('inkling').inspect(oldName)?.languageIds ?? [];
  for (const { state, target, values } of places) {
    if (state.get<boolean>(key)) continue;
    for (const languageId of [undefined, ...languages]) {
      const configuration = vscode.workspace.getConfiguration(
        'inkling',
        languageId === undefined ? undefined : { languageId },
      );
      const name = values[languageId === undefined ? 0 : 1];
      const old = configuration.inspect<unknown>(oldName)?.[name];
      if (typeof old !== 'number' || configuration.inspect<unknown>(newName)?.[name] !== undefined) continue;
      await configuration.update(newName, eagernessFor(old), target, languageId !== undefined);
    }
    await state.update(key, true);
  }
}
