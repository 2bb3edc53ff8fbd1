/**
 * A long text as passages: stretches of whole sentences or lines, each starting half a passage after the one before, so
 * that a short piece of spam fills at least half of one passage however much text surrounds it; and each line by itself,
 * so that a message among others is read alone. The score of the text is that of its most suspicious piece, which is the
 * whole text or a passage. With n passages each loses 0.1 ln n, because the worst of many is worse by chance.
 */
import { countText, type CountedText } from './textFeatures';
import { tokenize, type Token } from './tokens';

/**
 * What a passage loses for each e-fold of passages, in uncalibrated log-odds. Chosen by cross-validation on the training
 * part of the shipped detector: the larger it is, the more spam is caught alone and the less among twelve legitimate
 * messages. Where 0.3 % of legitimate texts are flagged, 0, 0.1 and 0.2 catch 0.90, 0.92 and 0.92 of the first and 0.89,
 * 0.83 and 0.75 of the second.
 */
const passagePenalty = 0.1;

/** A text to score, or a passage of one. */
export class Piece {
  private features: CountedText | undefined;

  constructor(
    readonly content: string,
    /** The tokens of `content`, with offsets into the text that it comes from. */
    readonly tokens: readonly Token[],
    readonly passage?: Passage & { index: number; count: number },
  ) {}

  /** The features of the piece for the linear model. */
  get counted(): CountedText {
    // Read alone, a passage may have other tokens at its edges than within its text.
    return (this.features ??= countText(this.content, this.passage ? tokenize(this.content) : this.tokens));
  }
}

/** The score of one text. */
export interface Score {
  /** The log-odds of the positive class for two classes, otherwise one logit per class; uncalibrated. */
  logits: number[];
  /** The decisive passage of a long text. */
  passage?: Piece['passage'];
}

/** A text as a whole and, if `size` gives the number of tokens in a passage, its passages. `tokens` are the text's. */
export function piecesOf(text: string, tokens: readonly Token[], size: number | undefined): [Piece, ...Piece[]] {
  const passages = size === undefined ? [] : passagesOf(text, tokens, size);
  const parts = passages.map(({ from, to }, index) => {
    const part = tokens.slice(from, to);
    const content = text.slice(part[0].start, part.at(-1)!.end);
    return new Piece(content, part, { from, to, index, count: passages.length });
  });
  return [new Piece(text, tokens), ...parts];
}

/** The score of each text, given the logits of all of its pieces in order. */
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

/** The tokens [from, to) of a passage. */
export interface Passage {
  from: number;
  to: number;
}

/** Passages of about `size` tokens, in the order of the text; none for a text shorter than two passages. */
export function passagesOf(text: string, tokens: readonly Token[], size: number): Passage[] {
  if (tokens.length < size * 2) return [];
  const stretches = stretchesOf(text, tokens, size);
  const known = new Set(stretches.map(({ from, to }) => `${from} ${to}`));
  const lines = linesOf(text, tokens).filter(
    ({ from, to }) => to - from >= size / 2 && to - from <= size * 2 && !known.has(`${from} ${to}`),
  );
  return [...stretches, ...lines].sort((a, b) => a.from - b.from || a.to - b.to);
}

function linesOf(text: string, tokens: readonly Token[]): Passage[] {
  const starts = tokens.flatMap((token, t) =>
    t === 0 || text.slice(tokens[t - 1].end, token.start).includes('\n') ? [t] : [],
  );
  return starts.map((from, i) => ({ from, to: starts[i + 1] ?? tokens.length }));
}

function stretchesOf(text: string, tokens: readonly Token[], size: number): Passage[] {
  const starts = [0];
  for (let t = 1; t < tokens.length; t++) {
    const between = text.slice(tokens[t - 1].end, tokens[t].start);
    const previous = tokens[t - 1].text;
    const isBreak = between.includes('\n') || (between !== '' && /[.!?…。！？]$/u.test(previous));
    // Cut even within a sentence.
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
