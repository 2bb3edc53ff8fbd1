/**
 * Offers that were ignored: the user wrote another word instead, so they are not offered there again. A wrong letter
 * that is deleted again is a typing error and does not count. Independent of VS Code.
 */

/** Refusals further back in the text are forgotten. */
const remembered = 30;
const firstWord = /^[^\p{L}\p{N}]*[\p{L}\p{M}\p{N}\p{Join_Control}'’-]*/u;
const finishedWord = /[\p{L}\p{M}\p{N}][^\p{L}\p{M}\p{N}\p{Join_Control}'’-]/u;

export class Refusals {
  /** Undecided offers: their position, and the text with their first word accepted. */
  private undecided: { at: string; would: string }[] = [];
  private readonly refused = new Set<string>();

  /** `text` is shown after `at`, the text before the cursor. */
  offered(at: string, text: string): void {
    const would = at + firstWord.exec(text)![0];
    if (this.undecided.some((offer) => offer.would === would)) return;
    this.undecided.push({ at, would });
    if (this.undecided.length > remembered) this.undecided.shift();
  }

  /** The text before the cursor is now `now`. */
  moved(now: string): void {
    this.undecided = this.undecided.filter(({ at, would }) => {
      if (would.startsWith(now)) return now.startsWith(at);
      if (now.startsWith(would) || !now.startsWith(at)) return false;
      if (!finishedWord.test(now.slice(at.length))) return true;
      this.refused.add(would);
      for (const oldest of this.refused) if (this.refused.size > remembered) this.refused.delete(oldest);
      return false;
    });
  }

  /** Whether `text` after `at` was ignored before. */
  has(at: string, text: string): boolean {
    const would = at + text;
    for (const ignored of this.refused) if (would.startsWith(ignored)) return true;
    return false;
  }
}
