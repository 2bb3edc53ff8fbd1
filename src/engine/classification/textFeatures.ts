/**
 * What the linear model sees of a text: its words, pairs of neighbouring words and how words are written, and the character
 * n-grams of 2 to 5 within each word, hashed into buckets. A row has two blocks, words and characters, each weighed by
 *
 *   (1 + ln count) · idf,   idf = ln((1 + N) / (1 + texts with the feature)) + 1
 *
 * and scaled to a length of 1, as scikit-learn's `FeatureUnion` of two `TfidfVectorizer(sublinear_tf=True)` has it.
 */
import { tokenize, type Token } from './tokens';

/** Buckets of the hash; a power of two. */
export const hashBuckets = 1 << 20;
const shortest = 2;
const longest = 5;

/** Calls `visit` for each feature of a text with its bucket, its block and the stretch of the text that it is made of. */
export function visitFeatures(
  text: string,
  visit: (bucket: number, block: 0 | 1, start: number, end: number) => void,
): void {
  let previous: { text: string; start: number } | undefined;
  for (const token of tokenize(text)) {
    const word = token.text.toLowerCase();
    visit(bucketOf(`w${word}`), 0, token.start, token.end);
    const form = formOf(token);
    if (form) visit(bucketOf(`f${form}`), 0, token.start, token.end);
    if (previous) visit(bucketOf(`p${previous.text} ${word}`), 0, previous.start, token.end);
    previous = { text: word, start: token.start };
  }
  for (const { 0: given, index } of text.matchAll(/\S+/gu)) {
    const word = ` ${given.toLowerCase()} `;
    // Lower case may change the length (ẞ, İ); then the whole word is the place.
    const traced = word.length === given.length + 2;
    for (let from = 0; from + shortest <= word.length; from++) {
      let hash = seedOfCharacters;
      for (let at = from; at < Math.min(word.length, from + longest); at++) {
        hash = step(hash, word.charCodeAt(at));
        if (at - from + 1 < shortest) continue;
        const start = traced ? index + Math.max(0, from - 1) : index;
        const end = traced ? index + Math.min(given.length, at) : index + given.length;
        visit(finish(hash), 1, start, end);
      }
    }
  }
}

/** How a token is written, where that is worth a feature of its own: shouted words, addresses, numbers by length. */
function formOf({ text, kind }: Token): string | undefined {
  if (kind === 'address') return 'address';
  if (kind === 'number') return `number ${text.length}`;
  return kind === 'word' && text.length > 2 && text === text.toUpperCase() ? 'shout' : undefined;
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
  return (mixed ^ (mixed >>> 13)) & (hashBuckets - 1);
}

/** Counts of all buckets that occur in `text`. */
export function countBuckets(text: string): Map<number, { count: number; block: 0 | 1 }> {
  const counts = new Map<number, { count: number; block: 0 | 1 }>();
  visitFeatures(text, (bucket, block) => {
    const known = counts.get(bucket);
    if (known) known.count++;
    else counts.set(bucket, { count: 1, block });
  });
  return counts;
}
