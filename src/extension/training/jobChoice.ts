/** What Export Training Job and Attach to Job ask. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { formatInteger } from '../../common/l10n';
import { showInformation, showList } from '../messages';
import type { Parts } from '../parts';
import { askForEpochs } from './askForEpochs';
import { isOnCluster } from './clusterToken';
import type { KeptText } from './trainingRuns';

/** Answers the questions of an export. */
export interface JobChoice {
  folder: string;
  epochs: number;
}

/** Writes the folder of a job and returns its path; undefined if the user chose none. */
export async function exportJob({ engine }: Parts, text: KeptText, given?: JobChoice): Promise<string | undefined> {
  const choice = given ?? (await askForExport(text.title));
  if (!choice) return undefined;
  const { folder, epochs } = choice;
  const { title, sources } = text;
  const { network, parameters } = await engine.call('exportJob', { sources, folder, title, epochs });
  const message = vscode.l10n.t(
    'The job is ready: {0}, {1} parameters. Copy its folder to the machine that trains, then run "pip install -r requirements.txt" and "python train.py" in it.',
    network,
    formatInteger(parameters),
  );
  if (given) return folder;
  const reveal = vscode.l10n.t('Show Folder');
  const follow = vscode.l10n.t('Attach to Job');
  void showInformation(message, reveal, follow).then(async (chosen) => {
    if (chosen === reveal) await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(folder));
    if (chosen === follow) await vscode.commands.executeCommand('inkling.attachJob', folder);
  });
  return folder;
}

async function askForExport(title: string): Promise<JobChoice | undefined> {
  const epochs = await askForEpochs({
    title: vscode.l10n.t('Export Training Job'),
    prompt: vscode.l10n.t('How many epochs (passes over the text)?'),
    value: '10',
  });
  if (epochs === undefined) return undefined;
  const name = `${path.posix.basename(title).replace(/[^\p{L}\p{N}]+/gu, '-')}-job`;
  const start = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('New folder for the job'),
    saveLabel: vscode.l10n.t('Export'),
    ...(start?.scheme === 'file' && { defaultUri: vscode.Uri.joinPath(start, name) }),
  });
  return target && { folder: target.fsPath, epochs };
}

/** A folder, or the address of a job on a cluster. */
export async function chooseJob(): Promise<string | undefined> {
  const folder = { label: vscode.l10n.t('A folder…'), detail: vscode.l10n.t('On this machine, or mounted here') };
  const cluster = {
    label: vscode.l10n.t('A Ray cluster…'),
    detail: vscode.l10n.t('Through the job API of its dashboard'),
  };
  const chosen = await showList([folder, cluster], {
    title: vscode.l10n.t('Where does the job train?'),
  });
  if (chosen === folder) {
    const [uri] = (await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false })) ?? [];
    return uri?.fsPath;
  }
  if (chosen !== cluster) return undefined;
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Address of the job'),
    placeHolder: 'ray://head:8265/raysubmit_…',
    ignoreFocusOut: true,
    validateInput: (text) =>
      isOnCluster(text) && URL.canParse(text)
        ? undefined
        : vscode.l10n.t(
            'Enter ray://HOST:PORT/JOB, as "ray job submit" shows it; without JOB, the latest job is used.',
          ),
  });
}

/** For people: the last part of its path or address. */
export function titleOfJob(job: string): string {
  return path.basename(isOnCluster(job) ? new URL(job).pathname || new URL(job).host : job) || job;
}
