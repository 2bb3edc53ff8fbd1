/**
 * The open documents whose text the engine knows, so that it can write with their words. A document is sent whole once and
 * then by its edits; where the engine has lost it (it restarts, for one), it is sent whole again.
 */
import type * as vscode from 'vscode';
import type { DocumentPlace, TextEdit } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import type { EngineCaller } from './engineClient';

/** Of a longer document the engine is told nothing: every key would cost more than it gains. In UTF-16 units. */
export const longestSent = 1_000_000;

export interface SentDocumentsOptions {
  /** `pid` is undefined while no engine runs. */
  engine: EngineCaller & { readonly pid: number | undefined };
  /** Whether the user lets the engine know the text of a document. */
  isLearned(document: vscode.TextDocument): boolean;
  onError(message: string): void;
}

export class SentDocuments {
  /** What the engine was told last, by the document's address. */
  private readonly sent = new Map<string, string>();
  /** The process that was told; another one knows nothing. */
  private pid: number | undefined;

  constructor(private readonly options: SentDocumentsOptions) {}

  /** Where somebody writes, once the engine knows the document; undefined where it does not. Never rejects. */
  async place(document: vscode.TextDocument, position: vscode.Position): Promise<DocumentPlace | undefined> {
    const id = document.uri.toString();
    const cursor = document.offsetAt(position);
    const text = this.options.isLearned(document) ? document.getText() : '';
    if (text.length > 0 && text.length <= longestSent)
      return (await this.update(id, text)) ? { id, cursor } : undefined;
    this.close(id);
    return undefined;
  }

  /** A document was closed, or is not to be known any longer. */
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
        // A later update found the same, and sends what the document says by now.
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

/** The one edit that makes `to` of `from`. */
function editBetween(from: string, to: string): TextEdit {
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from.charCodeAt(start) === to.charCodeAt(start)) start++;
  let behind = 0;
  while (
    behind < shorter - start &&
    from.charCodeAt(from.length - 1 - behind) === to.charCodeAt(to.length - 1 - behind)
  ) {
    behind++;
  }
  const deleted = from.length - start - behind;
  return { start, deleted, inserted: to.slice(start, to.length - behind) };
}
