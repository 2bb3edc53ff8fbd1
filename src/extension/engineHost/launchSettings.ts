/** How the engine is started, according to the settings and the trust in this workspace. */
import * as vscode from 'vscode';
import { setting } from '../configuration';
import { engineLaunch, type EngineLaunch } from './engineLaunch';

/**
 * The folder of the GPU packages: the one in the settings, or else the extension's own, into which Set Up GPU installs.
 */
export function modulesFolder(ownFolder: string): string {
  return setting('engine.modulesPath') || ownFolder;
}

export function launchNow(ownFolder: string): EngineLaunch {
  return engineLaunch({
    backend: setting('engine.backend'),
    nodePath: setting('engine.nodePath'),
    modulesFolder: modulesFolder(ownFolder),
    trusted: vscode.workspace.isTrusted,
  });
}

/** Calls `changed` whenever the result of `launchNow` may have changed. */
export function onDidChangeLaunch(changed: () => void): vscode.Disposable {
  const names = ['inkling.engine.backend', 'inkling.engine.nodePath', 'inkling.engine.modulesPath'];
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (names.some((name) => event.affectsConfiguration(name))) changed();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(changed),
  );
}
