/** The current texts of the documents in the editor, as reported by the host. Nothing is kept once they are closed. */
import type { DocumentUpdate } from '../../common/engineProtocol';

export class OpenDocuments {
  private readonly texts = new Map<string, string>();

  /** The text of a document; undefined if it is unknown. */
  text(id: string): string | undefined {
    return this.texts.get(id);
  }

  /** Returns whether the update fitted the known text. If not, the document is forgotten. */
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
