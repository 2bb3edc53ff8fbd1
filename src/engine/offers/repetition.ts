/** Text that repeats itself, such as "of the state of the state": a model may be sure of it, but is rarely right. */

/**
 * The length of a draft up to where it begins to repeat itself, in UTF-16 units: several words twice in a row ("of the
 * state of the state"), or one word three times. The text before the draft counts too, including a word that begins
 * there.
 */
export function endBeforeLoop(before: string, draft: string): number {
  const words = [...(before + draft).toLowerCase().matchAll(/\S+/gu)].map((match) => ({
    text: match[0],
    start: match.index - before.length,
    end: match.index + match[0].length - before.length,
  }));
  const repeats = (at: number, count: number): boolean =>
    at >= count && at + count <= words.length && sameWords(words.slice(at - count, at), words.slice(at, at + count));
  for (let at = 1; at < words.length; at++) {
    const { start, end } = words[at];
    if (end <= 0) continue;
    const isThird = repeats(at, 1) && repeats(at - 1, 1);
    let isLoop = isThird;
    for (let count = 2; count <= at && !isLoop; count++) isLoop = repeats(at, count);
    if (isLoop) return start < 0 ? end : Math.max(0, words[at - 1].end);
  }
  return draft.length;
}

function sameWords(a: readonly { text: string }[], b: readonly { text: string }[]): boolean {
  return a.every(({ text }, i) => text === b[i].text);
}
