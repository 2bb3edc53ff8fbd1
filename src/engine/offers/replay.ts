/**
 * A simulated writer who knows what the text will be, types it key by key and accepts offers that are right: one key
 * accepts the whole offer if all of it is right; otherwise one key accepts each of its first words that are right. If
 * none is, the next character is typed. The counts show how useful the offers are.
 */
import { endsWord } from './wordEnds';

/** Figures are kept for blocks of about this many UTF-16 units, to estimate their spread. */
const blockCharacters = 1000;
/** Exact matches are counted for up to this many first words of an offer. */
export const countedWords = 4;
/** The number of UTF-16 units that are needed to see where a word ends. */
const consideredBefore = 32;

export interface ReplayCounts {
  /** Characters (code points) that were written, and keys that were pressed for them. */
  characters: number;
  keys: number;
  /** Offers that appeared, and those of which at least the first word was accepted. */
  offers: number;
  taken: number;
  /** The number of offers with at least 1, 2, … words, and of those whose first 1, 2, … words were right. */
  atLeast: number[];
  exact: number[];
  /** Milliseconds that each answer took. */
  ms: number[];
}

/** Returns what is offered after `before`; undefined if nothing is. */
export type Offering = (before: string) => Promise<string | undefined> | string | undefined;

/** Types `text` from UTF-16 offset `from` to `to`; returns the counts of each block. Throws what `offering` throws. */
export async function replay(text: string, from: number, to: number, offering: Offering): Promise<ReplayCounts[]> {
  const blocks: ReplayCounts[] = [];
  /** The rest of the displayed offer. */
  let shown = '';
  for (let at = from; at < to;) {
    const block = Math.floor((at - from) / blockCharacters);
    const counts = (blocks[block] ??= noCounts());
    const isNew = shown === '';
    if (isNew) {
      const began = performance.now();
      shown = (await offering(text.slice(0, at))) ?? '';
      counts.ms.push(performance.now() - began);
    }
    const ends = shown === '' ? [] : wordEndsOf(text.slice(0, at), shown);
    const right = shown === '' ? 0 : rightWords(text, at, shown, ends);
    if (shown !== '' && isNew) {
      counts.offers++;
      if (right > 0) counts.taken++;
      for (let words = 1; words <= Math.min(countedWords, ends.length); words++) {
        counts.atLeast[words - 1]++;
        if (right >= words) counts.exact[words - 1]++;
      }
    }
    if (right > 0) {
      const end = ends[right - 1];
      counts.characters += [...shown.slice(0, end)].length;
      counts.keys += right === ends.length ? 1 : right;
      shown = shown.slice(end);
      at += end;
    } else {
      const character = String.fromCodePoint(text.codePointAt(at)!);
      counts.characters++;
      counts.keys++;
      shown = shown.startsWith(character) ? shown.slice(character.length) : '';
      at += character.length;
    }
  }
  return Array.from(blocks, (counts) => counts ?? noCounts());
}

function noCounts(): ReplayCounts {
  const zeros = (): number[] => Array.from({ length: countedWords }, () => 0);
  return { characters: 0, keys: 0, offers: 0, taken: 0, atLeast: zeros(), exact: zeros(), ms: [] };
}

/** The ends of the words of an offer; the last is its own end. */
function wordEndsOf(before: string, offer: string): number[] {
  const ends: number[] = [];
  for (let at = 1; at < offer.length; at++) {
    if (endsWord(before.slice(-consideredBefore) + offer.slice(0, at), offer.slice(at))) ends.push(at);
  }
  return [...ends, offer.length];
}

/** How many complete words of the offer are right. */
function rightWords(text: string, at: number, offer: string, ends: readonly number[]): number {
  let right = 0;
  for (const end of ends) {
    if (!text.startsWith(offer.slice(0, end), at)) break;
    // "the" is wrong if "there" comes.
    const written = text.slice(Math.max(0, at + end - consideredBefore), at + end);
    if (endsWord(written, ' ') && !endsWord(written, text.slice(at + end, at + end + 2))) break;
    right++;
  }
  return right;
}
