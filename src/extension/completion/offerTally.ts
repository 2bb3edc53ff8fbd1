/**
 * Counts, on this machine only, how many offers were shown and how many of them were accepted, fully or in part. An
 * offer that continues while its text is typed counts once. Independent of VS Code.
 */
import { Emitter } from '../emitter';

export interface Tally {
  shown: number;
  taken: number;
}

export class OfferTally {
  /** What is displayed: the document, the position, and the rest of the texts to choose from. */
  private standing: { document: string; offset: number; texts: string[]; taken: boolean } | undefined;
  private readonly changes = new Emitter<void>();
  readonly onDidChange = this.changes.event;

  constructor(
    private counts: Tally,
    private readonly keep: (counts: Tally) => void,
  ) {}

  get tally(): Tally {
    return this.counts;
  }

  /** One of `texts` is shown at an offset of a document: the first, unless the user chooses another. */
  offered(document: string, offset: number, texts: readonly string[]): void {
    const { standing } = this;
    if (standing?.document === document && standing.offset === offset && standing.texts.includes(texts[0])) return;
    this.standing = { document, offset, texts: [...texts], taken: false };
    this.count({ shown: 1, taken: 0 });
  }

  /** A document was changed: at `offset`, `removed` UTF-16 units were replaced by `inserted`. */
  changed(document: string, offset: number, removed: number, inserted: string): void {
    const { standing } = this;
    if (standing?.document !== document) return;
    // A completion of a word may replace its beginning.
    const added = offset + removed === standing.offset ? inserted.slice(removed) : '';
    const fitting = added === '' ? [] : standing.texts.filter((text) => text.startsWith(added));
    if (fitting.length === 0) {
      this.standing = undefined;
      return;
    }
    // A change of one character is typing.
    if (!standing.taken && [...added].length > 1) {
      standing.taken = true;
      this.count({ shown: 0, taken: 1 });
    }
    standing.offset += added.length;
    standing.texts = fitting.map((text) => text.slice(added.length));
  }

  private count({ shown, taken }: Tally): void {
    this.counts = { shown: this.counts.shown + shown, taken: this.counts.taken + taken };
    this.keep(this.counts);
    this.changes.fire();
  }
}
