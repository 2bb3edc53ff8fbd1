/** The status bar item that shows whether completions are on here, and pauses or resumes them with one click. */
import * as vscode from 'vscode';
import { languageName } from '../../common/l10n';
import { languageOfBase } from '../../common/bases';
import { completionEnabled, setting } from '../configuration';
import { onDidChangeActiveDocument } from '../editors';
import { Disposables } from '../dispose';
import type { ActiveModel } from '../models/activeModel';
import type { ModelStore } from '../models/modelStore';
import { isExcluded } from './excluded';
import type { OfferTally } from './offerTally';

const key = 'inkling.completionsPaused';

export class CompletionSwitch extends Disposables {
  private readonly item = this.add(
    vscode.window.createStatusBarItem('inkling.completions', vscode.StatusBarAlignment.Right, 100),
  );
  /** Counts the updates: if two are in progress, the later one counts. */
  private updates = 0;

  constructor(
    private readonly memory: vscode.Memento,
    private readonly active: ActiveModel,
    models: ModelStore,
    private readonly tally: OfferTally,
  ) {
    super();
    this.item.name = vscode.l10n.t('Inkling Completions');
    const update = (): void => void this.update();
    this.add(onDidChangeActiveDocument(update));
    this.add(active.onDidChange(update));
    this.add(models.onDidChange(update));
    this.add(tally.onDidChange(update));
    update();
  }

  get paused(): boolean {
    return this.memory.get<boolean>(key, false);
  }

  /** What the item shows; undefined if it is hidden. For tests. */
  get shown(): { text: string; tooltip: string } | undefined {
    return this.visible ? { text: this.item.text, tooltip: String(this.item.tooltip) } : undefined;
  }
  private visible = false;

  async toggle(): Promise<void> {
    await this.memory.update(key, !this.paused);
    await this.update();
    if (this.paused) await vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
  }

  /** Shown for documents in prose languages, once there is a model. */
  private async update(): Promise<void> {
    const turn = ++this.updates;
    const document = vscode.window.activeTextEditor?.document;
    const isHere = document !== undefined && setting('completion.languages', document).includes(document.languageId);
    const model = document && (isHere || completionEnabled(document)) ? await this.active.find(document) : undefined;
    if (turn !== this.updates) return;
    this.visible = document !== undefined && model !== undefined;
    if (!document || !model) return this.item.hide();
    const off = this.reasonForNone(document);
    this.item.text = off ? '$(circle-slash) Inkling' : '$(edit) Inkling';
    const { taken, shown } = this.tally.tally;
    this.item.tooltip = [
      off?.reason ?? reasonFor(model),
      ...(shown > 0 ? [vscode.l10n.t('Accepted {0} of {1} on this machine.', taken, shown)] : []),
    ].join('\n');
    this.item.command = off?.command ?? 'inkling.toggleCompletions';
    this.item.show();
  }

  /** The reason why nothing is offered in a document, and what a click does about it. */
  private reasonForNone(document: vscode.TextDocument): { reason: string; command?: vscode.Command } | undefined {
    const openSetting = (name: string): vscode.Command => ({
      command: 'workbench.action.openSettings',
      title: '',
      arguments: [`@id:${name}`],
    });
    if (!vscode.workspace.getConfiguration('editor', document).get('inlineSuggest.enabled', true)) {
      return {
        reason: vscode.l10n.t(
          'Inkling offers nothing: "editor.inlineSuggest.enabled" is off here. Click to see the setting.',
        ),
        command: openSetting('editor.inlineSuggest.enabled'),
      };
    }
    if (!completionEnabled(document)) {
      return {
        reason: vscode.l10n.t(
          'Inkling offers nothing: "inkling.completion.enabled" is off here. Click to see the setting.',
        ),
        command: openSetting('inkling.completion.enabled'),
      };
    }
    if (isExcluded(document)) {
      return {
        reason: vscode.l10n.t(
          'Inkling offers nothing: "inkling.completion.exclude" names this file. Click to see the setting.',
        ),
        command: openSetting('inkling.completion.exclude'),
      };
    }
    return this.paused ? { reason: vscode.l10n.t('Inkling completions are paused. Click to resume.') } : undefined;
  }
}

/** What offers completions. */
function reasonFor(model: string): string {
  const language = languageOfBase(model);
  if (language === undefined) return vscode.l10n.t('Inkling offers completions as you write. Click to pause.');
  return vscode.l10n.t(
    'Inkling offers completions as you write, from {0} and this document. Click to pause.',
    languageName(language),
  );
}
