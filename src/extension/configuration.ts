/** Typed access to the settings `inkling.*`. They are read when needed, so that changes take effect immediately. */
import * as vscode from 'vscode';
import type { ComputeRequest } from '../common/engineProtocol';
import { settingDefaults, type SettingName, type SettingValue } from './settingDefaults';

export function setting<K extends SettingName>(name: K, scope?: vscode.ConfigurationScope): SettingValue<K> {
  return vscode.workspace.getConfiguration('inkling', scope).get<SettingValue<K>>(name, settingDefaults[name]);
}

/** The seed of training that the user has set; undefined where it was left at its default. */
export function chosenSeed(): number | undefined {
  const inspected = vscode.workspace.getConfiguration('inkling').inspect<number>('training.seed');
  return inspected?.workspaceFolderValue ?? inspected?.workspaceValue ?? inspected?.globalValue;
}

/** The backend and threads of a run, according to the settings. */
export function engineChoice(): ComputeRequest {
  return {
    threads: setting('engine.threads') || undefined,
    backend: setting('engine.backend'),
    half: setting('engine.half'),
  };
}

/**
 * Whether completion is on in a document: the user's setting for its language takes precedence, then the list of
 * languages. (A value for all languages can only switch everything off.)
 */
export function completionEnabled(document: vscode.TextDocument): boolean {
  const inspected = vscode.workspace.getConfiguration('inkling', document).inspect<boolean>('completion.enabled');
  const forLanguage =
    inspected?.workspaceFolderLanguageValue ?? inspected?.workspaceLanguageValue ?? inspected?.globalLanguageValue;
  if (forLanguage !== undefined) return forLanguage;
  return (
    setting('completion.enabled', document) && setting('completion.languages', document).includes(document.languageId)
  );
}
