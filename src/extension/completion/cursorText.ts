/** What of the text around a cursor counts for a completion. Pure functions on strings. */

/** More text than this after the cursor means that the user edits inside a line: nothing is offered. */
export const maximumSuffix = 8;

const windowLength = 2000;
const windowGrid = 1000;

/**
 * Where the text that the engine is sent begins, for a cursor at `offset` (UTF-16 units). It moves in strides, so that
 * the prefixes of neighbouring cursors begin alike: the engine's cached state and the cache of answers live from that.
 */
export function windowStart(offset: number): number {
  return Math.max(0, Math.floor((offset - windowLength) / windowGrid) * windowGrid);
}

/** The text without half a surrogate pair at its front, and with the line ends that models are trained on. */
export function cleanPrefix(text: string): string {
  const first = text.charCodeAt(0);
  const whole = first >= 0xdc00 && first <= 0xdfff ? text.slice(1) : text;
  return whole.replace(/\r\n?/g, '\n');
}

/** Whether anything may be offered before `suffix`, the rest of the line: it is short and the cursor stands not in a word. */
export function mayOfferBefore(suffix: string): boolean {
  return suffix.trimEnd().length <= maximumSuffix && !/^[\p{L}\p{N}]/u.test(suffix);
}

/** A suggestion without the end that stands after the cursor already (a closing quote, a full stop); may be empty. */
export function fitToSuffix(text: string, suffix: string): string {
  const rest = suffix.trimEnd();
  for (let length = Math.min(rest.length, text.length); length > 0; length--) {
    if (text.endsWith(rest.slice(0, length))) return text.slice(0, -length);
  }
  return text;
}
