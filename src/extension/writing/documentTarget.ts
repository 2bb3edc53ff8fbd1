/** The document of an editor as the target of insertions (see streamingInsertion.ts). */
import * as vscode from 'vscode';
import { Disposables } from '../dispose';
import { isWithin } from '../followDocument';
import { comparePoints, moved, Place, type Change, type Point } from './place';
import type { DocumentChange, Target } from './streamingInsertion';

/** A place this close (UTF-16 units) below the visible part has just been pushed out of view by what was written. */
const justBelow = 200;

export class DocumentTarget extends Disposables implements Target {
  private saving = false;
  private lineEnd: vscode.EndOfLine;

  constructor(readonly document: vscode.TextDocument) {
    super();
    this.lineEnd = document.eol;
    this.add(vscode.workspace.onWillSaveTextDocument((event) => this.saves(event.document, true)));
    this.add(vscode.workspace.onDidSaveTextDocument((saved) => this.saves(saved, false)));
  }

  placeAt(position: vscode.Position): Place {
    const { text } = this.document.lineAt(position.line);
    return new Place(position, text.slice(0, position.character), text.slice(position.character));
  }

  onDidChange(listener: (change: DocumentChange) => void): vscode.Disposable {
    return vscode.workspace.onDidChangeTextDocument(({ document, contentChanges, reason }) => {
      if (document !== this.document) return;
      // A change of line ends is reported as a new text, although no line or character has moved.
      const isSameText = document.eol !== this.lineEnd && contentChanges[0]?.text === document.getText();
      this.lineEnd = document.eol;
      const changes = contentChanges.map(({ range, text }): Change => ({ start: range.start, end: range.end, text }));
      listener({
        changes: isSameText ? [] : changes,
        by: reason !== undefined ? 'history' : this.saving ? 'save' : 'edit',
      });
    });
  }

  async write(changes: readonly Change[], beginsUndoStep: boolean): Promise<'done' | 'refused' | 'hidden'> {
    // By now, the tab may show something else, and the text may be in another column.
    const editor = this.editor();
    if (!editor) return 'hidden';
    const [first] = changes;
    const isInSight = this.isInSight(editor, first.start);
    try {
      const done = await editor.edit(
        (edit) => {
          for (const change of changes) {
            // Cursors at the place move along only with an insertion.
            if (comparePoints(change.start, change.end) === 0) edit.insert(toPosition(change.start), change.text);
            else edit.replace(rangeOf(change), change.text);
          }
        },
        // The last undo step stays open for the next piece; the user's next edit automatically begins another.
        { undoStopBefore: beginsUndoStep, undoStopAfter: false },
      );
      if (!done) return 'refused';
    } catch {
      // The editor was just closed. Another one may show the text; the next attempt will find it.
      return 'refused';
    }
    if (isInSight) {
      const end = toPosition(moved(first.end, first));
      editor.revealRange(new vscode.Range(end, end));
    }
    return 'done';
  }

  private saves(document: vscode.TextDocument, saving: boolean): void {
    if (document === this.document) this.saving = saving;
  }

  private editor(): vscode.TextEditor | undefined {
    const { activeTextEditor, visibleTextEditors } = vscode.window;
    return [activeTextEditor, ...visibleTextEditors].find((editor) => editor?.document === this.document);
  }

  private isInSight({ visibleRanges }: vscode.TextEditor, at: Point): boolean {
    const position = toPosition(at);
    const offset = this.document.offsetAt(position);
    return visibleRanges.some(
      ({ start, end }) => position.isAfterOrEqual(start) && offset <= this.document.offsetAt(end) + justBelow,
    );
  }
}

export function toPosition({ line, character }: Point): vscode.Position {
  return new vscode.Position(line, character);
}

export function rangeOf({ start, end }: Pick<Change, 'start' | 'end'>): vscode.Range {
  return new vscode.Range(toPosition(start), toPosition(end));
}

/**
 * Collapses every selection to its end, or to the end of the word around it, so that the written text is not selected
 * and the next keystroke replaces nothing. Returns the ends in the order of the document.
 */
export function collapseSelections(editor: vscode.TextEditor): vscode.Position[] {
  const ends = editor.selections.map(({ end }) => wordEnd(editor.document, end));
  if (editor.selections.some(({ isEmpty, end }, i) => !isEmpty || !end.isEqual(ends[i]))) {
    editor.selections = ends.map((end) => new vscode.Selection(end, end));
  }
  return [...ends].sort((a, b) => a.compareTo(b));
}

/** The end of the word that a position is inside of, else the position. */
function wordEnd(document: vscode.TextDocument, position: vscode.Position): vscode.Position {
  const { text } = document.lineAt(position.line);
  const isInside = /[\p{L}\p{M}\p{N}]$/u.test(text.slice(0, position.character));
  const rest = /^(?:[\p{L}\p{M}\p{N}]|['’](?=\p{L}))+/u.exec(text.slice(position.character))?.[0] ?? '';
  return isInside ? position.translate(0, rest.length) : position;
}

/**
 * Calls `leave` before the document changes its identity or disappears: when its file is renamed or deleted, when an
 * untitled document is saved, when it is closed. Renaming and deleting wait for it.
 */
export function onWillLeave(document: vscode.TextDocument, leave: () => Promise<void>): vscode.Disposable {
  const concerns = (uri: vscode.Uri): boolean => isWithin(document.uri, uri);
  return vscode.Disposable.from(
    vscode.workspace.onWillRenameFiles((event) => {
      if (event.files.some(({ oldUri, newUri }) => concerns(oldUri) || concerns(newUri))) event.waitUntil(leave());
    }),
    vscode.workspace.onWillDeleteFiles((event) => {
      if (event.files.some(concerns)) event.waitUntil(leave());
    }),
    vscode.workspace.onWillSaveTextDocument((event) => {
      if (event.document === document && document.isUntitled) event.waitUntil(leave());
    }),
    // Also reported for a document that only changes its language.
    vscode.workspace.onDidCloseTextDocument((closed) => {
      if (closed === document && document.isClosed) void leave();
    }),
  );
}
