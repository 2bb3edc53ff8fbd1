/** Inline completions for prose. Never shows notifications: errors are logged, and nothing is offered. */
import * as vscode from 'vscode';
import type { CompletionRequest } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import { completionEnabled, setting } from '../configuration';
import type { EngineCaller } from '../engineHost/engineClient';
import type { Clock } from '../clock';
import type { SentDocuments } from '../engineHost/sentDocuments';
import type { ActiveModel } from '../models/activeModel';
import { signalOf } from '../signalOf';
import { CompletionPlanner } from './completionPlanner';
import { cleanPrefix, mayOfferBefore, windowStart } from './cursorText';
import { isExcluded } from './excluded';
import { isMarkdownProse } from './markdownProse';
import type { OfferTally } from './offerTally';

export interface CompletionOptions {
  engine: EngineCaller;
  active: ActiveModel;
  clock: Clock;
  log: vscode.LogOutputChannel;
  tally: OfferTally;
  documents: SentDocuments;
  /** Paused by the user, or Inkling is writing already. */
  isPaused(): boolean;
}

/** What an answer depends on besides the text before the cursor. */
type Context = Omit<CompletionRequest, 'prefix' | 'document' | 'alternatives'>;

export class CompletionProvider implements vscode.InlineCompletionItemProvider {
  private readonly planner: CompletionPlanner;

  constructor(private readonly options: CompletionOptions) {
    this.planner = new CompletionPlanner({
      ask: async (prefix, { context, ...wanted }, signal) => {
        const request = { prefix, ...(JSON.parse(context) as Context), ...wanted };
        const { items } = await options.engine.call('complete', request, { signal });
        return items.map((item) => item.text);
      },
      clock: options.clock,
      debounceMs: () => setting('completion.debounce'),
      onError: (error) => options.log.warn(`Completion: ${asInklingError(error).message}`),
    });
  }

  /** The active model, its weights or what is remembered changed. */
  forget(): void {
    this.planner.clear();
  }

  async provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    { triggerKind, selectedCompletionInfo }: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionItem[]> {
    const manual = triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
    if (!manual && (this.options.isPaused() || !completionEnabled(document))) return [];
    if (isExcluded(document) || severalCursors(document)) return [];
    const suffix = document.lineAt(position.line).text.slice(position.character);
    if (!mayOfferBefore(suffix) || !isProse(document, position, suffix)) return [];
    const start = document.positionAt(windowStart(document.offsetAt(position)));
    const prefix = cleanPrefix(document.getText(new vscode.Range(start, position)));
    if (prefix.trim() === '' && !manual) return [];
    const modelPath = await this.options.active.find(document).catch(() => undefined);
    if (!modelPath || token.isCancellationRequested) return [];

    const context: Context = {
      modelPath,
      suffix,
      extent: setting('completion.extent', document),
      eagerness: setting('completion.eagerness', document),
      maximumLength: setting('completion.maximumLength', document),
      never: setting('completion.never', document),
    };
    const known = await this.options.documents.place(document, position);
    if (token.isCancellationRequested) return [];
    const query = { context: JSON.stringify(context), prefix, document: known, manual };
    const found = await this.planner.plan(query, signalOf(token));
    const selected = selectedCompletionInfo ?? { range: new vscode.Range(position, position), text: '' };
    // While the suggest widget is open, VS Code shows an offer only if it covers what the selected item would replace
    // and begins with that item.
    const written = document.getText(new vscode.Range(selected.range.start, position));
    const texts = found.filter((text) => (written + text).startsWith(selected.text));
    if (texts.length > 0) this.options.tally.offered(document.uri.toString(), document.offsetAt(position), texts);
    return texts.map((text) => new vscode.InlineCompletionItem(written + text, selected.range));
  }
}

/** With several cursors, a suggestion would be inserted only at the first. */
function severalCursors(document: vscode.TextDocument): boolean {
  const editor = vscode.window.activeTextEditor;
  return editor?.document === document && editor.selections.length > 1;
}

/** Whether the position is in prose, for languages where that can be determined; always true for others. */
function isProse(document: vscode.TextDocument, position: vscode.Position, suffix: string): boolean {
  if (document.languageId !== 'markdown') return true;
  const before = document.getText(new vscode.Range(new vscode.Position(0, 0), position));
  return isMarkdownProse(cleanPrefix(before), suffix);
}
