/**
 * Inserts texts that come in pieces into a document, each at its own place, as one undo step. Pieces that come while an
 * edit is under way are written together with the next one; edits by the user elsewhere in the document move the places
 * along.
 */
import * as vscode from 'vscode';
import { InklingError } from '../common/errors';

/** An edit is refused when the document changed at the same moment; that passes. A document that refuses this often is read-only. */
const attempts = 4;
/** UTF-16 units written at once at a place: few enough that the text is seen to flow, and that a stop comes at once. */
const pieceLength = 100;

interface Place {
  /** UTF-16 offset in the document where the next piece goes. */
  offset: number;
  waiting: string;
}

export class StreamingInsertion {
  private readonly places: Place[];
  private begun = false;
  private work: Promise<void> = Promise.resolve();
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly document: vscode.TextDocument,
    positions: readonly vscode.Position[],
  ) {
    this.places = positions.map((position) => ({ offset: document.offsetAt(position), waiting: '' }));
    this.subscription = vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document !== document) return;
      // This counts for the insertions themselves too: each moves its place behind what it wrote. The changes of one
      // event come from the end of the document to its beginning, so each is where the offsets still say.
      for (const { rangeOffset, rangeLength, text } of event.contentChanges) {
        for (const place of this.places) {
          if (rangeOffset > place.offset) continue;
          place.offset += text.length - Math.min(rangeLength, place.offset - rangeOffset);
        }
      }
    });
  }

  /** Resolves when the text stands in the document at its place; rejects with `invalidInput` when it cannot be written,
   *  with `cancelled` when no editor shows it any more. */
  write(place: number, text: string): Promise<void> {
    this.places[place].waiting += text;
    this.work = this.work.then(async () => {
      while (this.places.some(({ waiting }) => waiting !== '')) await this.insert(this.places.map(takePiece));
    });
    return this.work;
  }

  /** Forgets what was not written yet. */
  discard(): void {
    for (const place of this.places) place.waiting = '';
  }

  /** Waits for the last piece and closes the undo step. */
  async finish(): Promise<void> {
    try {
      await this.work;
    } finally {
      this.subscription.dispose();
    }
  }

  /** One edit with a piece, maybe an empty one, for every place. */
  private async insert(pieces: readonly string[]): Promise<void> {
    const { document } = this;
    for (let attempt = 0; attempt < attempts; attempt++) {
      // The tab may be another's by now, and the text stand in another column.
      const editor = vscode.window.visibleTextEditors.find((visible) => visible.document === document);
      if (!editor) throw new InklingError('cancelled', 'The text is not shown any more.');
      const { version } = document;
      const done = await editor.edit(
        (edit) =>
          pieces.forEach((piece, i) => {
            if (piece !== '') edit.insert(document.positionAt(this.places[i].offset), piece);
          }),
        // Only the first piece opens an undo step; the user's next typing opens another by itself.
        { undoStopBefore: !this.begun, undoStopAfter: false },
      );
      // A read-only editor says that it was done, and does nothing.
      if (done && document.version !== version) {
        this.begun = true;
        return;
      }
    }
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('This document cannot be written to. Save a copy of it, or open one that can be edited.'),
    );
  }
}

function takePiece(place: Place): string {
  // Not between the halves of a surrogate pair.
  const length = /[\ud800-\udbff]/.test(place.waiting.charAt(pieceLength - 1)) ? pieceLength + 1 : pieceLength;
  const piece = place.waiting.slice(0, length);
  place.waiting = place.waiting.slice(length);
  return piece;
}
