/** A set of words that can also be asked for their beginnings. Case and the kind of apostrophe do not matter. */

export const wordPattern = /\p{L}[\p{L}\p{M}]*(?:['’]\p{L}[\p{L}\p{M}]*)*/gu;

/** The form in which words are compared. */
export function foldWord(word: string): string {
  return word.toLowerCase().replaceAll('’', "'").normalize('NFC');
}

/** The words of a text in order, folded. */
export function* wordsIn(text: string): Iterable<string> {
  for (const [word] of text.matchAll(wordPattern)) yield foldWord(word);
}

export class KnownWords {
  /** Without duplicates, in the order of their code units. */
  private readonly sorted: readonly string[];

  /** `words` are folded. */
  constructor(words: Iterable<string>) {
    this.sorted = [...new Set(words)].sort();
  }

  get size(): number {
    return this.sorted.length;
  }

  has(word: string): boolean {
    return this.sorted[this.firstFrom(word)] === word;
  }

  /** Whether a word begins with `beginning`, or is the same. */
  hasBeginning(beginning: string): boolean {
    return this.sorted[this.firstFrom(beginning)]?.startsWith(beginning) ?? false;
  }

  [Symbol.iterator](): Iterator<string> {
    return this.sorted[Symbol.iterator]();
  }

  /** The index of the first word that does not come before `word`. */
  private firstFrom(word: string): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle] < word) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
