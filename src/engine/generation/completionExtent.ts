/** How far a completion goes. */
import type { CompletionRequest } from '../../common/engineProtocol';

type Extent = CompletionRequest['extent'];

/** A phrase is at most so many words: two to four are read at a glance. */
const phraseWords = 4;

const word = /[\p{L}\p{M}\p{N}'’-]+/gu;
const wordBegins = /^[\p{L}\p{M}\p{N}]/u;
const sentenceEnd = /[.!?…]+["”’'»)\]]*(?=\s)/u;

/**
 * Where a draft is complete, in UTF-16 units: for characters only once the character after the end is there, since that
 * shows it. Undefined while more is wanted. Nothing ever goes on behind the line.
 */
export function endOfCompletion(extent: Extent, draft: string, unit: 'character' | 'word'): number | undefined {
  if (unit === 'word') return endOfWords(extent, draft);
  const line = draft.indexOf('\n');
  const text = line < 0 ? draft : draft.slice(0, line);
  return endOfCharacters(extent, text) ?? (line < 0 ? undefined : line);
}

function endOfCharacters(extent: Extent, text: string): number | undefined {
  switch (extent) {
    case 'word':
      return endOfPhrase(text, 1);
    case 'phrase':
      return endOfPhrase(text, phraseWords);
    case 'sentence': {
      const end = sentenceEnd.exec(text);
      return end ? end.index + end[0].length : undefined;
    }
    case 'line':
      return undefined;
  }
}

/** Behind `words` words, or fewer in front of punctuation. Punctuation before the first one belongs to it. */
function endOfPhrase(text: string, words: number): number | undefined {
  let count = 0;
  for (const match of text.matchAll(word)) {
    const end = match.index + match[0].length;
    if (end === text.length) return undefined;
    if (++count === words || text[end] !== ' ') return end;
    if (end + 1 < text.length && !wordBegins.test(text.slice(end + 1))) return end;
  }
  return undefined;
}

/**
 * How much of a draft stands before it begins to go in circles, in UTF-16 units: some words that stand twice in a row
 * ("of the state of the state"), or one that stands three times. The text before the draft counts too; a word that was
 * begun there is ended.
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

/** Words come whole and without punctuation: only their number tells. */
function endOfWords(extent: Extent, text: string): number | undefined {
  const words = text.split(' ').filter((piece) => piece !== '').length;
  const wanted = extent === 'word' ? 1 : extent === 'phrase' ? phraseWords : Infinity;
  return words >= wanted ? text.length : undefined;
}
