/**
 * The open documents whose text the engine knows, so that it can take them into account. A document is sent once as a
 * whole and then as edits; if the engine has lost it (after a restart, for example), it is sent as a whole again.
 */
import type * as vscode from 'vscode';
import { commonEnd, commonStart } from '../../common/commonEnds';
import type { DocumentPlace, TextEdit } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import type { EngineCaller } from './engineClient';

/** Of a longer document, only this much around the cursor is sent, in UTF-16 units. */
export const longestSent = 1_000_000;
/** The part that is sent may grow up to this before it is cut again. */
const longestGrown = 1.1 * longestSent;

/** How much of a document is left out before and after the part that is sent. */
interface Cut {
  before: number;
  after: number;
}

export interface SentDocumentsOptions {
  /** `pid` is undefined while no engine runs. */
  engine: EngineCaller & { readonly pid: number | undefined };
  /** Whether the user allows the text of a document to be sent to the engine. */
  isLearned(document: vscode.TextDocument): boolean;
  /** The collection of texts that is taken into account beside a document. */
  beside(document: vscode.TextDocument): string | undefined;
  onError(message: string): void;
}

export class SentDocuments {
  /** What was last sent to the engine, by the URI of the document. */
  private readonly sent = new Map<string, string>();
  private readonly cuts = new Map<string, Cut>();
  /** The process that received it; another one knows nothing. */
  private pid: number | undefined;

  constructor(private readonly options: SentDocumentsOptions) {}

  /** The position of the cursor, once the engine knows the document; undefined if it does not. Never rejects. */
  async place(document: vscode.TextDocument, position: vscode.Position): Promise<DocumentPlace | undefined> {
    const id = document.uri.toString();
    if (!this.options.isLearned(document)) {
      this.close(id);
      return undefined;
    }
    const offset = document.offsetAt(position);
    const text = document.getText();
    const { before, after } = this.cutAt(id, offset, text.length);
    const isKnown = await this.update(id, text.slice(before, text.length - after));
    return isKnown ? { id, cursor: offset - before, beside: this.options.beside(document) } : undefined;
  }

  /** The cut stays while the cursor is between its ends, so that typing changes only what is typed. */
  private cutAt(id: string, offset: number, length: number): Cut {
    let cut = this.cuts.get(id);
    if (!cut || offset < cut.before || offset > length - cut.after || length - cut.before - cut.after > longestGrown) {
      const before = length <= longestSent ? 0 : Math.max(0, offset - longestSent / 2);
      cut = { before, after: Math.max(0, length - before - longestSent) };
      this.cuts.set(id, cut);
    }
    return cut;
  }

  /** A document was closed, or must no longer be sent. */
  close(id: string): void {
    const { engine, onError } = this.options;
    this.cuts.delete(id);
    if (!this.sent.delete(id) || engine.pid === undefined) return;
    engine.call('closeDocument', { id }).catch((error: unknown) => onError(asInklingError(error).message));
  }

  private async update(id: string, text: string): Promise<boolean> {
    const { engine, onError } = this.options;
    if (engine.pid === undefined || engine.pid !== this.pid) this.sent.clear();
    const known = this.sent.get(id);
    if (known === text) return true;
    this.sent.set(id, text);
    try {
      if (known !== undefined) {
        const edit = editBetween(known, text);
        if (await engine.call('updateDocument', { id, edit, length: known.length })) return true;
        // A later update noticed the same and sends the current text.
        if (this.sent.get(id) !== text) return false;
      }
      const whole = engine.call('updateDocument', { id, text });
      this.pid = engine.pid;
      return await whole;
    } catch (error) {
      this.sent.delete(id);
      onError(asInklingError(error).message);
      return false;
    }
  }
}

/** The single edit that turns `from` into `to`. */
function editBetween(from: string, to: string): TextEdit {
  const start = commonStart(from, to);
  const end = commonEnd(from, to, start);
  return { start, deleted: from.length - start - end, inserted: to.slice(start, to.length - end) };
}
