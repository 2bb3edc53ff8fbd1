/**
 * How many offers were shown and how many of them taken, whole or in part, counted on this machine only. An offer that
 * goes on as it is typed counts once. Knows nothing of VS Code.
 */
export interface Tally {
  shown: number;
  taken: number;
}

export class OfferTally {
  /** The offer on display: in which document, where it begins, what is left of it. */
  private standing: { document: string; offset: number; text: string; taken: boolean } | undefined;

  constructor(
    private counts: Tally,
    private readonly keep: (counts: Tally) => void,
  ) {}

  get tally(): Tally {
    return this.counts;
  }

  /** `text` is offered at an offset of a document. */
  offered(document: string, offset: number, text: string): void {
    const { standing } = this;
    if (standing?.document === document && standing.offset === offset && standing.text === text) return;
    this.standing = { document, offset, text, taken: false };
    this.count({ shown: 1, taken: 0 });
  }

  /** A document was changed: at `offset`, `removed` UTF-16 units gave way to `inserted`. */
  changed(document: string, offset: number, removed: number, inserted: string): void {
    const { standing } = this;
    if (standing?.document !== document) return;
    if (removed > 0 || offset !== standing.offset || inserted === '' || !standing.text.startsWith(inserted)) {
      this.standing = undefined;
      return;
    }
    // One character at a time is typing.
    if (!standing.taken && [...inserted].length > 1) {
      standing.taken = true;
      this.count({ shown: 0, taken: 1 });
    }
    standing.offset += inserted.length;
    standing.text = standing.text.slice(inserted.length);
  }

  private count({ shown, taken }: Tally): void {
    this.counts = { shown: this.counts.shown + shown, taken: this.counts.taken + taken };
    this.keep(this.counts);
  }
}
