/**
 * Multinomial naive Bayes over token counts with add-one smoothing: scikit-learn's `MultinomialNB(alpha=1)`.
 *
 *   ln P(c | text) = ln P(c) + Σ_w n_w · ln((N_cw + 1) / (N_c + V)) + constant
 *
 * The simplest method that works for spam; every classifier is compared with it.
 */
import type { SparseCounts } from './bagOfWords';

export class NaiveBayes {
  constructor(
    /** ln P(c), [classes]. */
    readonly logPriors: number[],
    /** ln P(w | c), [classes][vocabulary]. */
    readonly logLikelihoods: Float64Array[],
  ) {}

  /** `labels[i]` is the class id of row i; every class id below `classes` must occur. */
  static fit(rows: SparseCounts[], labels: ArrayLike<number>, classes: number, vocabulary: number): NaiveBayes {
    const counts = Array.from({ length: classes }, () => new Float64Array(vocabulary));
    const examples = new Array<number>(classes).fill(0);
    rows.forEach((row, i) => {
      examples[labels[i]]++;
      for (let k = 0; k < row.ids.length; k++) counts[labels[i]][row.ids[k]] += row.counts[k];
    });
    const logPriors = examples.map((n) => Math.log(n / rows.length));
    for (const row of counts) {
      const total = row.reduce((a, b) => a + b, 0) + vocabulary;
      for (let w = 0; w < vocabulary; w++) row[w] = Math.log((row[w] + 1) / total);
    }
    return new NaiveBayes(logPriors, counts);
  }

  /** ln P(c) + ln P(text | c), [classes]. */
  jointLogLikelihood(row: SparseCounts): number[] {
    return this.logPriors.map((prior, c) => {
      const likelihood = this.logLikelihoods[c];
      let sum = prior;
      for (let k = 0; k < row.ids.length; k++) sum += row.counts[k] * likelihood[row.ids[k]];
      return sum;
    });
  }

  /** P(c | text), [classes]. */
  probabilities(row: SparseCounts): number[] {
    return classProbabilities(this.jointLogLikelihood(row));
  }
}

/** exp(x_i) / Σ exp(x_j). */
export function classProbabilities(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const top = Math.max(...values);
  const powers = values.map((x) => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}
