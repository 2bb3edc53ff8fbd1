/**
 * The features of a text for the linear model: its words, pairs of neighbouring words, how words are written, and the
 * character n-grams of 2 to 5 within each word, with all digits alike, hashed into buckets. A row has two blocks, words
 * and characters, each weighted by
 *
 *   (1 + ln count) · idf,   idf = ln((1 + N) / (1 + texts with the feature)) + 1
 *
 * and scaled to a length of 1, like scikit-learn's `FeatureUnion` of two `TfidfVectorizer(sublinear_tf=True)`.
 */
import { tokenize, type Token } from './tokens';

const blockBits = 20;
/** The buckets of both blocks: those of words, then those of characters. */
export const hashBuckets = 2 << blockBits;
const shortest = 2;
const longest = 5;

/** 0: words; 1: characters. */
export function blockOf(bucket: number): 0 | 1 {
  return bucket < 1 << blockBits ? 0 : 1;
}

/**
 * Calls `visit` for each feature of a text with its bucket and the stretch of the text that it comes from, in UTF-16
 * units. `tokens` are the tokens of the text.
 */
export function visitFeatures(
  text: string,
  tokens: readonly Token[],
  visit: (bucket: number, start: number, end: number) => void,
): void {
  let previous: { text: string; start: number } | undefined;
  for (const token of tokens) {
    const word = plain(token.text);
    visit(bucketOf(`w${word}`), token.start, token.end);
    const form = formOf(token);
    if (form) visit(bucketOf(`f${form}`), token.start, token.end);
    if (previous) visit(bucketOf(`p${previous.text} ${word}`), previous.start, token.end);
    previous = { text: word, start: token.start };
  }
  for (const { 0: given, index } of text.matchAll(/\S+/gu)) {
    const word = ` ${plain(given)} `;
    // Lower case may change the length (ẞ, İ); the location is then the whole word.
    const traced = word.length === given.length + 2;
    for (let from = 0; from + shortest <= word.length; from++) {
      let hash = seedOfCharacters;
      for (let at = from; at < Math.min(word.length, from + longest); at++) {
        hash = step(hash, word.charCodeAt(at));
        if (at - from + 1 < shortest) continue;
        const start = traced ? index + Math.max(0, from - 1) : index;
        const end = traced ? index + Math.min(given.length, at) : index + given.length;
        visit((1 << blockBits) + finish(hash), start, end);
      }
    }
  }
}

/** How a token is written, if that is worth a feature of its own: words in capitals, addresses, numbers by length. */
function formOf({ text, kind }: Token): string | undefined {
  if (kind === 'address') return 'address';
  if (kind === 'number') return `number ${text.length}`;
  return kind === 'word' && text.length > 2 && text === text.toUpperCase() ? 'shout' : undefined;
}

/** Lower case, and all digits alike: the figures of one message hardly ever recur in another. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[0-9]/g, '0');
}

const seedOfCharacters = 0x2f0b4c47;

function bucketOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = step(hash, text.charCodeAt(i));
  return finish(hash);
}

/** FNV-1a over UTF-16 units. */
function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) & ((1 << blockBits) - 1);
}

/** The distinct buckets of one text in ascending order, and how often each occurs. */
export interface CountedText {
  buckets: Int32Array;
  counts: Float32Array;
}

export function countText(text: string, tokens: readonly Token[]): CountedText {
  const all: number[] = [];
  visitFeatures(text, tokens, (bucket) => all.push(bucket));
  const buckets = Int32Array.from(all).sort();
  const counts = new Float32Array(buckets.length);
  let distinct = 0;
  for (let i = 0; i < buckets.length; i++) {
    if (i === 0 || buckets[i] !== buckets[i - 1]) buckets[distinct++] = buckets[i];
    counts[distinct - 1]++;
  }
  return { buckets: buckets.slice(0, distinct), counts: counts.slice(0, distinct) };
}

/** Like `countText`, for texts whose tokens are not needed for anything else. */
export function countTexts(texts: readonly string[]): CountedText[] {
  return texts.map((text) => countText(text, tokenize(text)));
}
