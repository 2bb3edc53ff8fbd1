/** The text around a cursor that matters for a completion. Pure functions on strings. */

const windowLength = 2000;
const windowGrid = 1000;

/**
 * The start of the text that is sent to the engine, for a cursor at `offset` (UTF-16 units). It moves in strides, so
 * that the prefixes of neighbouring cursors begin identically: the engine's cached states and the cache of answers
 * depend on that.
 */
export function windowStart(offset: number): number {
  return Math.max(0, Math.floor((offset - windowLength) / windowGrid) * windowGrid);
}

/** The text without half a surrogate pair at its beginning, and with the line ends that models are trained on. */
export function cleanPrefix(text: string): string {
  const first = text.charCodeAt(0);
  const whole = first >= 0xdc00 && first <= 0xdfff ? text.slice(1) : text;
  return whole.replace(/\r\n?/g, '\n');
}

/** Whether anything may be offered before `suffix`, the rest of the line: not inside a word or a grapheme cluster. */
export function mayOfferBefore(suffix: string): boolean {
  return !/^(?:[\p{L}\p{M}\p{N}\p{Join_Control}\p{Emoji_Modifier}]|['’-][\p{L}\p{N}])/u.test(suffix);
}
