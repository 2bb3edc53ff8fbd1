/** The status bar item that says whether completions are on, and pauses or resumes them with one click. */
import * as vscode from 'vscode';
import { completionEnabled } from '../configuration';
import { Disposables } from '../dispose';
import type { ActiveModel } from '../models/activeModel';

const key = 'inkling.completionsPaused';

export class CompletionSwitch extends Disposables {
  private readonly item = this.add(
    vscode.window.createStatusBarItem('inkling.completions', vscode.StatusBarAlignment.Right, 100),
  );

  constructor(
    private readonly memory: vscode.Memento,
    private readonly active: ActiveModel,
  ) {
    super();
    this.item.name = vscode.l10n.t('Inkling Completions');
    this.item.command = 'inkling.toggleCompletions';
    this.add(vscode.window.onDidChangeActiveTextEditor(() => this.update()));
    this.add(vscode.workspace.onDidChangeConfiguration(() => this.update()));
    this.add(active.onDidChange(() => this.update()));
    this.update();
  }

  get paused(): boolean {
    return this.memory.get<boolean>(key, false);
  }

  async toggle(): Promise<void> {
    await this.memory.update(key, !this.paused);
    this.update();
    if (this.paused) await vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
  }

  /** Shown where completions could appear, once there is a model. */
  private update(): void {
    const document = vscode.window.activeTextEditor?.document;
    if (!document || !this.active.path || !completionEnabled(document)) return this.item.hide();
    this.item.text = this.paused ? '$(circle-slash) Inkling' : '$(edit) Inkling';
    this.item.tooltip = this.paused
      ? vscode.l10n.t('Inkling completions are paused. Click to resume.')
      : vscode.l10n.t('Inkling completes as you write. Click to pause.');
    this.item.show();
  }
}
