/**
 * What Inkling writes into a document at every cursor: a model's words as they come, or a finished text. One undo step.
 * What a model has written is a proposal until the user keeps it, discards it, asks for another one or types there; it
 * is in the document all the time, so that only its tint is lost with the editor or the window.
 */
import * as vscode from 'vscode';
import type { SamplingOptions } from '../../common/engineProtocol';
import { InklingError, isCancelled } from '../../common/errors';
import { SerialQueue } from '../../common/serialQueue';
import { cleanPrefix, windowStart } from '../completion/cursorText';
import { setting } from '../configuration';
import type { EngineCaller } from '../engineHost/engineClient';
import type { SentDocuments } from '../engineHost/sentDocuments';
import { collapseSelections, DocumentTarget, onWillLeave, toPosition } from './documentTarget';
import { lineWidth } from './lineWidth';
import type { Place, Point } from './place';
import type { ProposalView } from './proposal';
import { StreamingInsertion, type InsertionOptions } from './streamingInsertion';
import { WrittenText } from './writtenText';

/** With more cursors than this, nobody could follow what is written. */
const maximumCursors = 16;
/** The number of lines before the cursor that show at which width lines are broken. */
const linesToMeasure = 200;

interface Request {
  modelPath: string;
  options: SamplingOptions;
}

export class TextContinuation {
  private current: AbortController | undefined;
  private written: WrittenText | undefined;
  /** The request for the text that was written last, as long as that text is a proposal. */
  private proposal: Request | undefined;
  /** A continuation begins only after the previous one has written its last piece. */
  private readonly queue = new SerialQueue();

