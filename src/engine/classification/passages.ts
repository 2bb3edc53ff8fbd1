/**
 * A long text as passages: whole sentences or lines, each passage begun half a passage after the one before, so that a
 * short piece of spam fills at least half of one however much is put around it. The text's score is that of its most
 * suspicious piece, itself or a passage; of n passages each gives up ½ ln n, because the worst of many is worse by chance.
 */
import { countText, type CountedText } from './textFeatures';
import { tokenize, type Token } from './tokens';

/** What a passage gives up for each e-fold of passages, in log-odds. */
const passagePenalty = 0.5;

/** A text to score, or a passage of one. */
export class Piece {
  private features: CountedText | undefined;

  constructor(
    readonly content: string,
    /** Those of `content`, with places in the text that it is from. */
    readonly tokens: readonly Token[],
    readonly passage?: Passage & { index: number; count: number },
  ) {}

  /** What the linear model sees of it. */
  get counted(): CountedText {
    return (this.features ??= countText(this.content, tokenize(this.content)));
  }
}

/** The score of one text. */
export interface Score {
  /** Log-odds of the positive class for two classes, else one logit a class; uncalibrated. */
  logits: number[];
  /** The passage that decided, of a long text. */
  passage?: Piece['passage'];
}

/** A text as a whole and, where `size` says how many tokens a passage has, its passages. */
export function piecesOf(text: string, size: number | undefined): [Piece, ...Piece[]] {
  const tokens = tokenize(text);
  const passages = size === undefined ? [] : passagesOf(text, tokens, size);
  const parts = passages.map(({ from, to }, index) => {
    const part = tokens.slice(from, to);
    const content = text.slice(part[0].start, part.at(-1)!.end);
    return new Piece(content, part, { from, to, index, count: passages.length });
  });
  return [new Piece(text, tokens), ...parts];
}

/** The score of each text by the logits of all of its pieces, in order. */
export function worstOf(texts: readonly (readonly Piece[])[], logits: readonly number[][]): Score[] {
  let at = 0;
  return texts.map((pieces) =>
    pieces
      .map(({ passage }): Score => {
        const own = logits[at++];
        return passage ? { logits: [own[0] - passagePenalty * Math.log(passage.count)], passage } : { logits: own };
      })
      .reduce((worst, score) => (score.logits[0] > worst.logits[0] ? score : worst)),
  );
}

/** Tokens [from, to) of a passage. */
export interface Passage {
  from: number;
  to: number;
}

/** Passages of about `size` tokens; none for a text of less than two. */
export function passagesOf(text: string, tokens: readonly Token[], size: number): Passage[] {
  if (tokens.length < size * 2) return [];
  const starts = [0];
  for (let t = 1; t < tokens.length; t++) {
    const between = text.slice(tokens[t - 1].end, tokens[t].start);
    const previous = tokens[t - 1].text;
    const isBreak = between.includes('\n') || (between !== '' && /[.!?…。！？]$/u.test(previous));
    // A sentence without end is cut like any other.
    if (isBreak || t - starts.at(-1)! >= size / 2) starts.push(t);
  }
  starts.push(tokens.length);
  const passages: Passage[] = [];
  for (let first = 0; first < starts.length - 1;) {
    let last = first + 1;
    while (last < starts.length - 1 && starts[last] - starts[first] < size) last++;
    passages.push({ from: starts[first], to: starts[last] });
    if (last === starts.length - 1) break;
    const half = starts[first] + size / 2;
    let next = first + 1;
    while (next < last && starts[next] < half) next++;
    first = next;
  }
  return passages;
}
