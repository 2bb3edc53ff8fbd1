/** What the documents in the editor say now, as the host has told. Nothing of them is kept once they are closed. */
import type { DocumentUpdate } from '../../common/engineProtocol';

export class OpenDocuments {
  private readonly texts = new Map<string, string>();

  /** The text of a document; undefined where it is not known. */
  text(id: string): string | undefined {
    return this.texts.get(id);
  }

  /** Whether the update fitted what was known. Where it does not, the document is known no longer. */
  update(update: DocumentUpdate): boolean {
    if ('text' in update) {
      this.texts.set(update.id, update.text);
      return true;
    }
    const text = this.texts.get(update.id);
    this.texts.delete(update.id);
    if (text?.length !== update.length) return false;
    const { start, deleted, inserted } = update.edit;
    this.texts.set(update.id, text.slice(0, start) + inserted + text.slice(start + deleted));
    return true;
  }

  close(id: string): void {
    this.texts.delete(id);
  }
}
