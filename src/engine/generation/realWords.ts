/**
 * Keeps what a model of characters writes to real words: a letter is allowed if a real word begins like that, and a
 * word ends only where it is one. Scripts without spaces between words are not restricted.
 */
import type { Vocabulary } from '../corpus/vocabulary';
import { isUnspaced } from '../offers/wordEnds';
import { foldWord, KnownWords, wordsIn } from './knownWords';

const letter = /^[\p{L}\p{M}\p{Join_Control}]/u;
const apostrophe = /^['’]/u;
/** The word that a text ends with, complete or not. */
const lastWord = /\p{L}[\p{L}\p{M}]*(?:['’]\p{L}[\p{L}\p{M}]*)*['’]?$/u;
const longestWord = 100;

/** Those of `words` (folded) that a model can write: any other would lead it into a dead end. */
export function writableWords(words: Iterable<string>, vocabulary: Vocabulary): KnownWords {
  const letters = new Set<string>();
  for (let id = 0; id < vocabulary.size; id++) letters.add(foldWord(vocabulary.tokenText(id)));
  return new KnownWords([...words].filter((word) => [...word].every((character) => letters.has(character))));
}

/**
 * The words of a document and of the prompts, which are parts of it or stand alone. What a prompt ends with may be the
 * beginning of a word: it counts only if it occurs elsewhere, too.
 */
export function wordsOfDocument(document: string | undefined, prompts: readonly string[]): Set<string> {
  const counts = new Map<string, number>();
  const texts = document === undefined ? prompts : [document];
  for (const text of texts) for (const word of wordsIn(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const prompt of prompts) {
    const [begun] = wordsIn(wordAtEnd(prompt));
    if (begun !== undefined) counts.set(begun, (counts.get(begun) ?? 0) - 1);
  }
  return new Set([...counts].filter(([, count]) => count > 0).map(([word]) => word));
}

export class RealWords {
  /** What has been written of a word, folded; empty between words. */
  private begun: string;
  /** The word that the user has begun is not a real one: it may end in any way. */
  private isUnknown: boolean;

  /** `before`: the text that is continued. A word is real if it is in any of the sets. */
  constructor(
    private readonly sets: readonly KnownWords[],
    before: string,
  ) {
    this.begun = foldWord(wordAtEnd(before));
    this.isUnknown = this.begun !== '' && !this.begins(this.begun);
  }

  /** Whether a character may come next. */
  allows(character: string): boolean {
    const { begun } = this;
    if (this.isUnknown || isUnspaced(character)) return true;
    if (letter.test(character)) return this.begins(foldWord(begun + character));
    if (begun === '') return true;
    return this.isWord(begun.replace(/'$/, '')) || (apostrophe.test(character) && this.begins(`${begun}'`));
  }

  /** Continues with a character, whether it is allowed or not. */
  add(character: string): void {
    const goesOn = letter.test(character)
      ? !isUnspaced(character)
      : apostrophe.test(character) && this.begun !== '' && !this.begun.endsWith("'");
    if (!goesOn) this.isUnknown = false;
    this.begun = goesOn ? foldWord(this.begun + character) : '';
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
