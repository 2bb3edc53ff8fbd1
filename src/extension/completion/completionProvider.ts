/** Inline completions for prose. Never notifies: what goes wrong is logged, and nothing is offered. */
import * as vscode from 'vscode';
import { asInklingError } from '../../common/errors';
import { completionEnabled, setting } from '../configuration';
import type { EngineCaller } from '../engineHost/engineClient';
import type { Clock } from '../clock';
import type { ActiveModel } from '../models/activeModel';
import { signalOf } from '../signalOf';
import { CompletionPlanner } from './completionPlanner';
import { cleanPrefix, fitToSuffix, mayOfferBefore, windowStart } from './cursorText';
import { isMarkdownProse } from './markdownProse';

export interface CompletionOptions {
  engine: EngineCaller;
  active: ActiveModel;
  clock: Clock;
  log: vscode.LogOutputChannel;
  /** Paused by the user, or something else is writing. */
  isPaused(): boolean;
}

export class CompletionProvider implements vscode.InlineCompletionItemProvider {
  private readonly planner: CompletionPlanner;

  constructor(private readonly options: CompletionOptions) {
    this.planner = new CompletionPlanner({
      ask: async (prefix, wanted, signal) => {
        const { items } = await options.engine.call(
          'complete',
          { prefix, ...(JSON.parse(wanted.context) as Context), alternatives: wanted.alternatives, seed: wanted.seed },
          { signal },
        );
        return items.map((item) => item.text);
      },
      clock: options.clock,
      debounceMs: () => setting('completion.debounce'),
      onError: (error) => options.log.warn(`Completion: ${asInklingError(error).message}`),
    });
  }

  /** The active model, or its weights, changed. */
  forget(): void {
    this.planner.clear();
  }

  async provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionItem[]> {
    const manual = context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
    if (!manual && (this.options.isPaused() || !completionEnabled(document))) return [];
    if (context.selectedCompletionInfo || this.isExcluded(document) || severalCursors(document)) return [];
    const suffix = document.lineAt(position.line).text.slice(position.character);
    if (!mayOfferBefore(suffix) || !isProse(document, position, suffix)) return [];
    const start = document.positionAt(windowStart(document.offsetAt(position)));
    const prefix = cleanPrefix(document.getText(new vscode.Range(start, position)));
    if (prefix.trim() === '' && !manual) return [];
    const modelPath = await this.options.active.find().catch(() => undefined);
    if (!modelPath || token.isCancellationRequested) return [];

    const wanted: Context = {
      modelPath,
      extent: setting('completion.extent', document),
      minimumConfidence: manual ? 0 : setting('completion.minimumConfidence', document),
      temperature: setting('completion.temperature', document),
      maximumLength: setting('completion.maximumLength', document),
    };
    const texts = await this.planner.plan({ context: JSON.stringify(wanted), prefix, manual }, signalOf(token));
    const fitting = texts.map((text) => fitToSuffix(text, suffix)).filter((text) => text !== '');
    return [...new Set(fitting)].map(
      (text) => new vscode.InlineCompletionItem(text, new vscode.Range(position, position)),
    );
  }

  private isExcluded(document: vscode.TextDocument): boolean {
    const patterns = setting('completion.exclude', document).flatMap((glob) => [glob, `**/${glob}`]);
    return (
      vscode.languages.match(
        patterns.map((pattern) => ({ pattern })),
        document,
      ) > 0
    );
  }
}

/** Whether the place holds prose, in a language of which that is known; in any other every place does. */
function isProse(document: vscode.TextDocument, position: vscode.Position, suffix: string): boolean {
  if (document.languageId !== 'markdown') return true;
  const before = document.getText(new vscode.Range(new vscode.Position(0, 0), position));
  return isMarkdownProse(cleanPrefix(before), suffix);
}

/** What an answer depends on besides the text. */
interface Context {
  modelPath: string;
  extent: ReturnType<typeof setting<'completion.extent'>>;
  minimumConfidence: number;
  temperature: number;
  maximumLength: number;
}

/** With several cursors a suggestion would go to the first of them only, which nobody wants. */
function severalCursors(document: vscode.TextDocument): boolean {
  const editor = vscode.window.activeTextEditor;
  return editor?.document === document && editor.selections.length > 1;
}
