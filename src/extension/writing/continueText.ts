/** What Inkling writes into a document at every cursor: a model's words as they come, or a finished text. One undo step. */
import * as vscode from 'vscode';
import type { SamplingOptions } from '../../common/engineProtocol';
import { InklingError, isCancelled } from '../../common/errors';
import { SerialQueue } from '../../common/serialQueue';
import { cleanPrefix, windowStart } from '../completion/cursorText';
import { setting } from '../configuration';
import type { EngineCaller } from '../engineHost/engineClient';
import type { SentDocuments } from '../engineHost/sentDocuments';
import { collapseSelections, DocumentTarget, onWillLeave } from './documentTarget';
import { StreamingInsertion, type InsertionOptions } from './streamingInsertion';
import { WrittenText } from './writtenText';

/** With more cursors than this, nobody could follow what is written. */
const maximumCursors = 16;

export class TextContinuation {
  private current: AbortController | undefined;
  private written: WrittenText | undefined;
  /** A continuation begins only after the previous one has written its last piece. */
  private readonly queue = new SerialQueue();

  constructor(
    private readonly engine: EngineCaller,
    private readonly documents: Pick<SentDocuments, 'place'>,
  ) {}

  /** Whether text is being written now. */
  get active(): boolean {
    return this.current !== undefined;
  }

  /** Ends the continuation in progress; what was written stays. */
  stop(): void {
    this.current?.abort();
  }

  /**
   * Writes after every selection of `editor`, each continuing the text before it, until `length` tokens are written,
   * `signal` is aborted, the user stops it, anything else changes the place, or no editor shows the text any more. The
   * first selection in the document has the seed of `options`, each further one the next seed. Rejects with
   * `invalidInput` for too many cursors or a document that cannot be written to, or with the engine's error.
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

  /** Writes a finished text after every selection of `editor`. Rejects with `invalidInput` where it cannot. */
  async insert(editor: vscode.TextEditor, text: string): Promise<void> {
    this.stop();
    await this.queue.run(async () => {
      const { insertion, positions } = this.begin(editor, { pieceLength: Infinity });
      positions.forEach((_, i) => insertion.write(i, text));
      await insertion.finish();
    });
  }

  /**
   * Removes what was written last, even while it is being written, and reverts what saves did to the adjacent white
   * space. What the user has changed since then stays.
   */
  async discard(): Promise<void> {
    this.stop();
    await this.queue.run(() => this.takeBack());
  }

  private async takeBack(): Promise<void> {
    const edit = this.written?.takenBack();
    if (!edit) {
      throw new InklingError(
        'invalidInput',
        vscode.l10n.t('Nothing that Inkling wrote last is left as it was. What you have changed stays.'),
      );
    }
    await vscode.workspace.applyEdit(edit);
    this.remember(undefined);
  }

  private async write(
    editor: vscode.TextEditor,
    modelPath: string,
    options: SamplingOptions,
    controller: AbortController,
  ): Promise<void> {
    await vscode.commands.executeCommand('setContext', 'inkling.continuing', true);
    const { document } = editor;
    const known = await this.documents.place(document, editor.selection.end);
    const { insertion, positions } = this.begin(editor, { onEnded: () => controller.abort() });
    controller.signal.addEventListener('abort', () => void insertion.stop());
    const left = onWillLeave(document, () => {
      controller.abort();
      return insertion.stop();
    });
    try {
      await this.engine.call(
        'sample',
        {
          modelPath,
          prompt: positions.map((position) => textBefore(document, position)),
          document: known,
          streams: positions.map((_, i) => ({ ...options, seed: (options.seed + i) >>> 0 })),
        },
        { signal: controller.signal, onEvent: ({ stream, text }) => insertion.write(stream, text) },
      );
    } catch (error) {
      if (!isCancelled(error)) throw error;
    } finally {
      try {
        await insertion.finish();
      } finally {
        left.dispose();
        if (this.current === controller) {
          this.current = undefined;
          await vscode.commands.executeCommand('setContext', 'inkling.continuing', false);
        }
      }
    }
  }

  /** Nothing is awaited from here to the first piece: the cursors move with what is written. */
  private begin(
    editor: vscode.TextEditor,
    options: InsertionOptions,
  ): { insertion: StreamingInsertion; positions: vscode.Position[] } {
    const positions = collapseSelections(editor);
    const target = new DocumentTarget(editor.document);
    const places = positions.map((position) => target.placeAt(position));
    const insertion = new StreamingInsertion(target, places, options);
    this.remember(new WrittenText(target, insertion));
    return { insertion, positions };
  }

  private remember(written: WrittenText | undefined): void {
    this.written?.dispose();
    this.written = written;
    void vscode.commands.executeCommand('setContext', 'inkling.canDiscard', written !== undefined);
  }
}

function refuseTooManyCursors({ selections }: vscode.TextEditor): void {
  if (selections.length > maximumCursors) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t(
        'Continue Text writes at up to {0} cursors at once, but there are {1}. Use fewer cursors.',
        maximumCursors,
        selections.length,
      ),
    );
  }
}

/** The text that a model is shown before a position. */
export function textBefore(document: vscode.TextDocument, position: vscode.Position): string {
  const start = document.positionAt(windowStart(document.offsetAt(position)));
  return cleanPrefix(document.getText(new vscode.Range(start, position)));
}

/** The options from the settings `inkling.continueText.*`, with a new seed each time. */
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
