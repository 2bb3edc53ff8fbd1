/**
 * The two-way table between tokens and ids.
 *
 * Characters are Unicode code points; sorted, they give the ids. A character outside the table becomes `noToken`: its
 * input is a zero vector, and it adds no loss. Only tabs and spaces of other kinds (no-break, ideographic …) are read as
 * an ordinary space instead, since they separate words, too. Words are those of Keras' Tokenizer: punctuation removed,
 * split at spaces, id 0 for padding, 1 for an unknown word, then by falling frequency (ties: first seen first).
 */
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import type { TextConfig } from '../../common/trainingConfig';
import { noToken } from '../backends/backend';

export type TokenUnit = TextConfig['unit'];

export interface VocabularyJson {
  unit: TokenUnit;
  /** The text of each id in order; for words, '' (padding) and '<OOV>' come first. */
  tokens: string[];
}

/** The id that pads short sequences of words at the front. */
export const paddingId = 0;
/** Id of a word outside the vocabulary. */
export const unknownWordId = 1;
const unknownWord = '<OOV>';

/** Beyond this many distinct characters (a Chinese corpus, a dump of symbols) the rarest become unknown. */
const maximumCharacters = 4096;
const maximumWords = 65_534;

/** Keras' filter characters, plus the space that separates words. */
const wordBreaks = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~\t\n ]+/;

const otherSpace = /^[\t\p{Zs}]$/u;

/** What `noToken` decodes to: the replacement character. */
const unknownCharacter = '\ufffd';

export class Vocabulary {
  /** Id by code unit, for characters up to U+FFFF. */
  private readonly byCodeUnit: Uint16Array | null = null;
  /** Id of every other token. */
  private readonly byToken = new Map<string, number>();

  private constructor(
    readonly unit: TokenUnit,
    private readonly tokens: readonly string[],
  ) {
    if (unit === 'character') this.byCodeUnit = new Uint16Array(0x10000).fill(noToken);
    tokens.forEach((token, id) => {
      if (this.byCodeUnit && token.length === 1) this.byCodeUnit[token.charCodeAt(0)] = id;
      else this.byToken.set(token, id);
    });
  }

  /** The vocabulary of normalised texts (or of the pieces of one text). */
  static build(unit: TokenUnit, texts: Iterable<string>): Vocabulary {
    const counter = new TokenCounter(unit);
    for (const text of texts) counter.add(text);
    return counter.vocabulary();
  }

  /** From the texts of the ids in order, as produced by `TokenCounter` and `extend`. */
  static ofTokens(unit: TokenUnit, tokens: readonly string[]): Vocabulary {
    return new Vocabulary(unit, tokens);
  }

  /** Throws `corruptModel` if the JSON is not a vocabulary. */
  static fromJSON(json: VocabularyJson): Vocabulary {
    const { unit, tokens } = json;
    const corrupt =
      (unit !== 'character' && unit !== 'word') ||
      !Array.isArray(tokens) ||
      tokens.length === 0 ||
      tokens.length > noToken ||
      tokens.some((token) => typeof token !== 'string') ||
      new Set(tokens).size !== tokens.length ||
      (unit === 'word' && (tokens[paddingId] !== '' || tokens[unknownWordId] !== unknownWord)) ||
      (unit === 'character' && tokens.some((token) => codePoints(token) !== 1));
    if (corrupt)
      throw new InklingError('corruptModel', sentence('The vocabulary of this model is damaged; use another copy.'));
    return new Vocabulary(unit, tokens);
  }

  toJSON(): VocabularyJson {
    return { unit: this.unit, tokens: [...this.tokens] };
  }

  /** Ids run from 0 to `size` - 1. */
  get size(): number {
    return this.tokens.length;
  }

  /** The encoding of a token outside the vocabulary: `noToken` for a character, `unknownWordId` for a word. */
  get unknownId(): number {
    return this.unit === 'word' ? unknownWordId : noToken;
  }

  /** The tokens of a text (already normalised): its code points, or its words. */
  split(text: string): string[] {
    return this.unit === 'word' ? splitWords(text) : [...text];
  }

  /** Ids of a text (already normalised): one for each code point, or one for each word. */
  encode(text: string): Uint16Array {
    if (this.unit === 'word') return Uint16Array.from(splitWords(text), (word) => this.idOf(word));
    const ids = new Uint16Array(text.length);
    return ids.slice(0, this.encodeInto(text, ids, 0));
  }

