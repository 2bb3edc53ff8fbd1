/**
 * Offers that were just ignored: the writer wrote another word in their place, so none of them comes back there. A wrong
 * letter that is erased again is a slip of the finger and ignores nothing. Knows nothing of VS Code.
 */

/** Refusals further back are forgotten. */
const remembered = 30;
const firstWord = /^[^\p{L}\p{N}]*[\p{L}\p{M}\p{N}\p{Join_Control}'’-]*/u;
const finishedWord = /[\p{L}\p{M}\p{N}][^\p{L}\p{M}\p{N}\p{Join_Control}'’-]/u;

export class Refusals {
  /** Offers at which the writer has not decided yet: where they stood, and what the text would be with their first word. */
  private undecided: { at: string; would: string }[] = [];
  private readonly refused = new Set<string>();

  /** `text` is shown behind `at`, the text before the cursor. */
  offered(at: string, text: string): void {
    const would = at + firstWord.exec(text)![0];
    if (this.undecided.some((offer) => offer.would === would)) return;
    this.undecided.push({ at, would });
    if (this.undecided.length > remembered) this.undecided.shift();
  }

  /** The writer is behind `now`. */
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

  /** Whether `text` behind `at` was ignored before. */
  has(at: string, text: string): boolean {
    const would = at + text;
    for (const ignored of this.refused) if (would.startsWith(ignored)) return true;
    return false;
  }

  clear(): void {
    this.undecided = [];
    this.refused.clear();
  }
}
