/** User-perceived characters: a letter with its marks, an emoji of several code points, a flag, a Korean syllable. */
import type { Vocabulary } from '../corpus/vocabulary';

/** What can belong to the same character as the preceding text; the two letters are vowels of Thai and Lao. */
const joining =
  /[\p{M}\p{Grapheme_Extend}\p{Join_Control}\p{Regional_Indicator}\p{Emoji_Modifier}\u0e33\u0eb3\u1160-\u11ff\ud7b0-\ud7fb]/u;
/** The number of last UTF-16 units that are needed to tell whether a character continues. */
const considered = 32;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const known = new WeakMap<Vocabulary, boolean>();

/** Whether a model of these tokens can write a character in several tokens. */
export function hasJoiningTokens(vocabulary: Vocabulary): boolean {
  let has = known.get(vocabulary);
  if (has === undefined) {
    has =
      vocabulary.unit === 'character' &&
      joining.test([...Array(vocabulary.size).keys()].map((id) => vocabulary.tokenText(id)).join(''));
    known.set(vocabulary, has);
  }
  return has;
}

/** Whether `next` belongs to the character that `text` ends with. */
export function continuesCharacter(text: string, next: string): boolean {
  const tail = text.slice(-considered);
  return tail !== '' && segmenter.segment(tail + next).containing(tail.length)?.index !== tail.length;
}
