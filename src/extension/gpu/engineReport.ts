/**
 * The engine report: everything that a bug report about speed, a GPU or a crash needs, and nothing from the user's
 * texts.
 */
import type { EngineDescription } from '../../common/engineProtocol';
import type { GpuPackageReport, GpuReport, SelfTestResult } from '../../common/gpuProtocol';
import { say, type Told } from '../../common/l10n';
import type { Tally } from '../completion/offerTally';
import type { NodeProgram } from './nodeProgram';

export interface ReportData {
  inkling: string;
  vscode: string;
  platform: string;
  trusted: boolean;
  settings: Record<string, unknown>;
  /** A string is an error message. */
  engine: EngineDescription | string;
  node: NodeProgram | string;
  gpu: GpuReport | string;
  /** From the last set-up. */
  selfTests: SelfTestResult[];
  offers: Tally;
  /** Newest first. */
  runs: { startedAt: string; state: string; network?: string; device?: string; backendReason?: Told }[];
  /** Shown as ~. */
  home: string;
}

/** Markdown, in English regardless of the display language: it is for the developers of Inkling. */
export function formatReport(data: ReportData): string {
  const { engine, gpu, node, selfTests, offers, runs } = data;
  const sections: [string, string[]][] = [
    [
      'Program',
      [
        `Inkling: ${data.inkling}`,
        `VS Code: ${data.vscode}`,
        `Platform: ${data.platform}`,
        `Workspace trusted: ${data.trusted ? 'yes' : 'no (settings of the engine and GPU packages are ignored)'}`,
      ],
    ],
    ['Settings', Object.entries(data.settings).map(([name, value]) => `inkling.${name}: ${JSON.stringify(value)}`)],
    [
      'Engine',
      typeof engine === 'string'
        ? [`Did not answer: ${engine}`]
        : [
            `Version: ${engine.version}, process ${engine.pid}`,
            `Runtime: Node.js ${engine.node}`,
            `On the processor: ${engine.backend} (${engine.kernel}), ${engine.threads} threads`,
          ],
    ],
    ['GPU', typeof gpu === 'string' ? [`Not examined: ${gpu}`, nodeLine(node)] : gpuLines(gpu, node)],
    ['Self-test', selfTests.length > 0 ? selfTests.map(selfTestLine) : ['Never run; "Inkling: Set Up GPU…" runs it.']],
    ['Completions', [`Accepted ${offers.taken} of ${offers.shown} on this machine.`]],
    ['Last runs', runs.length > 0 ? runs.map(runLine) : ['None in this workspace.']],
  ];
  const text = sections.map(([title, lines]) => `## ${title}\n\n${lines.map((line) => `- ${line}\n`).join('')}`);
  const report = `# Inkling engine report\n\n${text.join('\n')}`;
  return data.home.length > 1 ? report.split(data.home).join('~') : report;
}

function gpuLines(gpu: GpuReport, node: NodeProgram | string): string[] {
  return [
    `Examined in: ${gpu.runtime} ${gpu.node} (${gpu.nodeProgram}), ${gpu.platform}`,
    nodeLine(node),
    `NVIDIA driver: ${gpu.nvidia ?? 'none found (nvidia-smi does not answer)'}`,
    `Folder of packages: ${gpu.modulesFolder ?? 'none'}`,
    `webgpu: ${packageLine(gpu.webgpu)}; wanted ${gpu.wanted.webgpu}`,
    `tensorflow: ${packageLine(gpu.tensorflow)}; wanted ${gpu.wanted.tensorflow}`,
  ];
}

function nodeLine(node: NodeProgram | string): string {
  return `Node.js of the user: ${typeof node === 'string' ? node : `${node.version} (${node.path})`}`;
}

function packageLine({ folder, version, device, problem }: GpuPackageReport): string {
  if (!folder) return 'not installed';
  return `${version ?? 'of unknown version'} in ${folder}: ${device ?? (problem ? say(problem) : 'nothing known')}`;
}

function selfTestLine({ backend, kernel, worst, stepMs, targetsPerSecond }: SelfTestResult): string {
  return (
    `${backend} (${kernel}): gradients within ${worst.toExponential(1)} of the reference; LSTM 1 × 128 takes ` +
    `${stepMs.toFixed(1)} ms per step, ${Math.round(targetsPerSecond).toLocaleString('en')} characters a second`
  );
}

function runLine({ startedAt, state, network, device, backendReason }: ReportData['runs'][number]): string {
  return [startedAt, state, network, device, backendReason && say(backendReason)].filter(Boolean).join(' · ');
}
