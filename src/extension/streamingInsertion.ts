/**
 * Inserts text that comes in pieces into an editor, as one undo step. Pieces that come while an edit is under way are
 * written together with the next one; edits by the user elsewhere in the document move the place along.
 */
import * as vscode from 'vscode';
import { InklingError } from '../common/errors';

/** An edit is refused when the document changed at the same moment; that passes. A document that refuses this often is read-only. */
const attempts = 4;
/** UTF-16 units written at once: few enough that the text is seen to flow, and that a stop comes at once. */
const pieceLength = 100;

export class StreamingInsertion {
  private offset: number;
  private waiting = '';
  private begun = false;
  private work: Promise<void> = Promise.resolve();
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly editor: vscode.TextEditor,
    position: vscode.Position,
  ) {
    this.offset = editor.document.offsetAt(position);
    this.subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (document !== editor.document) return;
      // This counts for the insertions themselves too: each moves the place behind what it wrote.
      for (const { rangeOffset, rangeLength, text } of contentChanges) {
        if (rangeOffset <= this.offset) this.offset += text.length - Math.min(rangeLength, this.offset - rangeOffset);
      }
    });
  }

  /** Resolves when the text stands in the document; rejects with `invalidInput` when it cannot be written. */
  write(text: string): Promise<void> {
    this.waiting += text;
    this.work = this.work.then(async () => {
      while (this.waiting !== '') await this.insert(this.takePiece());
    });
    return this.work;
  }

  /** Forgets what was not written yet. */
  discard(): void {
    this.waiting = '';
  }

  /** Waits for the last piece and closes the undo step. */
  async finish(): Promise<void> {
    try {
      await this.work;
    } finally {
      this.subscription.dispose();
    }
  }

  private takePiece(): string {
    // Not between the halves of a surrogate pair.
    const length = /[\ud800-\udbff]/.test(this.waiting.charAt(pieceLength - 1)) ? pieceLength + 1 : pieceLength;
    const piece = this.waiting.slice(0, length);
    this.waiting = this.waiting.slice(length);
    return piece;
  }

  private async insert(text: string): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { version } = this.editor.document;
      const done = await this.editor.edit(
        (edit) => edit.insert(this.editor.document.positionAt(this.offset), text),
        // Only the first piece opens an undo step; the user's next typing opens another by itself.
        { undoStopBefore: !this.begun, undoStopAfter: false },
      );
      // A read-only editor says that it was done, and does nothing.
      if (done && this.editor.document.version !== version) {
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
