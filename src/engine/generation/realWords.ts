/**
 * Restricts a model of characters to real words: a letter is allowed if a real word begins that way, and a word may end
 * only if it is real. Scripts without spaces between words are not restricted.
 */
import type { Vocabulary } from '../corpus/vocabulary';
import { isUnspaced } from '../offers/wordEnds';
import { foldWord, KnownWords, wordsIn } from './knownWords';

const letter = /^[\p{L}\p{M}\p{Join_Control}]/u;
const apostrophe = /^['’]/u;
/** The word at the end of a text, complete or not. */
const lastWord = /\p{L}[\p{L}\p{M}]*(?:['’]\p{L}[\p{L}\p{M}]*)*['’]?$/u;
const longestWord = 100;

/** Those of `words` (folded) that a model has all characters for: it could begin the others, but not end them. */
export function writableWords(words: Iterable<string>, vocabulary: Vocabulary): KnownWords {
  const letters = new Set<string>();
  for (let id = 0; id < vocabulary.size; id++) letters.add(foldWord(vocabulary.tokenText(id)));
  return new KnownWords([...words].filter((word) => [...word].every((character) => letters.has(character))));
}

/**
 * The words of a document that contains the prompts, or else of the prompts alone. The word at the end of a prompt may
 * be incomplete, so it counts only if it also occurs elsewhere.
 */
export function wordsOfDocument(document: string | undefined, prompts: readonly string[]): Set<string> {
  const counts = new Map<string, number>();
  const texts = document === undefined ? prompts : [document];
  for (const text of texts) for (const word of wordsIn(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const prompt of prompts) {
    const [partial] = wordsIn(wordAtEnd(prompt));
    if (partial !== undefined) counts.set(partial, (counts.get(partial) ?? 0) - 1);
  }
  return new Set([...counts].filter(([, count]) => count > 0).map(([word]) => word));
}

export class RealWords {
  /** What has been written of a word, folded; empty between words. */
  private partial: string;
  /** Whether the user has begun a word that is not real: then it may continue in any way. */
  private isUnknown: boolean;

  /** `before`: the text that is continued. A word is real if it is in any of the sets. */
  constructor(
    private readonly sets: readonly KnownWords[],
    before: string,
  ) {
    this.partial = foldWord(wordAtEnd(before));
    this.isUnknown = this.partial !== '' && !this.begins(this.partial);
  }

  /** Whether a character may come next. */
  allows(character: string): boolean {
    const { partial } = this;
    if (this.isUnknown || isUnspaced(character)) return true;
    if (letter.test(character)) return this.begins(foldWord(partial + character));
    if (partial === '') return true;
    return this.isWord(partial.replace(/'$/, '')) || (apostrophe.test(character) && this.begins(`${partial}'`));
  }

  /** Adds a character, whether it is allowed or not. */
  add(character: string): void {
    const continuesWord = letter.test(character)
      ? !isUnspaced(character)
      : apostrophe.test(character) && this.partial !== '' && !this.partial.endsWith("'");
    if (!continuesWord) this.isUnknown = false;
    this.partial = continuesWord ? foldWord(this.partial + character) : '';
  }

  private begins(beginning: string): boolean {
    return this.sets.some((set) => set.hasBeginning(beginning));
  }

  private isWord(word: string): boolean {
    return this.sets.some((set) => set.has(word));
  }
}

function wordAtEnd(text: string): string {
  const word = [...(lastWord.exec(text.slice(-longestWord))?.[0] ?? '')];
  return word.slice(word.findLastIndex(isUnspaced) + 1).join('');
}
