/**
 * What Continue Text has written is at first a proposal: tinted and in italics, with *Keep · Another · Discard* at its
 * end, in the status bar and on keys. This file shows it; continueText.ts writes it.
 */
import * as vscode from 'vscode';
import { Disposables } from '../dispose';

export interface ProposalState {
  document: vscode.TextDocument;
  ranges: readonly vscode.Range[];
  /** More is still being written. */
  isWriting: boolean;
}

const actions = [
  { command: 'inkling.keepContinuation', title: (): string => vscode.l10n.t('Keep') },
  { command: 'inkling.anotherContinuation', title: (): string => vscode.l10n.t('Another') },
  { command: 'inkling.discardContinuation', title: (): string => vscode.l10n.t('Discard') },
] as const;

/** *Keep · Another · Discard* as links. */
function choices(): vscode.MarkdownString {
  const text = new vscode.MarkdownString(
    actions.map(({ command, title }) => `[${title()}](command:${command})`).join(' · '),
  );
  text.isTrusted = { enabledCommands: actions.map(({ command }) => command) };
  return text;
}

export class ProposalView extends Disposables implements vscode.CodeLensProvider {
  private state: ProposalState | undefined;
  private readonly tint = this.add(
    vscode.window.createTextEditorDecorationType({
      backgroundColor: new vscode.ThemeColor('inkling.proposal'),
      fontStyle: 'italic',
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    }),
  );
  private readonly item = this.add(
    vscode.window.createStatusBarItem('inkling.proposal', vscode.StatusBarAlignment.Left, 0),
  );
  private readonly lensesChanged = this.add(new vscode.EventEmitter<void>());
  readonly onDidChangeCodeLenses = this.lensesChanged.event;

  constructor() {
    super();
    this.item.name = vscode.l10n.t('Inkling Proposal');
    this.add(vscode.languages.registerCodeLensProvider({ pattern: '**' }, this));
    this.add(vscode.window.onDidChangeVisibleTextEditors(() => this.draw()));
    this.add(vscode.window.onDidChangeActiveTextEditor(() => this.draw()));
    this.add(vscode.window.onDidChangeTextEditorSelection(() => this.updateKeys()));
  }

  /** What the status bar shows; undefined if nothing. For tests. */
  get shown(): string | undefined {
    return this.state && this.item.text;
  }

  show(state: ProposalState | undefined): void {
    const wasWriting = this.state?.isWriting;
    this.state = state;
    this.draw();
    // While the proposal grows, code lenses would only make the lines jump.
    if (!state?.isWriting || !wasWriting) this.lensesChanged.fire();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const { state } = this;
    if (!state || state.isWriting || state.document !== document) return [];
    return state.ranges.flatMap(({ end }) => {
      // They are shown above their line.
      const line = Math.min(end.line + 1, document.lineCount - 1);
      const range = new vscode.Range(line, 0, line, 0);
      return actions.map(({ command, title }) => new vscode.CodeLens(range, { command, title: title() }));
    });
  }

  private draw(): void {
    const { state, item, tint } = this;
    void vscode.commands.executeCommand('setContext', 'inkling.continuing', state?.isWriting ?? false);
    void vscode.commands.executeCommand('setContext', 'inkling.proposing', state !== undefined);
    // A long paragraph at the end of a document has the choices above it, perhaps out of sight.
    const hoverMessage = state && !state.isWriting ? choices() : undefined;
    for (const editor of vscode.window.visibleTextEditors) {
      const ranges = editor.document === state?.document ? state.ranges : [];
      editor.setDecorations(
        tint,
        ranges.map((range) => ({ range, hoverMessage })),
      );
    }
    this.updateKeys();
    if (!state) return item.hide();
    if (state.isWriting) {
      item.text = `$(loading~spin) ${vscode.l10n.t('Writing… Esc stops')}`;
      item.tooltip = undefined;
      item.command = 'inkling.stopContinuing';
      item.accessibilityInformation = { label: vscode.l10n.t('Inkling is writing. Esc stops it.'), role: 'button' };
    } else {
      item.text = `$(check) ${vscode.l10n.t('Keep proposal')}`;
      item.tooltip = choices();
      item.command = 'inkling.keepContinuation';
      const label = vscode.l10n.t(
        'Inkling proposes this text. Press to keep it; there are also commands for another proposal and to discard it.',
      );
      item.accessibilityInformation = { label, role: 'button' };
    }
    item.show();
  }

  /** The keys work only where the cursor is at the proposal: elsewhere they have their usual meaning. */
  private updateKeys(): void {
    const { state } = this;
    const editor = vscode.window.activeTextEditor;
    const isThere =
      state !== undefined &&
      editor?.document === state.document &&
      state.ranges.some((range) => range.contains(editor.selection.active));
    void vscode.commands.executeCommand('setContext', 'inkling.atProposal', isThere);
  }
}
