/** How sure an offer has to be, and which of several is the most useful. */
import type { Eagerness, LeastProbability } from '../../common/engineProtocol';
import type { Candidate } from './candidates';

/** The share of offers whose first word should be right. */
export const askedPrecision: Record<Eagerness, number> = { shy: 0.8, balanced: 2 / 3, bold: 0.5 };
/**
 * The minimum probability is usually this much lower than the share of right offers: 0.17 to 0.18 for each eagerness on
 * two books (Nietzsche, Wonderland; networks of 256 units).
 */
export const usualDistance = 0.18;
/** For models without a measurement. */
export const usualLeastProbability: LeastProbability = {
  shy: askedPrecision.shy - usualDistance,
  balanced: askedPrecision.balanced - usualDistance,
  bold: askedPrecision.bold - usualDistance,
};
/** Writers can accept an offer word by word if its end is wrong, so the whole may be this unlikely. */
export const leastOfWhole = 0.25;
/**
 * The minimum number of characters. Shorter offers are not worth reading: most complete a word that lacks one letter. A
 * Chinese or Japanese character takes more than one key.
 */
export function fewestCharacters(text: string): number {
  return /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}]/u.test(text) ? 2 : 3;
}

/**
 * The expected number of keys that an offer saves. If all of it is right, one key replaces them all; if only its first
 * words are, one key replaces those of each word.
 */
export function expectedSaving({ text, ends }: Candidate): number {
  let saving = 0;
  ends.forEach(({ length, probability }, i) => {
    const characters = [...text.slice(0, length)].length;
    if (i === ends.length - 1) saving += probability * (characters - 1);
    else saving += (probability - ends[i + 1].probability) * (characters - (i + 1));
  });
  return saving;
}
