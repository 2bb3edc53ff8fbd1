/**
 * The text of one stream as it grows: tokens become pieces (words get their spaces), and pieces are emitted in deltas
 * once they cannot be part of a stop string, which may extend over several tokens and is never emitted.
 */
import type { SampleDelta } from '../../common/engineProtocol';
import type { Vocabulary } from '../corpus/vocabulary';

interface Piece {
  text: string;
  probability: number;
}

export class OutputStream {
  /** Everything emitted so far. */
  text = '';
  /** Pieces that may be the beginning of a stop string. */
  private held: Piece[] = [];
  private heldText = '';
  /** Emitted pieces for the next delta. */
  private ready: Piece[] = [];
  private stopped = false;

  /** `before`: the prompt, which decides whether the first word needs a space. */
  constructor(
    private readonly vocabulary: Vocabulary,
    private readonly before: string,
    private readonly stop: readonly string[] = [],
  ) {}

  /** Everything generated, emitted or not. */
  get written(): string {
    return this.text + this.heldText;
  }

  /** Adds a token with the model's probability of it. Returns false if a stop string is complete. */
  add(token: number, probability: number): boolean {
    const piece = { text: this.pieceOf(token), probability };
    this.held.push(piece);
    this.heldText += piece.text;
    if (this.stop.length === 0) {
      this.emit(this.heldText.length);
      return true;
    }
    const found = this.stop.map((text) => this.heldText.indexOf(text)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.emit(Math.min(...found), true);
      this.held = [];
      this.heldText = '';
      this.stopped = true;
      return false;
    }
    this.emit(this.heldText.length - this.possibleStop());
    return true;
  }

  /** No more tokens will come: emits what was held back. */
  end(): void {
    if (!this.stopped) this.emit(this.heldText.length);
  }

  /** What was emitted since the last call; undefined if nothing. */
  takeDelta(stream: number, details: boolean): SampleDelta | undefined {
    if (this.ready.length === 0) return undefined;
    const pieces = this.ready;
    this.ready = [];
    const text = pieces.map((piece) => piece.text).join('');
    if (!details) return { stream, text };
    return {
      stream,
      text,
      tokens: pieces.map((piece) => piece.text),
      probabilities: pieces.map((piece) => piece.probability),
    };
  }

  private pieceOf(token: number): string {
    const text = this.vocabulary.tokenText(token);
    if (this.vocabulary.unit === 'character') return text;
    const last = this.heldText || this.text || this.before;
    return last === '' || /\s$/u.test(last) ? text : ` ${text}`;
  }

  /** The length of the longest suffix of `heldText` that is a prefix of a stop string. */
  private possibleStop(): number {
    let longest = 0;
    for (const text of this.stop) {
      for (let n = Math.min(text.length - 1, this.heldText.length); n > longest; n--) {
        if (this.heldText.endsWith(text.slice(0, n))) longest = n;
      }
    }
    return longest;
  }

  /**
   * Emits the complete pieces within the first `length` UTF-16 units of `heldText`. With `cut`, also emits the part of a
   * piece that lies within them.
   */
  private emit(length: number, cut = false): void {
    let rest = length;
    while (rest > 0) {
      const piece = this.held[0];
      if (piece.text.length > rest) {
        if (!cut) return;
        piece.text = piece.text.slice(0, rest);
      }
      this.held.shift();
      this.heldText = this.heldText.slice(piece.text.length);
      rest -= piece.text.length;
      this.text += piece.text;
      this.ready.push(piece);
    }
  }
}
