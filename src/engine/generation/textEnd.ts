/** Where a text that has reached its length may end: after a whole word or sentence. */
import type { SamplingOptions } from '../../common/engineProtocol';
import type { Vocabulary } from '../corpus/vocabulary';
import { endsSentence, endsWord } from '../offers/wordEnds';

/** Tokens beyond the length in which to look for the end of a sentence, and then for the end of a word. */
const sentencePatience = 300;
/** How much likelier the end of a sentence becomes with each token beyond the length, in nats. */
const bonusPerToken = 0.02;
export const endPatience = sentencePatience + 100;

/** "Mr.", "St.", "J.": a short capitalised word with a full stop is more often an abbreviation than a sentence's end. */
const abbreviation = /(?<!\p{L})\p{Lu}\p{L}{0,2}\.$/u;

/** The tokens that end a sentence. */
export function sentenceEnds(vocabulary: Vocabulary): number[] {
  return Array.from({ length: vocabulary.size }, (_, id) => id).filter((id) =>
    /^\p{Sentence_Terminal}$/u.test(vocabulary.tokenText(id)),
  );
}

/** By how many nats the end of a sentence is favoured directly after `text`, `beyond` tokens beyond the length. */
export function sentenceEndBonus(text: string, beyond: number): number {
  return beyond > 0 && /[\p{L}\p{M}\p{N}]$/u.test(text) ? bonusPerToken * beyond : 0;
}

/** Whether a text may end between `text` and the `next` characters, `beyond` tokens beyond the length. */
export function mayEnd(text: string, next: string, end: NonNullable<SamplingOptions['end']>, beyond: number): boolean {
  if (text.trim() === '') return false;
  if (end === 'sentence' && beyond < sentencePatience) {
    const isParagraph = /\n\s*$/.test(text) && next.startsWith('\n');
    return isParagraph || (endsSentence(text, next) && !abbreviation.test(text));
  }
  return endsWord(text, next) || (/\S$/u.test(text) && /^\s/u.test(next));
}
