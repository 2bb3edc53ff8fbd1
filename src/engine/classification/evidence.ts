/**
 * What each word says of the classes, counted in labelled messages:
 *
 *   e_c(w) = ln P(c | w) - ln P(c),   P(c | w) = (n_cw + m P(c)) / (n_w + m)
 *
 * with n_cw the messages of class c that hold the word w, and m = 1: the m-estimate, which gives 0 to an unseen word and
 * little to a rare one. Two classes need one number, e_1 - e_0.
 *
 * A message's own label must not reach its own input, or the network would learn to copy it: training messages take
 * their evidence from the other folds (crossFit).
 */
import { tokenKey } from './inputVectors';
import type { Token } from './tokens';

/** Most classes for which evidence is given: it takes one input each. */
const classLimit = 16;
const prior = 1;

export class Evidence {
  private readonly index: Map<string, number>;

  constructor(
    readonly words: string[],
    /** Messages of a class that hold a word, [classes][words]. */
    readonly counts: number[][],
    /** Messages of each class. */
    readonly messages: number[],
  ) {
    this.index = new Map(words.map((word, i) => [word, i]));
  }

  /** Counts the words of `texts`; `labels[i]` is the class id of text i. The `limit` most frequent words are kept. */
  static count(texts: Token[][], labels: ArrayLike<number>, classes: number, limit = Infinity): Evidence {
    const seen = new Map<string, number[]>();
    const messages = new Array<number>(classes).fill(0);
    texts.forEach((tokens, i) => {
      messages[labels[i]]++;
      for (const word of distinctWords(tokens)) {
        let counts = seen.get(word);
        if (!counts) seen.set(word, (counts = new Array<number>(classes).fill(0)));
        counts[labels[i]]++;
      }
    });
    const total = (counts: number[]): number => counts.reduce((a, b) => a + b, 0);
    const kept = [...seen].sort((a, b) => total(b[1]) - total(a[1])).slice(0, limit);
    return new Evidence(
      kept.map(([word]) => word),
      messages.map((_, c) => kept.map(([, counts]) => counts[c])),
      messages,
    );
  }

  /** Inputs that the evidence of a token takes. */
  get size(): number {
    const classes = this.messages.length;
    return classes === 2 ? 1 : classes <= classLimit ? classes : 0;
  }

  /** The evidence of one token, [size]. Two classes: positive speaks for class 1. */
  of(token: Token): number[] {
    const { size } = this;
    const at = this.index.get(evidenceWord(token));
    if (at === undefined || size === 0) return new Array<number>(size).fill(0);
    const counts = this.counts.map((row) => row[at]);
    const n = counts.reduce((a, b) => a + b, 0);
    const all = this.messages.reduce((a, b) => a + b, 0);
    const lean = counts.map((count, c) => {
      const share = (this.messages[c] + 1) / (all + this.messages.length);
      return Math.log((count + prior * share) / (n + prior)) - Math.log(share);
    });
    // Thirded: most values then lie within ±1, as the other inputs do.
    return size === 1 ? [(lean[1] - lean[0]) / 3] : lean.map((x) => x / 3);
  }

  /** This evidence with further messages counted in, each as `weight` messages. */
  with(texts: Token[][], labels: ArrayLike<number>, weight: number): Evidence {
    const words = [...this.words];
    const counts = this.counts.map((row) => [...row]);
    const messages = [...this.messages];
    const index = new Map(this.index);
    texts.forEach((tokens, i) => {
      messages[labels[i]] += weight;
      for (const word of distinctWords(tokens)) {
        let at = index.get(word);
        if (at === undefined) {
          index.set(word, (at = words.length));
          words.push(word);
          for (const row of counts) row.push(0);
        }
        counts[labels[i]][at] += weight;
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

function evidenceWord(token: Token): string {
  return tokenKey(token).toLowerCase();
}

function distinctWords(tokens: Token[]): Set<string> {
  return new Set(tokens.map(evidenceWord));
}
