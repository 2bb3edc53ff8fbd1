/** How much of a growing text can be shown: whole words, so that it may end at any time. */

const words = new Intl.Segmenter(undefined, { granularity: 'word' });
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Scripts without spaces between words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;

/**
 * Length (UTF-16 units) of the beginning of `text` that consists of whole words: at most `limit`, or one word if that
 * is longer. Neither trailing white space nor the last word counts, because either may continue. If a word is four
 * times as long as the limit, its beginning counts.
 */
export function wholeWords(text: string, limit: number): number {
  const window = text.slice(0, 4 * limit);
  let best = 0;
  for (const { index, segment } of words.segment(window)) {
    const before = window.slice(best, index);
    const ends = before.trim() !== '' && (/^\s/.test(segment) || unspaced.test(before)) && !/\s$/.test(before);
    if (!ends) continue;
    if (index > limit && best > 0) break;
    best = index;
  }
  if (best > 0 || window.length < 4 * limit) return best;
  for (const { index } of graphemes.segment(window)) {
    if (index > limit) break;
    best = index;
  }
  return best || window.length;
}
