/**
 * Finds the ends of words and sentences, in any script. In scripts with spaces, a rule on characters is sufficient and
 * cheap; in those without (Chinese, Japanese, Thai …), `Intl.Segmenter` decides. No end is inside a grapheme cluster.
 */

/** The characters of words; zero-width joiners occur inside words of Persian and of Indian scripts. */
export const wordCharacter = /^[\p{L}\p{M}\p{N}\p{Join_Control}]/u;
const endsInWord = /[\p{L}\p{M}\p{N}\p{Join_Control}]$/u;
/** After a letter, these may occur inside a word: "don't", "well-known". */
const joiner = /^['’-]/u;
/**
 * What never begins a grapheme cluster. The parts of Hangul syllables are letters, and so never follow the end of a
 * word.
 */
const extending = /^[\p{M}\p{Join_Control}\p{Emoji_Modifier}]/u;
const unspacedScript =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;

/** The end of a sentence with the quotes and brackets that close there. */
const closedSentence = /([\p{Sentence_Terminal}…])["”’'»›)\]」』）】]*$/u;
const continuesSentence = /^[\p{Sentence_Terminal}…"”’'»›)\]」』）】]/u;
/**
 * In these scripts, a full stop may occur inside a number or an abbreviation: only a space shows that it ends a
 * sentence.
 */
const ambiguousTerminal = /^[.!?…]$/u;

/** The number of UTF-16 units before an end that `Intl.Segmenter` needs to find it. */
const segmentedCharacters = 12;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/** Whether words of the script of `character` are written without spaces between them. */
export function isUnspaced(character: string): boolean {
  return unspacedScript.test(character) && wordCharacter.test(character);
}

/** Whether a word ends between `text` and the `next` characters, of which there is at least one. */
export function endsWord(text: string, next: string): boolean {
  if (!endsInWord.test(text) || joiner.test(next) || extending.test(next)) return false;
  if (!wordCharacter.test(next)) return true;
  const last = lastCharacter(text);
  if (!isUnspaced(last) && !isUnspaced(next)) return false;
  const tail = text.slice(-segmentedCharacters);
  return segmenter.segment(tail + next).containing(tail.length)?.index === tail.length;
}

/** Whether a sentence ends between `text` and the `next` characters. */
export function endsSentence(text: string, next: string): boolean {
  const terminal = closedSentence.exec(text)?.[1];
  if (terminal === undefined || continuesSentence.test(next) || extending.test(next)) return false;
  return !ambiguousTerminal.test(terminal) || /^\s/u.test(next);
}

/** The last code point. */
export function lastCharacter(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return text.slice((last & 0xfc00) === 0xdc00 ? -2 : -1);
}

/** The part of `text` after its last complete word: the beginning of a word, or ''. */
export function partialWord(text: string): string {
  const run = /[\p{L}\p{M}\p{N}\p{Join_Control}'’-]*$/u.exec(text)![0];
  if (!unspacedScript.test(run)) return run;
  let last = '';
  for (const { segment } of segmenter.segment(run)) last = segment;
  return last;
}
