/**
 * The surprise of each token of a text, stored in two growing arrays, and its conversion to marks: runs of characters
 * at one of five levels. Offsets are UTF-16 units of the text as the model sees it. Independent of VS Code.
 */
import type { SurpriseResult } from '../../common/engineProtocol';
import { lastAtOrBelow } from '../../common/search';
import type { Span } from './markdownMarks';

export type SurpriseUnit = 'character' | 'word';

/**
 * Minimum bits per character of a mark of level 1, 2, … 5; there is no mark below the first. Words are judged by their
 * mean.
 */
export const levelBits: Record<SurpriseUnit, readonly number[]> = {
  character: [3.5, 5, 6.5, 8, 10],
  word: [2.25, 3, 3.75, 4.5, 5.5],
};

export interface Mark {
  start: number;
  end: number;
  /** Bits of everything between. */
  bits: number;
  /** 1 to 5. */
  level: number;
}

export class SurpriseFigures {
  /** The offset of each token, followed by the end of the last. */
  private offsets: number[] = [0];
  private bits: number[] = [];
  meanBits = 0;

  /** The end of the text covered by the figures. */
  get length(): number {
    return this.offsets[this.offsets.length - 1];
  }

  /** Discards everything from the token at `offset` on, and returns where new figures should begin. */
  cut(offset: number): number {
    const token = this.tokenAt(offset);
    if (token >= 0) {
      this.offsets.length = token + 1;
      this.bits.length = token;
    }
    return Math.min(offset, this.length);
  }

  /** Adds a result of the engine, which replaces everything from `result.from` on. */
  replaceFrom(result: SurpriseResult): void {
    this.cut(result.from);
    result.bits.forEach((bits, i) => {
      this.bits.push(bits);
      this.offsets.push(this.length + result.lengths[i]);
    });
    this.meanBits = result.meanBits;
  }

  /** The token at an offset; undefined beyond the figures. */
  token(offset: number): { start: number; end: number; bits: number } | undefined {
    const i = this.tokenAt(offset);
    return i < 0 ? undefined : { start: this.offsets[i], end: this.offsets[i + 1], bits: this.bits[i] };
  }

  /** Total bits of [start, end); a token that is only partly inside counts in part. */
  sum(start: number, end: number): number {
    let bits = 0;
    for (const token of this.tokens(start, end)) {
      const inside = Math.min(token.end, end) - Math.max(token.start, start);
      bits += (token.bits * inside) / (token.end - token.start);
    }
    return bits;
  }

  /**
   * Marks within [start, end) of `text`, in order, none of them in `skipped` (in order, too); neighbouring characters
   * of one level make one mark.
   */
  marks(text: string, unit: SurpriseUnit, start: number, end: number, skipped: readonly Span[] = []): Mark[] {
    const pieces = unit === 'word' ? this.words(text, start, end) : this.tokens(start, end);
    const marks: Mark[] = [];
    let next = 0;
    for (const piece of pieces) {
      while (next < skipped.length && skipped[next].end <= piece.start) next++;
      if (next < skipped.length && skipped[next].start < piece.end) continue;
      const perCharacter = unit === 'word' ? piece.bits / (piece.end - piece.start) : piece.bits;
      const level = levelOf(perCharacter, unit);
      const last = marks[marks.length - 1];
      if (level === 0) continue;
      if (unit === 'character' && last?.end === piece.start && last.level === level) {
        last.end = piece.end;
        last.bits += piece.bits;
      } else marks.push({ ...piece, level });
    }
    return marks;
  }

  private *tokens(start: number, end: number): Iterable<{ start: number; end: number; bits: number }> {
    const first = this.tokenAt(start);
    if (first < 0) return;
    for (let i = first; i < this.bits.length && this.offsets[i] < end; i++) {
      yield { start: this.offsets[i], end: this.offsets[i + 1], bits: this.bits[i] };
    }
  }

  private *words(text: string, start: number, end: number): Iterable<{ start: number; end: number; bits: number }> {
    for (const match of text.slice(start, end).matchAll(/[\p{L}\p{M}\p{N}'’]+/gu)) {
      const wordStart = start + match.index;
      const wordEnd = wordStart + match[0].length;
      if (wordEnd <= this.length) yield { start: wordStart, end: wordEnd, bits: this.sum(wordStart, wordEnd) };
    }
  }

  /** Index of the token that contains `offset`, or -1. */
  private tokenAt(offset: number): number {
    if (offset < 0 || offset >= this.length) return -1;
    return lastAtOrBelow(this.offsets, offset);
  }
}

/** 0 (no mark) to 5. */
export function levelOf(bitsPerCharacter: number, unit: SurpriseUnit): number {
  return levelBits[unit].filter((limit) => bitsPerCharacter >= limit).length;
}
