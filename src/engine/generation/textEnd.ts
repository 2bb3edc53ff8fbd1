/** Where a text that has reached its length may end: after a whole word or sentence. */
import type { SamplingOptions } from '../../common/engineProtocol';
import { endsSentence, endsWord } from '../offers/wordEnds';

/** Tokens beyond the length in which to look for the end of a sentence, and then for the end of a word. */
const sentencePatience = 300;
export const endPatience = sentencePatience + 100;

/** "Mr.", "St.", "J.": a short capitalised word is more likely an abbreviation than the end of a sentence. */
const abbreviation = /(?<!\p{L})\p{Lu}\p{L}{0,2}\.$/u;

/** Whether a text may end between `text` and the `next` characters; `beyond`: tokens beyond the requested length. */
export function mayEnd(text: string, next: string, end: NonNullable<SamplingOptions['end']>, beyond: number): boolean {
  if (text.trim() === '') return false;
  if (end === 'sentence' && beyond < sentencePatience) {
    const isParagraph = /\n\s*$/.test(text) && next.startsWith('\n');
    return isParagraph || (endsSentence(text, next) && !abbreviation.test(text));
  }
  return endsWord(text, next) || (/\S$/u.test(text) && /^\s/u.test(next));
}
