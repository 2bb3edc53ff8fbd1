/**
 * A message as tokens, each with its place in the text. A token is one of these, tried in this order:
 *
 *   an address   `https://…`, `www.…`, `name.tld/…`, `someone@place.tld`
 *   a number     digits with `.`, `,`, `:`, `-` or `/` between digits (a price, a time, a telephone number)
 *   a word       letters and combining marks, possibly with digits (`4u`, `txt2win`) or apostrophes inside
 *   a run        of the same punctuation mark or symbol (`!!!`, `...`, `££`)
 *
 * White space separates tokens and is not a token itself. Letters keep their case, because capitals are informative;
 * the lookup of word vectors converts to lower case (wordVectors.ts).
 *
 * The scan is linear in the length of the text. Runs that may turn out to be an address (`a.b.c…`) are measured once
 * and remembered, because measuring them again from each of their tokens would take quadratic time.
 */
export type TokenKind = 'address' | 'number' | 'word' | 'symbol';

export interface Token {
  text: string;
  kind: TokenKind;
  /** UTF-16 offsets into the tokenised text. */
  start: number;
  end: number;
}

/** The tokens of `text` in order; none if it is only white space. */
export function tokenize(text: string): Token[] {
  const scanner = new Scanner(text);
  const tokens: Token[] = [];
  for (let start = scanner.skipSpace(0); start < text.length; start = scanner.skipSpace(tokens.at(-1)!.end)) {
    const [kind, end] = scanner.tokenAt(start);
    tokens.push({ text: text.slice(start, end), kind, start, end });
  }
  return tokens;
}

// The classes of code points, as bits.
const letter = 1;
const digit = 2;
/** Any numeric character, including digits. */
const numeric = 4;
const mark = 8;
const space = 16;
const hyphen = 32;
/** What a mail address may contain before its `@` besides letters, numbers and hyphens. */
const dotted = 64;
/** What ends an address besides white space. */
const delimiter = 128;
const other = 256;
const alphanumeric = letter | numeric;
const anything = 511;

/** The kinds of the code points seen so far; 0: not seen yet. */
const kinds = new Uint16Array(0x110000);

function kindOf(codePoint: number): number {
  if (kinds[codePoint] === 0) {
    const character = String.fromCodePoint(codePoint);
    kinds[codePoint] =
      (/\p{L}/u.test(character) ? letter : 0) |
        (/\p{Nd}/u.test(character) ? digit : 0) |
        (/\p{N}/u.test(character) ? numeric : 0) |
        (/\p{M}/u.test(character) ? mark : 0) |
        (/\s/u.test(character) ? space : 0) |
        (character === '-' ? hyphen : 0) |
        ('._%+'.includes(character) ? dotted : 0) |
        (`<>"'`.includes(character) ? delimiter : 0) || other;
  }
  return kinds[codePoint];
}

const schemes = ['http://', 'https://', 'ftp://', 'www.'];
const longestScheme = 8;
const topLevel = new Set('com net org co uk info biz tv me io mobi us ly gl eu de fr it ru cn in'.split(' '));
const longestTopLevel = 4;

/** A run of characters that has been measured: valid for every start in [from, to). */
interface Run {
  from: number;
  to: number;
  /** The end of the address that the run leads to; 0: it leads to none. */
  end: number;
}

class Scanner {
  private mail: Run = { from: 0, to: 0, end: 0 };
  private host: Run & { lastDot: number } = { from: 0, to: 0, end: 0, lastDot: 0 };

  constructor(private readonly text: string) {}

  skipSpace(at: number): number {
    return this.run(at, space);
  }

  /** The kind and the end of the token that begins at `start`, which is not white space. */
  tokenAt(start: number): [TokenKind, number] {
    const address = this.linkEnd(start) || this.mailEnd(start) || this.hostEnd(start);
    if (address) return ['address', address];
    const number = this.numberEnd(start);
    if (number) return ['number', number];
    const word = this.run(start, alphanumeric | mark);
    if (word > start) return ['word', this.wordEnd(word)];
    const symbol = String.fromCodePoint(this.text.codePointAt(start)!);
    let end = start;
    while (this.text.startsWith(symbol, end)) end += symbol.length;
    return ['symbol', end];
  }

