/** The engine as the rest of the extension sees it: the supervised process, its log channel, and the offer to restart. */
import * as vscode from 'vscode';
import type { EngineMethods } from '../../common/engineProtocol';
import type { Caller } from '../../common/rpc/methods';
import { systemClock } from '../clock';
import { setting } from '../configuration';
import { showError } from '../messages';
import { EngineSupervisor, type EngineProcess } from './engineSupervisor';
import type { EngineLaunch } from './engineLaunch';
import { forkEngine } from './forkEngine';
import { startWithFallback } from './startWithFallback';

export interface EngineCaller {
  readonly call: Caller<EngineMethods>;
}

/** Does not start a process; the first call does, in the program that `launch` then returns. */
export function createEngineClient(
  entry: string,
  log: vscode.LogOutputChannel,
  launch: () => EngineLaunch,
): EngineSupervisor {
  const output = (text: string): void => log.info(`[engine output] ${text}`);
  /** Programs in which the engine did not start: they are not tried again until the window is reloaded. */
  const failedPrograms = new Set<string>();
  return new EngineSupervisor({
    start() {
      const { program, modulesFolder } = launch();
      const startOwn = (): EngineProcess => forkEngine(entry, output, undefined, { modulesFolder });
      if (!program || failedPrograms.has(program)) return startOwn();
      return startWithFallback(forkEngine(entry, output, undefined, { program, modulesFolder }), startOwn, (reason) => {
        failedPrograms.add(program);
        log.warn(
          `The engine did not start in ${program} (${reason}). It now runs in VS Code's own Node.js, without WebGPU.`,
        );
      });
    },
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
  const chosen = await showError(
    vscode.l10n.t(
      'The Inkling engine keeps stopping and will not be restarted automatically. Everything up to the last checkpoint is safe.',
    ),
    restart,
    showLog,
  );
  if (chosen === restart) await vscode.commands.executeCommand('inkling.restartEngine');
  if (chosen === showLog) await vscode.commands.executeCommand('inkling.showLog');
}
