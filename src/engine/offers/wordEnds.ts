/**
 * Where words and sentences end, in any script. Between words written with spaces a rule on characters is enough and
 * cheap; where words have no spaces (Chinese, Japanese, Thai …) `Intl.Segmenter` decides. No end lies inside a grapheme
 * cluster.
 */

/** What words are made of; zero-width joiners stand inside words of Persian and of Indian scripts. */
export const wordCharacter = /^[\p{L}\p{M}\p{N}\p{Join_Control}]/u;
const endsInWord = /[\p{L}\p{M}\p{N}\p{Join_Control}]$/u;
/** Behind a letter these may stand inside a word: "don't", "well-known". */
const joiner = /^['’-]/u;
/** What never begins a grapheme cluster. Hangul's parts are letters, and so never follow the end of a word. */
const extending = /^[\p{M}\p{Join_Control}\p{Emoji_Modifier}]/u;
const unspacedScript =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;

/** A sentence's end with the quotes and brackets that it closes. */
const closedSentence = /([\p{Sentence_Terminal}…])["”’'»›)\]」』）】]*$/u;
const goesOnSentence = /^[\p{Sentence_Terminal}…"”’'»›)\]」』）】]/u;
/** A full stop of these scripts may stand inside a number or an abbreviation: only a space shows that it ends anything. */
const ambiguousTerminal = /^[.!?…]$/u;

/** Characters before an end by which `Intl.Segmenter` finds it. */
const segmentedCharacters = 12;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/** Whether words of the script of `character` stand without spaces between them. */
export function isUnspaced(character: string): boolean {
  return unspacedScript.test(character) && wordCharacter.test(character);
}

/** Whether a word ends between `text` and what comes `next`, a character or more. */
export function endsWord(text: string, next: string): boolean {
  if (!endsInWord.test(text) || joiner.test(next) || extending.test(next)) return false;
  if (!wordCharacter.test(next)) return true;
  const last = lastCharacter(text);
  if (!isUnspaced(last) && !isUnspaced(next)) return false;
  const tail = text.slice(-segmentedCharacters);
  return segmenter.segment(tail + next).containing(tail.length)?.index === tail.length;
}

/** Whether a sentence ends between `text` and what comes `next`. */
export function endsSentence(text: string, next: string): boolean {
  const terminal = closedSentence.exec(text)?.[1];
  if (terminal === undefined || goesOnSentence.test(next) || extending.test(next)) return false;
  return !ambiguousTerminal.test(terminal) || /^\s/u.test(next);
}

export function lastCharacter(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return text.slice((last & 0xfc00) === 0xdc00 ? -2 : -1);
}

/** What of `text` stands behind the last word that is whole: the beginning of a word, or nothing. */
export function wordBegun(text: string): string {
  const run = /[\p{L}\p{M}\p{N}\p{Join_Control}'’-]*$/u.exec(text)![0];
  if (!unspacedScript.test(run)) return run;
  let begun = '';
  for (const { segment } of segmenter.segment(run)) begun = segment;
  return begun;
}
