/** Texts as counts of their lowercased tokens, the input of both baselines. */
import type { Token } from './tokens';

/** One text: distinct token ids in ascending order, and how often each occurs. */
export interface SparseCounts {
  ids: Int32Array;
  counts: Float64Array;
}

export class BagOfWords {
  private readonly ids: Map<string, number>;

  constructor(readonly words: string[]) {
    this.ids = new Map(words.map((word, id) => [word, id]));
  }

  /** The vocabulary of `texts`: the `limit` words that occur in the most texts. */
  static build(texts: readonly Token[][], limit = Infinity): BagOfWords {
    const documents = new Map<string, number>();
    for (const text of texts) {
      for (const word of new Set(wordsOf(text))) documents.set(word, (documents.get(word) ?? 0) + 1);
    }
    const byFrequency = [...documents].sort((a, b) => b[1] - a[1]);
    return new BagOfWords(byFrequency.slice(0, limit).map(([word]) => word));
  }

  has(word: string): boolean {
    return this.ids.has(word);
  }

  /** Counts of the known words of a text; unknown words are ignored. */
  count(text: readonly Token[]): SparseCounts {
    const counts = new Map<number, number>();
    for (const word of wordsOf(text)) {
      const id = this.ids.get(word);
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const ids = Int32Array.from(counts.keys()).sort();
    return { ids, counts: Float64Array.from(ids, (id) => counts.get(id)!) };
  }
}

function wordsOf(text: readonly Token[]): string[] {
  return text.map((token) => token.text.toLowerCase());
}
