/**
 * The text of an editor, divided into the units that figures are shown for, each with the tokens that the model reads
 * for it. A unit is a character with its marks (which NFC may join and lowercasing may split into several tokens), a
 * line end of one or two code units, a word, or the characters between words (no token).
 */
import { normaliseText } from '../corpus/normaliseText';
import type { LanguageModel } from './languageModel';

export interface TextUnits {
  /** The tokens of all units. */
  ids: Uint16Array;
  /** The number of tokens of each unit. */
  counts: Uint32Array;
  /** The length of each unit in UTF-16 code units; together they cover the text. */
  lengths: Uint8Array;
}

const characterUnit = /\r\n|\P{M}\p{M}*|\p{M}+/gsu;
const joining = /[\p{M}\r]/u;
const wordUnit = /\s+|\S+/gu;
/** What fits into a byte, with room for a last code point. */
const longestUnit = 250;

export function splitIntoUnits(model: LanguageModel, text: string): TextUnits {
  const { vocabulary, config } = model;
  const normal = normaliseText(text, config.text);
  if (vocabulary.unit === 'character' && normal.length === text.length && !joining.test(text)) {
    // The common case: a unit is a code point.
    const all = vocabulary.encode(normal);
    const lengths = Uint8Array.from(text, (character) => character.length);
    return { ids: all, counts: new Uint32Array(all.length).fill(1), lengths };
  }
  const ids: number[] = [];
  const counts: number[] = [];
  const lengths: number[] = [];
  for (const [piece] of text.matchAll(vocabulary.unit === 'character' ? characterUnit : wordUnit)) {
    const tokens = vocabulary.encode(normaliseText(piece, config.text));
    for (const id of tokens) ids.push(id);
    counts.push(tokens.length);
    lengths.push(Math.min(piece.length, longestUnit));
    // The rest of a very long word, or of a long series of marks, follows as units without a token.
    for (let rest = piece.length - longestUnit; rest > 0; rest -= longestUnit) {
      counts.push(0);
      lengths.push(Math.min(rest, longestUnit));
    }
  }
  return { ids: Uint16Array.from(ids), counts: Uint32Array.from(counts), lengths: Uint8Array.from(lengths) };
}