  /**
   * Writes a text's ids to `ids`, starting at index `at`. Returns the index after the last. In byte arrays, for
   * vocabularies of at most 255 tokens, `noToken` is written as 255.
   */
  encodeInto(text: string, ids: Uint8Array | Uint16Array, at: number): number {
    const table = this.byCodeUnit;
    if (!table) {
      for (const word of splitWords(text)) ids[at++] = this.idOf(word);
      return at;
    }
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if ((unit & 0xfc00) === 0xd800 && isLowSurrogate(text.charCodeAt(i + 1))) {
        ids[at++] = this.idOf(text.slice(i, i + 2));
        i++;
      } else {
        ids[at++] = table[unit] === noToken ? this.readAs(text[i]) : table[unit];
      }
    }
    return at;
  }

  /** Id of one token; `noToken` for an unknown character, `unknownWordId` for an unknown word. */
  idOf(token: string): number {
    if (this.byCodeUnit && token.length === 1) return this.byCodeUnit[token.charCodeAt(0)];
    return this.byToken.get(token) ?? this.unknownId;
  }

  /** The id that `encode` gives a token: its own, or that of a space for an unknown kind of space. */
  readAs(token: string): number {
    const id = this.idOf(token);
    return id === noToken && otherSpace.test(token) ? this.idOf(' ') : id;
  }

  /** The tokens of a text (already normalised) that are not in it, the most frequent first, with how often they occur. */
  unknownIn(text: string): [token: string, count: number][] {
    const counts = new Map<string, number>();
    for (const token of this.split(text)) {
      if (this.readAs(token) === this.unknownId) counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1]);
  }

  /** The text of one token: a character, or a word without spaces. U+FFFD for an invalid id. */
  tokenText(id: number): string {
    return this.tokens[id] ?? unknownCharacter;
  }

  /** The text of ids; words are joined by spaces and padding is left out. */
  decode(ids: ArrayLike<number>): string {
    const parts: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      if (this.unit === 'word' && ids[i] === paddingId) continue;
      parts.push(this.tokenText(ids[i]));
    }
    return parts.join(this.unit === 'word' ? ' ' : '');
  }

  /**
   * This vocabulary with a text's new characters appended in order; existing ids stay the same. Returns itself if
   * nothing is new, and for words, since unknown words already have an id.
   */
  extend(text: string): Vocabulary {
    return this.extendBy([text]);
  }

  /** `extend` for a text in pieces. */
  extendBy(texts: Iterable<string>): Vocabulary {
    if (this.unit === 'word') return this;
    const added = Vocabulary.build('character', texts).tokens.filter((token) => this.idOf(token) === noToken);
    const room = Math.max(0, maximumCharacters - this.size);
    return added.length === 0 || room === 0
      ? this
      : new Vocabulary('character', [...this.tokens, ...added.slice(0, room)]);
  }
}

/** Counts the tokens of a text, piece by piece, and makes a vocabulary of them. */
export class TokenCounter {
  /** Tokens counted, repeats included. */
  tokens = 0;
  private readonly byCodeUnit: Float64Array | null;
  private readonly byToken = new Map<string, number>();

  constructor(private readonly unit: TokenUnit) {
    this.byCodeUnit = unit === 'character' ? new Float64Array(0x10000) : null;
  }

  add(text: string): void {
    const counts = this.byCodeUnit;
    if (!counts) {
      for (const word of splitWords(text)) this.addToken(word);
      return;
    }
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if ((unit & 0xfc00) === 0xd800 && isLowSurrogate(text.charCodeAt(i + 1))) {
        this.addToken(text.slice(i, i + 2));
        i++;
      } else {
        counts[unit]++;
        this.tokens++;
      }
    }
  }

  vocabulary(): Vocabulary {
    const counted: [string, number][] = [...this.byToken];
    this.byCodeUnit?.forEach((count, unit) => {
      if (count > 0) counted.push([String.fromCharCode(unit), count]);
    });
    // Sorting is stable: among equally frequent words, the one seen first stays first.
    const byFrequency = counted.sort((a, b) => b[1] - a[1]).map(([token]) => token);
    if (this.unit === 'word') {
      const words = byFrequency.slice(0, maximumWords - 2);
      return Vocabulary.ofTokens('word', ['', unknownWord, ...words]);
    }
    const characters = byFrequency.slice(0, maximumCharacters);
    return Vocabulary.ofTokens(
      'character',
      characters.sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!),
    );
  }

  private addToken(token: string): void {
    this.byToken.set(token, (this.byToken.get(token) ?? 0) + 1);
    this.tokens++;
  }
}

/** The words of a text, as Keras' Tokenizer splits it. */
function splitWords(text: string): string[] {
  return text.split(wordBreaks).filter((word) => word !== '');
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

function codePoints(text: string): number {
  return [...text].length;
}
