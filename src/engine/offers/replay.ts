/**
 * A writer who knows what comes: types a text key by key, and takes what is offered where it is right. The whole offer
 * with one key when all of it is what comes, its first words with one key each while those are, and else the next
 * character is typed. What is counted tells what offers are worth.
 */
import { endsWord } from './wordEnds';

/** Figures are kept for blocks of about so many characters, so that their spread can be told. */
export const blockCharacters = 1000;
/** Exact matches are counted for offers of up to so many words. */
export const countedWords = 4;
/** Characters that tell where a word ends. */
const consideredBefore = 32;

export interface Counts {
  /** Characters (code points) that came to stand there, and keys pressed for them. */
  characters: number;
  keys: number;
  /** Offers that appeared; those of which at least the first word was taken. */
  offers: number;
  taken: number;
  /** Of the offers of at least 1, 2, … words: how many there were, and how many began with so many right words. */
  atLeast: number[];
  exact: number[];
}

export interface Replay {
  blocks: Counts[];
  /** Milliseconds that each answer took. */
  ms: number[];
}

/** Answers with what is offered behind `before`; undefined where nothing is. */
export type Offering = (before: string) => Promise<string | undefined> | string | undefined;

/** Types `text` from UTF-16 offset `from` to `to`. Throws what `offering` throws. */
export async function replay(text: string, from: number, to: number, offering: Offering): Promise<Replay> {
  const blocks: Counts[] = [];
  const ms: number[] = [];
  /** What is left of the offer on display. */
  let standing = '';
  for (let at = from; at < to;) {
    const block = Math.floor((at - from) / blockCharacters);
    const counts = (blocks[block] ??= noCounts());
    const isNew = standing === '';
    if (isNew) {
      const began = performance.now();
      standing = (await offering(text.slice(0, at))) ?? '';
      ms.push(performance.now() - began);
    }
    const ends = standing === '' ? [] : wordEndsOf(text.slice(0, at), standing);
    const right = standing === '' ? 0 : rightWords(text, at, standing, ends);
    if (standing !== '' && isNew) {
      counts.offers++;
      if (right > 0) counts.taken++;
      for (let words = 1; words <= Math.min(countedWords, ends.length); words++) {
        counts.atLeast[words - 1]++;
        if (right >= words) counts.exact[words - 1]++;
      }
    }
    if (right > 0) {
      const end = ends[right - 1];
      counts.characters += [...standing.slice(0, end)].length;
      counts.keys += right === ends.length ? 1 : right;
      standing = standing.slice(end);
      at += end;
    } else {
      const character = String.fromCodePoint(text.codePointAt(at)!);
      counts.characters++;
      counts.keys++;
      standing = standing.startsWith(character) ? standing.slice(character.length) : '';
      at += character.length;
    }
  }
  return { blocks: Array.from(blocks, (counts) => counts ?? noCounts()), ms };
}

function noCounts(): Counts {
  const zeros = (): number[] => Array.from({ length: countedWords }, () => 0);
  return { characters: 0, keys: 0, offers: 0, taken: 0, atLeast: zeros(), exact: zeros() };
}

/** Where the words of an offer end, its own end last. */
function wordEndsOf(before: string, offer: string): number[] {
  const ends: number[] = [];
  for (let at = 1; at < offer.length; at++) {
    if (endsWord(before.slice(-consideredBefore) + offer.slice(0, at), offer.slice(at))) ends.push(at);
  }
  return [...ends, offer.length];
}

/** How many words of the offer are what comes, each of them to its end. */
function rightWords(text: string, at: number, offer: string, ends: readonly number[]): number {
  let right = 0;
  for (const end of ends) {
    if (!text.startsWith(offer.slice(0, end), at)) break;
    // "the" is wrong where "there" comes.
    const written = text.slice(Math.max(0, at + end - consideredBefore), at + end);
    if (endsWord(written, ' ') && !endsWord(written, text.slice(at + end, at + end + 2))) break;
    right++;
  }
  return right;
}
