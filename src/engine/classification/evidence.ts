/**
 * The evidence of each word for the classes, from counts in labelled messages:
 *
 *   e_c(w) = ln P(c | w) - ln P(c),   P(c | w) = (n_cw + m P(c)) / (n_w + m)
 *
 * with n_cw the messages of class c that contain the word w, and m = 1: the m-estimate, which is 0 for an unseen word
 * and small for a rare one. Two classes need one number, e_1 - e_0.
 *
 * A word can have different meanings in a short message and in a letter ("text" in an advertisement, "text" among
 * programmers), so short and long messages are counted separately and every word has the evidence of both.
 *
 * A message's own label must not affect its input, or the network would learn to copy it: training messages get their
 * evidence from the other folds (crossFit).
 */
import { tokenKey } from './inputVectors';
import type { Token } from './tokens';

/** The maximum number of classes with evidence, which takes one input each. */
const classLimit = 16;
/** Messages with at most this many tokens are short. */
const shortLimit = 100;
const bands = 2;
const prior = 1;

export class Evidence {
  private readonly index: Map<string, number>;

  constructor(
    readonly words: string[],
    /**
     * Messages of a class that contain a word: the short ones of each class, then the long ones, [2 · classes][words].
     */
    readonly counts: number[][],
    /** Messages of each class, short and long, [2 · classes]. */
    readonly messages: number[],
  ) {
    this.index = new Map(words.map((word, i) => [word, i]));
  }

  /** Counts the words of `texts`; `labels[i]` is the class id of text i. The `limit` most frequent words are kept. */
  static count(texts: Token[][], labels: ArrayLike<number>, classes: number, limit = Infinity): Evidence {
    const seen = new Map<string, number[]>();
    const messages = new Array<number>(bands * classes).fill(0);
    texts.forEach((tokens, i) => {
      const row = rowOf(tokens, labels[i], classes);
      messages[row]++;
      for (const word of distinctWords(tokens)) {
        let counts = seen.get(word);
        if (!counts) seen.set(word, (counts = new Array<number>(bands * classes).fill(0)));
        counts[row]++;
      }
    });
    const kept = [...seen].sort((a, b) => sum(b[1]) - sum(a[1])).slice(0, limit);
    return new Evidence(
      kept.map(([word]) => word),
      messages.map((_, c) => kept.map(([, counts]) => counts[c])),
      messages,
    );
  }

  private get classes(): number {
    return this.messages.length / bands;
  }

  /** The number of inputs for the evidence of a token. */
  get size(): number {
    const { classes } = this;
    return classes === 2 ? bands : classes <= classLimit ? bands * classes : 0;
  }

  /** The evidence of one token, [size]. Two classes: positive speaks for class 1. */
  of(token: Token): number[] {
    const { size, classes } = this;
    const at = this.index.get(evidenceWord(token));
    if (at === undefined || size === 0) return new Array<number>(size).fill(0);
    return Array.from({ length: bands }, (_, band) => {
      const first = band * classes;
      const counts = this.counts.slice(first, first + classes).map((row) => row[at]);
      const messages = this.messages.slice(first, first + classes);
      const n = sum(counts);
      const lean = counts.map((count, c) => {
        const share = (messages[c] + 1) / (sum(messages) + classes);
        return Math.log((count + prior * share) / (n + prior)) - Math.log(share);
      });
      // Divided by three, so that most values are within ±1, like the other inputs.
      return size === bands ? [(lean[1] - lean[0]) / 3] : lean.map((x) => x / 3);
    }).flat();
  }

  /** This evidence with further messages, each counted as `weight` messages. */
  with(texts: Token[][], labels: ArrayLike<number>, weight: number): Evidence {
    const words = [...this.words];
    const counts = this.counts.map((row) => [...row]);
    const messages = [...this.messages];
    const index = new Map(this.index);
    texts.forEach((tokens, i) => {
      const row = rowOf(tokens, labels[i], this.classes);
      messages[row] += weight;
      for (const word of distinctWords(tokens)) {
        let at = index.get(word);
        if (at === undefined) {
          index.set(word, (at = words.length));
          words.push(word);
          for (const list of counts) list.push(0);
        }
        counts[row][at] += weight;
      }
    });
    return new Evidence(words, counts, messages);
  }
}

/** The evidence for each of `folds` parts of the texts, counted in the others. `foldOf[i]` is the part of text i. */
export function crossFit(
  texts: Token[][],
  labels: ArrayLike<number>,
  classes: number,
  foldOf: ArrayLike<number>,
  folds: number,
): Evidence[] {
  return Array.from({ length: folds }, (_, fold) => {
    const others = texts.map((_, i) => i).filter((i) => foldOf[i] !== fold);
    return Evidence.count(
      others.map((i) => texts[i]),
      others.map((i) => labels[i]),
      classes,
    );
  });
}

function rowOf(tokens: Token[], label: number, classes: number): number {
  return (tokens.length > shortLimit ? classes : 0) + label;
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function evidenceWord(token: Token): string {
  return tokenKey(token).toLowerCase();
}

function distinctWords(tokens: Token[]): Set<string> {
  return new Set(tokens.map(evidenceWord));
}
