/** The dialogs of Set Up GPU (see gpuSetup.ts). */
import * as vscode from 'vscode';
import { formatFixed } from '../../common/formats';
import type { GpuPackage, GpuPackageReport } from '../../common/gpuProtocol';
import { say } from '../../common/l10n';
import { setting } from '../configuration';
import { formatCount } from '../formatFigures';
import { showInformation, showList, showWarning, withProgress } from '../messages';
import { signalOf } from '../signalOf';
import type { SetupDialogs } from './gpuSetup';

const names: Record<GpuPackage, string> = { webgpu: 'WebGPU', tensorflow: 'TensorFlow' };

/** `log` receives every line that an installation prints. */
export function setupDialogs(log: vscode.LogOutputChannel): SetupDialogs {
  return {
    async choosePackage({ report, node, folder }) {
      const { webgpu, tensorflow, wanted, nvidia } = report;
      const nodeText = typeof node === 'string' ? node : `Node.js ${node.version}`;
      const into = vscode.l10n.t('Installs {0} into {1}', wanted.tensorflow, folder);
      const items: (vscode.QuickPickItem & { which: GpuPackage | 'report' })[] = [
        {
          label: 'WebGPU',
          iconPath: new vscode.ThemeIcon('circuit-board'),
          description: stateOf(webgpu),
          detail: webgpu.folder
            ? vscode.l10n.t('Any card with Vulkan, Metal or Direct3D 12, in {0}', nodeText)
            : vscode.l10n.t('Installs {0} (12 to 40 MB) into {1}; runs in {2}', wanted.webgpu, folder, nodeText),
          which: 'webgpu',
        },
        {
          label: 'TensorFlow',
          iconPath: new vscode.ThemeIcon('circuit-board'),
          description: stateOf(tensorflow),
          detail: tensorflow.folder ? vscode.l10n.t('NVIDIA cards with CUDA 11.2 and cuDNN 8.1') : into,
          which: 'tensorflow',
        },
        { label: vscode.l10n.t('Show Engine Report'), iconPath: new vscode.ThemeIcon('output'), which: 'report' },
      ];
      const driver = nvidia ?? vscode.l10n.t('no NVIDIA driver answers');
      const title = vscode.l10n.t('Set up a GPU ({0}; {1})', report.platform, driver);
      const placeHolder = vscode.l10n.t(
        'Small networks are often faster on the processor; "auto" measures both and uses the faster',
      );
      return (await showList(items, { title, placeHolder, ignoreFocusOut: true }))?.which;
    },

    async chooseNode(found) {
      const other = vscode.l10n.t('Choose Another…');
      if (typeof found !== 'string') {
        const use = vscode.l10n.t('Use It');
        const question = vscode.l10n.t(
          "WebGPU does not run in VS Code's own Node.js. Run the engine in Node.js {0} ({1}) when WebGPU is used?",
          found.version,
          found.path,
        );
        const answer = await showInformation(question, { modal: true }, use, other);
        if (answer === use) return found.path;
        if (answer !== other) return undefined;
      } else {
        const choose = vscode.l10n.t('Choose Node.js…');
        const message = vscode.l10n.t('WebGPU needs Node.js 20 or later installed alongside VS Code.');
        if ((await showWarning(message, { modal: true, detail: found }, choose)) !== choose) {
          return undefined;
        }
      }
      const title = vscode.l10n.t('The Node.js program');
      return (await vscode.window.showOpenDialog({ title, canSelectMany: false }))?.[0]?.fsPath;
    },

    async wantsReinstall(which, problem) {
      const again = vscode.l10n.t('Install Again');
      const message = vscode.l10n.t('{0} is installed but does not work.', names[which]);
      return (await showWarning(message, { modal: true, detail: problem }, again)) === again;
    },

    during(what, work) {
      const title =
        what === 'looking'
          ? vscode.l10n.t('Looking for GPUs')
          : what === 'testing'
            ? vscode.l10n.t('Testing the GPU; the first use can take minutes')
            : vscode.l10n.t('Installing {0}', what.installing);
      const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
      const tracked = (progress: vscode.Progress<{ message: string }>, token: vscode.CancellationToken) =>
        work((line) => {
          log.info(`[set up GPU] ${line}`);
          progress.report({ message: line.slice(0, 100) });
        }, signalOf(token));
      return Promise.resolve(withProgress(options, tracked));
    },

    async tell(which, { gpu, cpu }) {
      const figures = vscode.l10n.t(
        '{0} works correctly on {1}: {2} ms per step for LSTM 1 × 128 ({3} characters/s); the processor takes {4} ms.',
        names[which],
        gpu.kernel,
        formatFixed(gpu.stepMs, 1),
        formatCount(gpu.targetsPerSecond),
        formatFixed(cpu.stepMs, 1),
      );
      log.info(`[set up GPU] ${figures} Gradients within ${gpu.worst.toExponential(1)}.`);
      const backend = setting('engine.backend');
      if (backend === 'auto' || backend === which) return void showInformation(figures);
      const useAuto = vscode.l10n.t('Let Inkling Choose');
      if ((await showInformation(figures, useAuto)) !== useAuto) return;
      const target = vscode.ConfigurationTarget.Global;
      await vscode.workspace.getConfiguration('inkling').update('engine.backend', 'auto', target);
    },

    async showReport() {
      await vscode.commands.executeCommand('inkling.showEngineReport');
    },
  };
}

function stateOf({ folder, version, device, problem }: GpuPackageReport): string {
  if (!folder) return vscode.l10n.t('not installed');
  return [version, device ?? (problem && say(problem))].filter(Boolean).join(' · ');
}