  /** The end of the longest stretch from `at` in which every code point is of one of the kinds in `mask`. */
  private run(at: number, mask: number): number {
    const { text } = this;
    while (at < text.length) {
      const codePoint = text.codePointAt(at)!;
      if ((kindOf(codePoint) & mask) === 0) break;
      at += codePoint > 0xffff ? 2 : 1;
    }
    return at;
  }

  /** `https://…`, `www.…`, without the punctuation after it. */
  private linkEnd(start: number): number {
    if (!'hfwHFW'.includes(this.text[start])) return 0;
    const head = this.text.slice(start, start + longestScheme).toLowerCase();
    const scheme = schemes.find((candidate) => head.startsWith(candidate));
    if (!scheme) return 0;
    const first = start + scheme.length;
    let end = this.addressBodyEnd(first);
    while (end > first && '.,;:!?)]'.includes(this.text[end - 1])) end--;
    // At least two characters after the scheme.
    const [character] = this.text.slice(first, first + 2);
    return character !== undefined && end > first + character.length ? end : 0;
  }

  /** The end of the characters allowed in an address: all but white space, angle brackets and quotation marks. */
  private addressBodyEnd(at: number): number {
    return this.run(at, anything & ~(space | delimiter));
  }

  /** `someone@place.tld` */
  private mailEnd(start: number): number {
    if (start < this.mail.from || start >= this.mail.to) {
      const to = this.run(start, alphanumeric | hyphen | dotted);
      const end = to > start && this.text[to] === '@' ? this.domainEnd(to + 1) : 0;
      this.mail = { from: start, to, end };
    }
    return start < this.mail.to ? this.mail.end : 0;
  }

  /** At least two labels joined by dots; 0 if there are fewer. */
  private domainEnd(at: number): number {
    let labels = 0;
    for (let end = 0; ; labels++) {
      const label = this.labelEnd(at);
      if (label === at) return labels >= 2 ? end : 0;
      end = label;
      if (this.text[end] !== '.') return labels >= 1 ? end : 0;
      at = end + 1;
    }
  }

  private labelEnd(at: number): number {
    return this.run(at, alphanumeric | hyphen);
  }

  /** `name.tld`, `name.tld/…` with a known top-level domain. The last dot of the run before such a domain counts. */
  private hostEnd(start: number): number {
    if (start < this.host.from || start >= this.host.to) {
      let end = 0;
      let lastDot = 0;
      let to = this.labelEnd(start);
      for (let label = start; to > label && this.text[to] === '.'; to = this.labelEnd(label)) {
        label = to + 1;
        const tld = this.run(label, alphanumeric);
        if (tld - label > longestTopLevel || !topLevel.has(this.text.slice(label, tld).toLowerCase())) continue;
        [lastDot, end] = [to, tld];
      }
      if (end > 0 && this.text[end] === '/') end = this.addressBodyEnd(end);
      this.host = { from: start, to: Math.max(to, start + 1), end, lastDot };
    }
    const { lastDot, end } = this.host;
    return start < lastDot && this.text[start] !== '.' ? end : 0;
  }

  /** Digits, with single separators between them; not directly before a letter or another numeric character. */
  private numberEnd(start: number): number {
    const digitsEnd = (at: number): number => this.run(at, digit);
    let before = 0;
    let end = digitsEnd(start);
    if (end === start) return 0;
    while ('.,:-/'.includes(this.text[end] ?? ' ')) {
      const next = digitsEnd(end + 1);
      if (next === end + 1) break;
      [before, end] = [end, next];
    }
    const follows = end < this.text.length ? kindOf(this.text.codePointAt(end)!) : 0;
    return (follows & alphanumeric) === 0 ? end : before;
  }

  /** Includes further parts after apostrophes: `don't`. */
  private wordEnd(end: number): number {
    while (this.text[end] === "'" || this.text[end] === '’') {
      const next = this.run(end + 1, letter | mark);
      if (next === end + 1) break;
      end = next;
    }
    return end;
  }
}
