/** The actions on a model from the Models view or the palette. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { ModelSummary } from '../../common/engineProtocol';
import { formatBits } from '../../common/formats';
import { present } from '../commands';
import { showInformation, showList } from '../messages';
import { noModel } from '../remedies';
import type { ActiveModel } from './activeModel';
import { fileNameOf, modelOf, type ModelEntry, type ModelStore } from './modelStore';
import type { TrainingRuns } from '../training/trainingRuns';

export class ModelActions {
  constructor(
    private readonly models: ModelStore,
    private readonly active: ActiveModel,
    private readonly runs: TrainingRuns,
  ) {}

  /**
   * The entry that an action was called on, or the one that the user picks among those of `kind`; undefined if they
   * cancel. Throws `invalidInput` if there is none.
   */
  async choose(
    given: ModelEntry | undefined,
    title: string,
    kind?: ModelSummary['kind'],
  ): Promise<ModelEntry | undefined> {
    if (given) return given;
    const all = await this.models.list();
    const entries = kind === undefined ? all : all.filter(({ summary }) => summary?.kind === kind);
    if (entries.length === 0) throw noModel();
    const items = entries.map((entry) => ({
      label: entry.title,
      description: formatBits(entry.summary?.heldOutBitsPerCharacter),
      detail: entry.summary?.network ?? entry.problem,
      entry,
    }));
    return (await showList(items, { title, matchOnDetail: true }))?.entry;
  }

  async use(given?: ModelEntry): Promise<void> {
    const entry = await this.choose(given, vscode.l10n.t('Use which model?'), 'language-model');
    if (entry) await this.active.use(entry.path);
  }

  async rename(given?: ModelEntry, newTitle?: string): Promise<void> {
    const entry = await this.choose(given, vscode.l10n.t('Rename which model?'));
    if (!entry) return;
    const title =
      newTitle ??
      (await vscode.window.showInputBox({
        title: vscode.l10n.t('Rename the model'),
        value: entry.title,
        validateInput: (text) => (text.trim() === '' ? vscode.l10n.t('Enter a name.') : undefined),
      }));
    if (title) await this.models.rename(entry.path, title.trim());
  }

  async export(given?: ModelEntry, target?: vscode.Uri): Promise<void> {
    const entry = await this.choose(given, vscode.l10n.t('Export which model?'));
    if (!entry) return;
    const name = `${fileNameOf(entry.title)}.inkling.safetensors`;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const file =
      target ??
      (await vscode.window.showSaveDialog({
        defaultUri: folder ? vscode.Uri.joinPath(folder, name) : undefined,
        filters: { [vscode.l10n.t('Inkling model')]: ['safetensors'] },
      }));
    if (file) await vscode.workspace.fs.copy(vscode.Uri.file(entry.path), file, { overwrite: true });
  }

  /** Imports a model file and makes it the active one; returns its path. */
  async import(source?: vscode.Uri): Promise<string | undefined> {
    const chosen =
      source ??
      (
        await vscode.window.showOpenDialog({
          canSelectMany: false,
          filters: { [vscode.l10n.t('Inkling model')]: ['safetensors'] },
        })
      )?.[0];
    if (!chosen) return undefined;
    const file = await this.models.importFile(chosen.fsPath);
    const entry = await this.models.find(file);
    if (entry?.summary?.kind === 'language-model') await this.active.use(file);
    return file;
  }

  async reveal(given?: ModelEntry): Promise<void> {
    const entry = await this.choose(given, vscode.l10n.t('Show which model?'));
    if (entry) await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(entry.path));
  }

  /** Deletes immediately and offers Undo for as long as the message is shown. */
  async delete(given?: ModelEntry): Promise<void> {
    const entry = await this.choose(given, vscode.l10n.t('Delete which model?'));
    if (!entry) return;
    this.runs.refuseWhileTraining(modelOf(entry.path));
    const wasActive = this.active.path === entry.path;
    const aside = await this.models.setAside(entry.path);
    if (wasActive) await this.active.use(undefined);
    const undo = vscode.l10n.t('Undo');
    const message = vscode.l10n.t('Deleted the model {0}.', entry.title);
    // Not awaited: the command is done; the offer remains as long as the message.
    const answer = async (): Promise<void> => {
      const chosen = await showInformation(message, undo);
      if (chosen !== undo) return aside.purge();
      const path = await aside.restore();
      if (wasActive) await this.active.use(path);
    };
    answer().catch(present);
  }

  /** The title of the model at a path, for messages; its file name if it is not listed. */
  titleOf(file: string): string {
    return this.models.known.find((entry) => entry.path === file)?.title ?? path.basename(file);
  }
}
