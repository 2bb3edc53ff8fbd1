/**
 * A message as tokens, each with its place in the text. A token is, tried in this order:
 *
 *   an address   `https://…`, `www.…`, `name.tld/…`, `someone@place.tld`
 *   a number     digits with `.`, `,`, `:`, `-` or `/` between digits (a price, a time, a telephone number)
 *   a word       letters and combining marks, digits among them allowed (`4u`, `txt2win`), apostrophes inside
 *   a run        of one and the same punctuation mark or symbol (`!!!`, `...`, `££`)
 *
 * White space separates and is no token. Letters keep their case: shouting says something, and the word vectors'
 * lookup lowers it (wordVectors.ts).
 */
export type TokenKind = 'address' | 'number' | 'word' | 'symbol';

export interface Token {
  text: string;
  kind: TokenKind;
  /** UTF-16 offsets into the tokenised text. */
  start: number;
  end: number;
}

const topLevel = 'com|net|org|co|uk|info|biz|tv|me|io|mobi|us|ly|gl|eu|de|fr|it|ru|cn|in';
const address = [
  String.raw`(?:https?:\/\/|ftp:\/\/|www\.)[^\s<>"']+[^\s<>"'.,;:!?)\]]`,
  String.raw`[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`,
  String.raw`[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.(?:${topLevel})(?![\p{L}\p{N}])(?:\/[^\s<>"']*)?`,
].join('|');
const number = String.raw`\p{Nd}+(?:[.,:\/-]\p{Nd}+)*(?![\p{L}\p{N}])`;
const word = String.raw`[\p{L}\p{N}\p{M}]+(?:['’][\p{L}\p{M}]+)*`;
const symbol = String.raw`(?<mark>[^\s\p{L}\p{N}\p{M}])\k<mark>*`;
const pattern = new RegExp(`(${address})|(${number})|(${word})|${symbol}|\\p{M}+`, 'giu');

/** The tokens of `text` in order; none for a text of white space only. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(pattern)) {
    const kind = match[1] ? 'address' : match[2] ? 'number' : match[3] ? 'word' : 'symbol';
    tokens.push({ text: match[0], kind, start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}
