/** The text before the cursor, as a model reads it. */
import { noToken } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import { encodeText, type ModelText } from '../generation/languageModel';
import { partialWord } from './wordEnds';

export interface TextBefore {
  /** The end of the text, normalised as the model's training text was. */
  text: string;
  /** What the model reads of it. */
  ids: Uint16Array;
  /** For a model of words: the part of a word before the cursor, which is not in `ids`. Otherwise ''. */
  partial: string;
}

/** The number of UTF-16 units that are read when nothing is cached; earlier text makes little difference. */
const contextCharacters = 512;

/**
 * The end of `prefix`. Words with characters unknown to the model are left out of what it reads, and so are other unknown
 * characters. Undefined if the cursor is in such a word, whose continuation cannot be predicted.
 */
export function textBefore(model: ModelText, prefix: string): TextBefore | undefined {
  const { vocabulary, config } = model;
  let from = Math.max(0, prefix.length - contextCharacters);
  // Not between the two halves of a code point.
  if ((prefix.charCodeAt(from) & 0xfc00) === 0xdc00) from++;
  const text = normaliseText(prefix.slice(from), config.text);
  if (vocabulary.unit === 'word') {
    // A model of words treats a hyphen as a space.
    const partial = /[\p{L}\p{M}\p{N}'’]*$/u.exec(text)![0];
    return { text, partial, ids: encodeText(model, text.slice(0, text.length - partial.length)).ids };
  }
  const encoded = encodeText(model, text);
  if (encoded.unknown.length === 0) return { text, partial: '', ids: encoded.ids };
  const isUnknown = (character: string): boolean => vocabulary.readAs(character) === noToken;
  if ([...partialWord(text)].some(isUnknown)) return undefined;
  const known = text.replace(/[\p{L}\p{M}\p{N}\p{Join_Control}]+\s?|[^]/gu, (piece) =>
    [...piece.trimEnd()].some(isUnknown) ? '' : piece,
  );
  return { text, partial: '', ids: encodeText(model, known).ids };
}
