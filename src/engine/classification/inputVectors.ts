/**
 * The network's input for one token: its word vector and a few simple features of its spelling, which word vectors from
 * lower-case news text do not contain.
 *
 *   0 shouted (two or more letters, all capitals)    5 address
 *   1 capitalised                                    6 currency sign
 *   2 letters and digits mixed                       7 other symbol
 *   3 number                                         8 a mark's repetitions, log2 / 2
 *   4 its digits / 5                                 9 a word that the table does not list
 */
import type { Token } from './tokens';
import type { WordVectors } from './wordVectors';

export const shapeFeatures = 10;

/** Tokens with the same key have the same input vector. Long numbers differ only in their form. */
export function tokenKey(token: Token): string {
  switch (token.kind) {
    case 'address':
      return token.text.includes('@') ? 'a@a' : 'www.a';
    case 'number':
      return token.text.replace(/\p{Nd}/gu, '').length + 2 < token.text.length
        ? token.text.replace(/\p{Nd}/gu, '0')
        : token.text;
    case 'symbol':
      return token.text.length > 8 ? [...token.text].slice(0, 8).join('') : token.text;
    case 'word':
      return token.text;
  }
}

/** The input vector of a token, [D + shapeFeatures]. */
export function inputVector(token: Token, vectors: WordVectors): Float32Array {
  const { dimensions } = vectors;
  const result = new Float32Array(dimensions + shapeFeatures);
  const { vector, listed } = lookUp(token, vectors);
  result.set(vector);
  const text = tokenKey(token);
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const capitals = text.match(/\p{Lu}/gu)?.length ?? 0;
  const digits = text.match(/\p{Nd}/gu)?.length ?? 0;
  const address = token.kind === 'address';
  const mark = token.kind === 'symbol';
  const currency = mark && /\p{Sc}/u.test(text);
  const features = [
    !address && capitals >= 2 && capitals === letters ? 1 : 0,
    !address && /^\p{Lu}/u.test(text) && capitals < Math.max(2, letters) ? 1 : 0,
    !address && letters > 0 && digits > 0 ? 1 : 0,
    token.kind === 'number' ? 1 : 0,
    address ? 0 : Math.min(digits, 12) / 5,
    address ? 1 : 0,
    currency ? 1 : 0,
    mark && !currency ? 1 : 0,
    mark ? Math.log2([...text].length) / 2 : 0,
    token.kind === 'word' && !listed ? 1 : 0,
  ];
  result.set(features, dimensions);
  return result;
}

function lookUp(token: Token, vectors: WordVectors): { vector: Float32Array; listed: boolean } {
  switch (token.kind) {
    case 'address':
      return { vector: vectors.vector(token.text.includes('@') ? 'email' : 'www'), listed: true };
    case 'number':
      return { vector: vectors.vector(tokenKey(token)), listed: true };
    case 'symbol':
      return { vector: vectors.vector([...token.text][0]), listed: true };
    case 'word':
      return lookUpWord(token.text.toLowerCase().replaceAll('’', "'"), vectors);
  }
}

/** An unlisted word with an apostrophe is the mean of its parts, split as in GloVe's texts: `do` and `n't`. */
function lookUpWord(word: string, vectors: WordVectors): { vector: Float32Array; listed: boolean } {
  if (vectors.has(word)) return { vector: vectors.vector(word), listed: true };
  const parts = /^(.+?)(n't|'\p{L}+)$/u.exec(word);
  if (parts && vectors.has(parts[1]) && vectors.has(parts[2])) {
    const [stem, ending] = [vectors.vector(parts[1]), vectors.vector(parts[2])];
    return { vector: stem.map((x, d) => (x + ending[d]) / 2), listed: true };
  }
  return { vector: vectors.vector(word), listed: false };
}
