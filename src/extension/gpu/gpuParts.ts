/** The GPU parts of the extension: the set-up, and the engine report as a read-only document. */
import * as os from 'node:os';
import * as vscode from 'vscode';
import { asInklingError, InklingError } from '../../common/errors';
import type { SelfTestResult } from '../../common/gpuProtocol';
import { systemClock } from '../clock';
import type { OfferTally } from '../completion/offerTally';
import { setting } from '../configuration';
import { Disposables } from '../dispose';
import type { EngineCaller } from '../engineHost/engineClient';
import type { EngineLaunch } from '../engineHost/engineLaunch';
import { EngineSupervisor } from '../engineHost/engineSupervisor';
import { forkEngine } from '../engineHost/forkEngine';
import { modulesFolder } from '../engineHost/launchSettings';
import { withProgress } from '../messages';
import type { RunStore } from '../training/runStore';
import { formatReport, type ReportData } from './engineReport';
import { setUpGpu, type SetupDialogs } from './gpuSetup';
import { askNode } from './nodeProgram';
import { setupDialogs } from './setupDialogs';

export interface GpuOptions {
  /** dist/engine.js. */
  entry: string;
  /** The folder into which Set Up GPU installs, unless the settings name another one. */
  ownFolder: string;
  /** The engine that trains and writes. */
  engine: EngineSupervisor;
  log: vscode.LogOutputChannel;
  store: RunStore;
  tally: OfferTally;
  state: vscode.Memento;
  version: string;
}

const scheme = 'inkling-report';
const reportUri = vscode.Uri.from({ scheme, path: '/Inkling Engine Report.md' });
const selfTestKey = 'inkling.selfTests';
const reportedRuns = 5;
/** How long the separate engine stays while a dialog waits for the user; the next call restarts it. */
const idleMs = 60_000;

export class GpuParts extends Disposables {
  private report = '';
  private readonly reportChanged = this.add(new vscode.EventEmitter<vscode.Uri>());

  constructor(private readonly options: GpuOptions) {
    super();
    this.add(
      vscode.workspace.registerTextDocumentContentProvider(scheme, {
        onDidChange: this.reportChanged.event,
        provideTextDocumentContent: () => this.report,
      }),
    );
  }

  /** Set Up GPU; `dialogs` for tests. */
  async setUp(dialogs: SetupDialogs = setupDialogs(this.options.log)): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      throw new InklingError(
        'invalidInput',
        vscode.l10n.t('Trust this workspace first: in Restricted Mode no GPU package is loaded.'),
      );
    }
    const { engine, ownFolder, state } = this.options;
    const measured = await setUpGpu({
      dialogs,
      startEngine: (launch) => this.startEngine(launch),
      askNode,
      folder: modulesFolder(ownFolder),
      nodePath: setting('engine.nodePath'),
      setNodePath: async (path) => {
        const target = vscode.ConfigurationTarget.Global;
        await vscode.workspace.getConfiguration('inkling').update('engine.nodePath', path, target);
      },
      changed: () => engine.renew(),
    });
    if (measured) await state.update(selfTestKey, [measured.gpu, measured.cpu]);
  }

  /** Opens a new report. */
  async showReport(): Promise<void> {
    const options = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Writing the engine report') };
    this.report = formatReport(await withProgress(options, () => this.gather()));
    this.reportChanged.fire(reportUri);
    const document = await vscode.workspace.openTextDocument(reportUri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  private async gather(): Promise<ReportData> {
    const { engine, store, state, version, ownFolder } = this.options;
    const trusted = vscode.workspace.isTrusted;
    const nodePath = setting('engine.nodePath');
    const node = trusted ? await askNode(nodePath || 'node') : 'not examined, because the workspace is not trusted';
    const program = nodePath && typeof node !== 'string' ? node.path : undefined;
    // In a separate engine: a driver that crashes during the examination must not end a training run.
    const examiner = this.startEngine(trusted ? { program, modulesFolder: modulesFolder(ownFolder) } : {});
    try {
      await store.load();
      return {
        inkling: version,
        vscode: `${vscode.version} (${vscode.env.appHost}${vscode.env.remoteName ? `, ${vscode.env.remoteName}` : ''})`,
        platform: `${process.platform} ${process.arch} ${os.release()}, ${os.cpus().length} × ${os.cpus()[0]?.model ?? '?'}`,
        trusted,
        settings: {
          'engine.backend': setting('engine.backend'),
          'engine.half': setting('engine.half'),
          'engine.threads': setting('engine.threads'),
          'engine.nodePath': nodePath,
          'engine.modulesPath': setting('engine.modulesPath'),
          'engine.idleMinutes': setting('engine.idleMinutes'),
        },
        engine: await orProblem(engine.call('describe', {})),
        node,
        gpu: await orProblem(examiner.call('describeGpu', {})),
        selfTests: state.get<SelfTestResult[]>(selfTestKey, []),
        offers: this.options.tally.tally,
        runs: store.list().slice(0, reportedRuns),
        home: os.homedir(),
      };
    } finally {
      examiner.dispose();
    }
  }

  private startEngine(launch: EngineLaunch): EngineCaller & { dispose(): void } {
    const { entry, log } = this.options;
    const say = (text: string): void => log.info(`[GPU] ${text}`);
    return new EngineSupervisor({
      start: () => forkEngine(entry, say, undefined, launch),
      clock: systemClock,
      log: (_, message) => say(message),
      idleMs: () => idleMs,
      onGivenUp: () => undefined, // the failed call reports the error
    });
  }
}

/** The answer, or the reason why there is none. */
function orProblem<T>(answer: Promise<T>): Promise<T | string> {
  return answer.catch((error: unknown) => asInklingError(error).message);
}
