/** The engine as the rest of the extension sees it: the supervised process, its log channel, and the offer to restart. */
import * as vscode from 'vscode';
import { setting } from '../configuration';
import { EngineSupervisor, type Clock } from './engineSupervisor';
import { forkEngine } from './forkEngine';

export type EngineCaller = Pick<EngineSupervisor, 'call'>;

export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Starts no process yet; the first call does. */
export function createEngineClient(entry: string, log: vscode.LogOutputChannel): EngineSupervisor {
  return new EngineSupervisor({
    start: () => forkEngine(entry, (text) => log.info(`[engine output] ${text}`)),
    clock: systemClock,
    log(level, message) {
      if (level === 'error') log.error(message);
      else if (level === 'warning') log.warn(message);
      else log.info(message);
    },
    idleMs: () => setting('engine.idleMinutes') * 60_000,
    onGivenUp: () => void offerRestart(),
  });
}

async function offerRestart(): Promise<void> {
  const restart = vscode.l10n.t('Restart');
  const showLog = vscode.l10n.t('Show Log');
  const chosen = await vscode.window.showErrorMessage(
    vscode.l10n.t('The Inkling engine keeps ending and stays off. Nothing since the last checkpoint is lost.'),
    restart,
    showLog,
  );
  if (chosen === restart) await vscode.commands.executeCommand('inkling.restartEngine');
  if (chosen === showLog) await vscode.commands.executeCommand('inkling.showLog');
}
