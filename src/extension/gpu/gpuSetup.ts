/**
 * Set Up GPU: examines the machine, installs a package into its folder, tests it, and reports the measurements. All of
 * it happens in a separate engine, so that a crashing driver does not affect training. Independent of VS Code: dialogs
 * are passed in.
 */
import { InklingError } from '../../common/errors';
import type { GpuPackage, GpuReport, SelfTestResult } from '../../common/gpuProtocol';
import { say, t } from '../../common/l10n';
import type { EngineCaller } from '../engineHost/engineClient';
import type { EngineLaunch } from '../engineHost/engineLaunch';
import type { NodeProgram } from './nodeProgram';

export interface Findings {
  report: GpuReport;
  /** The Node.js in the settings, or else the one found by the system; a string says why there is none. */
  node: NodeProgram | string;
  /** The folder for packages. */
  folder: string;
}

export interface Measured {
  gpu: SelfTestResult;
  cpu: SelfTestResult;
}

/** The dialogs with the user; they return undefined if cancelled. */
export interface SetupDialogs {
  choosePackage(findings: Findings): Promise<GpuPackage | 'report' | undefined>;
  /** The path of the Node.js that the engine may use; `found` is proposed if there is one. */
  chooseNode(found: NodeProgram | string): Promise<string | undefined>;
  /** The package is there but does not work. */
  wantsReinstall(which: GpuPackage, problem: string): Promise<boolean>;
  /** Shows progress; cancelling aborts the signal. */
  during<R>(
    what: 'looking' | 'testing' | { installing: string },
    work: (report: (line: string) => void, signal: AbortSignal) => Promise<R>,
  ): Promise<R>;
  tell(which: GpuPackage, measured: Measured): Promise<void>;
  showReport(): Promise<void>;
}

export interface SetupParts {
  dialogs: SetupDialogs;
  /** An engine separate from the one that trains. */
  startEngine(launch: EngineLaunch): EngineCaller & { dispose(): void };
  askNode(program: string): Promise<NodeProgram | string>;
  folder: string;
  /** The setting inkling.engine.nodePath; empty: none. */
  nodePath: string;
  setNodePath(path: string): Promise<void>;
  /** A package was installed, or another Node.js was chosen: the start settings of the engine have changed. */
  changed(): void;
}

/**
 * The whole dialog; undefined if the user cancelled it. Throws what the engine throws (no setting is left half
 * changed).
 */
export async function setUpGpu(parts: SetupParts): Promise<Measured | undefined> {
  const { dialogs, folder, nodePath } = parts;
  const { findings, program } = await dialogs.during('looking', async (_, signal) => {
    const node = await parts.askNode(nodePath || 'node');
    // A Node.js that is not in the settings is only proposed.
    const own = nodePath && typeof node !== 'string' ? node.path : undefined;
    const report = await withEngine(parts, own, (engine) => engine.call('describeGpu', {}, { signal }));
    return { findings: { report, node, folder }, program: own };
  });
  const which = await dialogs.choosePackage(findings);
  if (which === undefined) return undefined;
  if (which === 'report') {
    await dialogs.showReport();
    return undefined;
  }
  const runtime = which === 'webgpu' && !program ? await nameNode(parts, findings.node) : program;
  if (which === 'webgpu' && !runtime) return undefined;
  return withEngine(parts, runtime, async (engine) => {
    // A result without that Node.js says nothing about WebGPU with it.
    const report = runtime === program ? findings.report : await engine.call('describeGpu', {});
    if (!(await ensureInstalled(parts, engine, which, report))) return undefined;
    const measured = await dialogs.during('testing', async (_, signal) => ({
      gpu: await engine.call('selfTestGpu', { which }, { signal }),
      cpu: await engine.call('selfTestGpu', { which: 'wasm' }, { signal }),
    }));
    await dialogs.tell(which, measured);
    return measured;
  });
}

/** A Node.js that the user agrees to, stored in the settings. */
async function nameNode(parts: SetupParts, found: NodeProgram | string): Promise<string | undefined> {
  const chosen = await parts.dialogs.chooseNode(found);
  if (!chosen) return undefined;
  const node = await parts.askNode(chosen);
  if (typeof node === 'string')
    throw new InklingError('invalidInput', t('{0} Name a Node.js of version 20 or later.', node));
  await parts.setNodePath(node.path);
  parts.changed();
  return node.path;
}

/** Returns whether the package is installed in the end. */
async function ensureInstalled(
  { dialogs, folder, changed }: SetupParts,
  engine: EngineCaller,
  which: GpuPackage,
  report: GpuReport,
): Promise<boolean> {
  const { folder: found, problem } = report[which];
  if (found && !problem) return true;
  if (found && problem && !(await dialogs.wantsReinstall(which, say(problem)))) return false;
  await dialogs.during({ installing: report.wanted[which] }, (say, signal) =>
    engine.call('installGpu', { folder, which }, { signal, onEvent: ({ line }) => say(line) }),
  );
  changed();
  return true;
}

async function withEngine<R>(
  { startEngine, folder }: SetupParts,
  program: string | undefined,
  work: (engine: EngineCaller) => Promise<R>,
): Promise<R> {
  const engine = startEngine({ program, modulesFolder: folder });
  try {
    return await work(engine);
  } finally {
    engine.dispose();
  }
}