  constructor(
    private readonly engine: EngineCaller,
    private readonly documents: Pick<SentDocuments, 'place'>,
    private readonly view: Pick<ProposalView, 'show'>,
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
   * `signal` is aborted, the user stops it, anything else changes the place, or no editor shows the text any longer.
   * The first selection in the document has the seed of `options`, each further one the next seed. Rejects with
   * `invalidInput` for too many cursors or a document that cannot be written to, or with the engine's error.
   */
  async run(
    editor: vscode.TextEditor,
    modelPath: string,
    options: SamplingOptions,
    signal?: AbortSignal,
  ): Promise<void> {
    refuseTooManyCursors(editor);
    const request = { modelPath, options };
    await this.start(signal, (controller) => {
      const { document } = editor;
      return this.write(request, controller, () => ({ document, positions: collapseSelections(editor) }));
    });
  }

  /** Keeps the proposal, even while it is being written: from now on it is text like any other. */
  async keep(): Promise<void> {
    this.stop();
    await this.queue.run(() => {
      this.proposal = undefined;
      this.refresh();
    });
  }

  /**
   * Writes another proposal, with another seed, in place of the current one; both are one undo step, unless something
   * else has changed in the document. Rejects with `invalidInput` if nothing of it is left as it was.
   */
  async another(seed: number): Promise<void> {
    const { proposal } = this;
    if (!proposal) throw nothingLeft();
    const request = { ...proposal, options: { ...proposal.options, seed } };
    await this.start(undefined, async (controller) => {
      const { document, insertion } = this.written ?? {};
      const continuesUndoStep = insertion?.isOneUndoStep;
      const points = insertion && insertion.written().length > 0 ? await insertion.remove() : undefined;
      if (!document || !points) throw nothingLeft();
      const positions = points.map(toPosition);
      await this.write(request, controller, () => ({ document, positions, continuesUndoStep }));
    });
  }

  /** Writes a finished text after every selection of `editor`. Rejects with `invalidInput` where it cannot. */
  async insert(editor: vscode.TextEditor, text: string): Promise<void> {
    this.stop();
    await this.queue.run(async () => {
      this.proposal = undefined;
      const positions = collapseSelections(editor);
      const { insertion } = this.begin({ document: editor.document, positions }, { pieceLength: Infinity });
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
    if (!edit) throw nothingLeft();
    await vscode.workspace.applyEdit(edit);
    this.proposal = undefined;
    this.remember(undefined);
  }

  /** Begins once the previous continuation has ended. */
  private async start(
    signal: AbortSignal | undefined,
    write: (controller: AbortController) => Promise<void>,
  ): Promise<void> {
    this.stop();
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    signal?.addEventListener('abort', stop, { once: true });
    this.current = controller;
    try {
      await this.queue.run(() => write(controller));
    } finally {
      signal?.removeEventListener('abort', stop);
      if (this.current === controller) this.current = undefined;
      this.refresh();
    }
  }

  private async write(request: Request, controller: AbortController, where: () => Where): Promise<void> {
    const { modelPath, options } = request;
    const place = where();
    const { document } = place;
    this.proposal = request;
    const { insertion, places } = this.begin(place, { onEnded: () => controller.abort() });
    controller.signal.addEventListener('abort', () => void insertion.stop());
    const left = onWillLeave(document, () => {
      controller.abort();
      return insertion.stop();
    });
    try {
      const known = await this.documents.place(document, toPosition(places[0].end));
      const ends = places.map(({ end }) => toPosition(end));
      const { texts } = await this.engine.call(
        'sample',
        {
          modelPath,
          prompt: ends.map((end) => textBefore(document, end)),
          document: known,
          streams: ends.map((_, i) => ({ ...options, seed: (options.seed + i) >>> 0 })),
        },
        { signal: controller.signal, onEvent: ({ stream, text }) => insertion.write(stream, text) },
      );
      texts.forEach((text, i) => {
        if (/\S$/u.test(text) && isFollowedByWord(document, places[i].end)) insertion.write(i, ' ');
      });
    } catch (error) {
      if (!isCancelled(error)) throw error;
    } finally {
      await insertion.finish().finally(() => left.dispose());
    }
  }

  /** From here on, the places move with whatever changes. */
  private begin(
    { document, positions, continuesUndoStep }: Where,
    options: InsertionOptions,
  ): { insertion: StreamingInsertion; places: Place[] } {
    const target = new DocumentTarget(document);
    const places = positions.map((position) => target.placeAt(position));
    const insertion = new StreamingInsertion(target, places, {
      ...options,
      lineWidth: widthBefore(document, positions[0].line),
      continuesUndoStep,
      onChanged: (isTouched) => {
        // Typing at the place, or changing what was written there, keeps it.
        if (isTouched) this.proposal = undefined;
        this.refresh();
      },
    });
    this.remember(new WrittenText(target, insertion, () => this.refresh()));
    return { insertion, places };
  }

  private remember(written: WrittenText | undefined): void {
    this.written?.dispose();
    this.written = written;
    void vscode.commands.executeCommand('setContext', 'inkling.canDiscard', written !== undefined);
    this.refresh();
  }

  /** Shows the current state. */
  private refresh(): void {
    const { written, active } = this;
    const ranges = this.proposal && written ? written.ranges : [];
    if (!active && ranges.length === 0) this.proposal = undefined;
    const isShown = written !== undefined && (active || this.proposal !== undefined);
    this.view.show(isShown ? { document: written.document, ranges, isWriting: active } : undefined);
  }
}

/** The places in a document where a text is written. */
interface Where {
  document: vscode.TextDocument;
  positions: readonly vscode.Position[];
  continuesUndoStep?: boolean;
}

function nothingLeft(): InklingError {
  return new InklingError(
    'invalidInput',
    vscode.l10n.t('No text that Inkling wrote is left unchanged, so there is nothing to replace or discard.'),
  );
}

/** The width at which the lines before a line are broken. */
function widthBefore(document: vscode.TextDocument, line: number): number | undefined {
  const first = Math.max(0, line - linesToMeasure);
  return lineWidth(
    document
      .getText(new vscode.Range(first, 0, line, 0))
      .split(/\r?\n/)
      .slice(0, -1),
  );
}

/** Whether a word begins directly after a point: it would be joined to what is written. */
function isFollowedByWord(document: vscode.TextDocument, { line, character }: Point): boolean {
  return /^[\p{L}\p{N}“‘«„"(]/u.test(document.lineAt(line).text.slice(character));
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
    end: setting('continueText.end', scope),
    onlyRealWords: setting('continueText.onlyRealWords', scope),
    seed,
  };
}
