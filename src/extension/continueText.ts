/** Continue Text: the model's own words, streamed into the editor at every cursor, all of it one undo step. */
import * as vscode from 'vscode';
import type { SamplingOptions } from '../common/engineProtocol';
import { InklingError } from '../common/errors';
import { SerialQueue } from '../common/serialQueue';
import { cleanPrefix, windowStart } from './completion/cursorText';
import { setting } from './configuration';
import type { EngineCaller } from './engineHost/engineClient';
import { StreamingInsertion } from './streamingInsertion';

/** At more cursors than this nobody follows what is written. */
const maximumCursors = 16;

export class TextContinuation {
  private current: AbortController | undefined;
  /** Settled when all that was begun has written its last piece. */
  private readonly queue = new SerialQueue();

  constructor(private readonly engine: EngineCaller) {}

  /** Whether text is being written now. */
  get active(): boolean {
    return this.current !== undefined;
  }

  /** Ends the continuation in progress; what was written stays. */
  stop(): void {
    this.current?.abort();
  }

  /**
   * Writes after every selection of `editor`, each from the text before it, until `length` tokens are out, `signal` says
   * stop, the user does, or no editor shows the text any more. The first in the document has the seed of `options`, each
   * other one the next. Rejects with `invalidInput` for too many cursors or a document that cannot be written to, or
   * with what the engine says.
   */
  async run(
    editor: vscode.TextEditor,
    modelPath: string,
    options: SamplingOptions,
    signal?: AbortSignal,
  ): Promise<void> {
    refuseTooManyCursors(editor);
    this.stop();
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    signal?.addEventListener('abort', stop, { once: true });
    this.current = controller;
    const written = this.queue.run(() => this.write(editor, modelPath, options, controller));
    await written.finally(() => signal?.removeEventListener('abort', stop));
  }

  private async write(
    editor: vscode.TextEditor,
    modelPath: string,
    options: SamplingOptions,
    controller: AbortController,
  ): Promise<void> {
    await vscode.commands.executeCommand('setContext', 'inkling.continuing', true);
    // From here to the first piece nothing is awaited: the cursors move with what is written.
    const positions = endsOfSelections(editor);
    const insertion = new StreamingInsertion(editor.document, positions);
    controller.signal.addEventListener('abort', () => insertion.discard());
    const closed = vscode.workspace.onDidCloseTextDocument((document) => {
      // Said of a document that only gets another language, too.
      if (document === editor.document && document.isClosed) controller.abort();
    });
    let refused: unknown;
    try {
      await this.engine.call(
        'sample',
        {
          modelPath,
          prompt: positions.map((position) => textBefore(editor.document, position)),
          streams: positions.map((_, i) => ({ ...options, seed: (options.seed + i) >>> 0 })),
        },
        {
          signal: controller.signal,
          onEvent: ({ stream, text }) => {
            insertion.write(stream, text).catch((error: unknown) => {
              refused ??= error;
              controller.abort();
            });
          },
        },
      );
    } catch (error) {
      if (!isCancelled(error)) throw error;
    } finally {
      await insertion.finish().catch((error: unknown) => (refused ??= error));
      closed.dispose();
      if (this.current === controller) {
        this.current = undefined;
        await vscode.commands.executeCommand('setContext', 'inkling.continuing', false);
      }
    }
    if (refused && !isCancelled(refused)) throw refused;
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof InklingError && error.code === 'cancelled';
}

function refuseTooManyCursors({ selections }: vscode.TextEditor): void {
  if (selections.length > maximumCursors) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t(
        'Continue Text writes at up to {0} cursors at once, and here are {1}. Keep fewer of them.',
        maximumCursors,
        selections.length,
      ),
    );
  }
}

/** Where the selections end, in the order of the document. */
function endsOfSelections({ selections }: vscode.TextEditor): vscode.Position[] {
  return selections.map(({ end }) => end).sort((a, b) => a.compareTo(b));
}

/** The text that a model is shown before a position. */
export function textBefore(document: vscode.TextDocument, position: vscode.Position): string {
  const start = document.positionAt(windowStart(document.offsetAt(position)));
  return cleanPrefix(document.getText(new vscode.Range(start, position)));
}

/** The options of the settings `inkling.continueText.*`; a seed of its own each time. */
export function continueOptions(scope: vscode.TextDocument, seed: number): SamplingOptions {
  const positive = (value: number): number | undefined => (value > 0 ? value : undefined);
  return {
    temperature: setting('continueText.temperature', scope),
    topK: positive(setting('continueText.topK', scope)),
    topP: setting('continueText.topP', scope),
    minP: positive(setting('continueText.minP', scope)),
    repetitionPenalty: setting('continueText.repetitionPenalty', scope),
    length: setting('continueText.length', scope),
    seed,
  };
}
