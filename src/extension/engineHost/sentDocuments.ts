/**
 * The open documents whose text the engine knows, so that it can take them into account. A document is sent once as a
 * whole and then as edits; if the engine has lost it (after a restart, for example), it is sent as a whole again.
 */
import type * as vscode from 'vscode';
import { commonEnd, commonStart } from '../../common/commonEnds';
import type { DocumentPlace, TextEdit } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import type { EngineCaller } from './engineClient';

/** Longer documents are not sent: every keystroke would cost more than it gains. In UTF-16 units. */
export const longestSent = 1_000_000;

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
  /** The process that received it; another one knows nothing. */
  private pid: number | undefined;

  constructor(private readonly options: SentDocumentsOptions) {}

  /** The position of the cursor, once the engine knows the document; undefined if it does not. Never rejects. */
  async place(document: vscode.TextDocument, position: vscode.Position): Promise<DocumentPlace | undefined> {
    const id = document.uri.toString();
    const cursor = document.offsetAt(position);
    const text = this.options.isLearned(document) ? document.getText() : '';
    if (text.length > 0 && text.length <= longestSent) {
      return (await this.update(id, text)) ? { id, cursor, beside: this.options.beside(document) } : undefined;
    }
    this.close(id);
    return undefined;
  }

  /** A document was closed, or must no longer be sent. */
  close(id: string): void {
    const { engine, onError } = this.options;
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
