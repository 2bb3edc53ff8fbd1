/**
 * A linear classifier over hashed words and character n-grams (textFeatures.ts): a support vector machine for each class
 * against the others, one for two classes.
 *
 *   minimise  ½ |w|² + C Σ_i c_i max(0, 1 - y_i (w·x_i + b))²
 *
 * solved in the dual by coordinate descent (Hsieh et al. 2008), with b as the weight of a constant feature and c_i
 * balancing the classes: N / (2 · examples of the side).
 */
import { Random } from '../random';
import { blockOf, countText, countTexts, hashBuckets, visitFeatures, type CountedText } from './textFeatures';
import { tokenize } from './tokens';

export interface LinearOptions {
  /** The cost of an error: the lower, the smaller the weights. */
  c: number;
  balanced: boolean;
  seed: number;
  /** The maximum size of the model: the features that occur in the fewest texts are dropped. */
  limit: number;
  /** The model to start from, which the new weights stay near: w - w₀ is penalised in place of w. Default: none. */
  from?: LinearModel;
  /** Further rows of class 0 to learn, given the model of the rows so far. Default: none. */
  further?: (model: LinearModel) => CountedText[];
}

const defaultLinearOptions: LinearOptions = { c: 0.3, balanced: true, seed: 0, limit: 1 << 23 };

/** Rows of features in one block of memory: row i is at [starts[i], starts[i + 1]). */
interface Rows {
  starts: Int32Array;
  features: Int32Array;
  values: Float32Array;
}

export class LinearModel {
  private readonly index: BucketIndex;

  constructor(
    readonly classes: number,
    /** Bucket of each feature, in ascending order. */
    readonly buckets: Int32Array,
    /** Inverse document frequency of each feature. */
    readonly idf: Float32Array,
    /** [outputs][features]; one output for two classes, positive for class 1. */
    readonly weights: Float32Array,
    /** [outputs] */
    readonly biases: Float32Array,
  ) {
    this.index = new BucketIndex(buckets);
  }

  get outputs(): number {
    return this.biases.length;
  }

  /** This model with all of its scores multiplied by `factor`. */
  scaled(factor: number): LinearModel {
    const times = (values: Float32Array): Float32Array => values.map((value) => value * factor);
    return new LinearModel(this.classes, this.buckets, this.idf, times(this.weights), times(this.biases));
  }

  /** Learns from `texts`; `labels[i]` is the class id of text i, below `classes`. */
  static fit(
    texts: readonly string[],
    labels: ArrayLike<number>,
    classes: number,
    options: Partial<LinearOptions> = {},
  ): LinearModel {
    return LinearModel.fitRows(countTexts(texts), labels, classes, options);
  }

  static fitRows(
    rows: CountedText[],
    labels: ArrayLike<number>,
    classes: number,
    options: Partial<LinearOptions> = {},
  ): LinearModel {
    const { c, balanced, seed, limit, from, further } = { ...defaultLinearOptions, ...options };
    const outputs = classes === 2 ? 1 : classes;
    const documents = textsWithEach(rows);
    const seen = frequentBuckets(documents, Math.floor(limit / outputs));
    const known = from ? Int32Array.from(new Set([...seen, ...from.buckets])).sort() : seen;
    const idf = new Float32Array(known.length);
    for (let i = 0; i < known.length; i++) idf[i] = Math.log((1 + rows.length) / (1 + documents[known[i]])) + 1;
    const weights = new Float32Array(outputs * known.length);
    if (from) {
      known.forEach((bucket, i) => {
        const feature = from.index.find(bucket);
        if (feature < 0) return;
        idf[i] = from.idf[feature];
        for (let output = 0; output < outputs; output++) {
          weights[output * known.length + i] = from.weights[output * from.buckets.length + feature];
        }
      });
    }
    const model = new LinearModel(classes, known, idf, weights, from ? from.biases.slice() : new Float32Array(outputs));
    const solutions: (Float64Array | undefined)[] = Array.from({ length: outputs });
    const solve = (matrix: Rows, labels: ArrayLike<number>): void => {
      for (let output = 0; output < outputs; output++) {
        const side = (label: number): number => (label === (classes === 2 ? 1 : output) ? 1 : -1);
        const alpha = new Float64Array(labels.length);
        alpha.set(solutions[output] ?? []);
        model.biases[output] = separate(matrix, Int8Array.from(labels, side), alpha, {
          c,
          balanced,
          random: new Random(seed, 51 + output),
          weights: model.weights.subarray(output * known.length, (output + 1) * known.length),
          bias: model.biases[output],
        });
        solutions[output] = alpha;
      }
    };
    const matrix = model.matrixOf(rows);
    solve(matrix, labels);
    const more = further?.(model) ?? [];
    if (more.length > 0) solve(joined(matrix, model.matrixOf(more)), [...Array.from(labels), ...more.map(() => 0)]);
    return model;
  }

  /** w·x + b of each output, [texts][outputs]. */
  scoresOf(rows: CountedText[]): number[][] {
    const { starts, features, values } = this.matrixOf(rows);
    const count = this.buckets.length;
    return Array.from({ length: rows.length }, (_, i) =>
      Array.from(this.biases, (bias, output) => {
        let sum = bias;
        for (let k = starts[i]; k < starts[i + 1]; k++) sum += this.weights[output * count + features[k]] * values[k];
        return sum;
      }),
    );
  }

  /**
   * The contribution of each UTF-16 unit of `text` to the score of `output`; together with the bias, they sum to the
   * score. The contribution of a feature is divided evenly among its occurrences, and within each among its units that
   * are not white space.
   */
  unitContributions(text: string, output: number): Float64Array {
    const tokens = tokenize(text);
    const counted = countText(text, tokens);
    const occurrences = new Map<number, number>();
    counted.buckets.forEach((bucket, k) => occurrences.set(bucket, counted.counts[k]));
    const { starts, features, values } = this.matrixOf([counted]);
    /** Of one occurrence. */
    const parts = new Map<number, number>();
    for (let k = 0; k < starts[1]; k++) {
      const bucket = this.buckets[features[k]];
      const part = this.weights[output * this.buckets.length + features[k]] * values[k];
      parts.set(bucket, part / occurrences.get(bucket)!);
    }
    const contributions = new Float64Array(text.length);
    visitFeatures(text, tokens, (bucket, start, end) => {
      const part = parts.get(bucket);
      if (part === undefined) return;
      let units = 0;
      for (let at = start; at < end; at++) if (!isSpace(text, at)) units++;
      const share = part / Math.max(1, units);
      for (let at = start; at < end; at++) if (!isSpace(text, at)) contributions[at] += share;
    });
    return contributions;
  }

  /**
   * This model after learning further texts: each moves the weights just far enough to be on its side with a margin of
   * 1 (passive-aggressive updates, Crammer et al. 2006), in a few rounds, so that one does not undo another.
   */
  corrected(texts: readonly string[], labels: ArrayLike<number>): LinearModel {
    const count = this.buckets.length;
    const weights = this.weights.slice();
    const biases = this.biases.slice();
    const { starts, features, values } = this.matrixOf(countTexts(texts));
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < texts.length; i++) {
        for (let output = 0; output < this.outputs; output++) {
          const sign = labels[i] === (this.outputs === 1 ? 1 : output) ? 1 : -1;
          let sum = biases[output];
          let square = 1;
          for (let k = starts[i]; k < starts[i + 1]; k++) {
            sum += weights[output * count + features[k]] * values[k];
            square += values[k] * values[k];
          }
          const change = (sign * Math.max(0, 1 - sign * sum)) / square;
          biases[output] += change;
          for (let k = starts[i]; k < starts[i + 1]; k++) weights[output * count + features[k]] += change * values[k];
        }
      }
    }
    return new LinearModel(this.classes, this.buckets, this.idf, weights, biases);
  }

  private matrixOf(rows: CountedText[]): Rows {
    const { index, idf } = this;
    const starts = new Int32Array(rows.length + 1);
    const total = rows.reduce((sum, { buckets }) => sum + buckets.length, 0);
    const features = new Int32Array(total);
    const values = new Float32Array(total);
    let at = 0;
    for (let i = 0; i < rows.length; i++) {
      const { buckets, counts } = rows[i];
      // Buckets are in ascending order, so the block of words comes first.
      let from = at;
      let square = 0;
      for (let k = 0; k < buckets.length; k++) {
        if (k > 0 && blockOf(buckets[k]) !== blockOf(buckets[k - 1])) {
          scale(values, from, at, square);
          from = at;
          square = 0;
        }
        const feature = index.find(buckets[k]);
        if (feature < 0) continue;
        const value = sublinear(counts[k]) * idf[feature];
        features[at] = feature;
        values[at++] = value;
        square += value * value;
      }
      scale(values, from, at, square);
      starts[i + 1] = at;
    }
    return { starts, features: features.subarray(0, at), values: values.subarray(0, at) };
  }
}

/**
 * Finds the feature of a bucket: one bit for each bucket and, for each word of bits, the number of features before it.
 * Both fit into the processor's cache, which a number for each bucket would not.
 */
class BucketIndex {
  private readonly bits = new Int32Array(hashBuckets / 32);
  private readonly before = new Int32Array(hashBuckets / 32);

  /** `buckets` are in ascending order. */
  constructor(buckets: Int32Array) {
    for (let i = buckets.length - 1; i >= 0; i--) {
      this.bits[buckets[i] >> 5] |= 1 << buckets[i];
      this.before[buckets[i] >> 5] = i;
    }
  }

  /** The position of `bucket` among the buckets, or -1. */
  find(bucket: number): number {
    const bits = this.bits[bucket >> 5];
    const bit = 1 << bucket;
    return (bits & bit) === 0 ? -1 : this.before[bucket >> 5] + setBits(bits & (bit - 1));
  }
}

function setBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const quads = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((quads + (quads >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function joined(first: Rows, second: Rows): Rows {
  const at = first.features.length;
  const starts = new Int32Array(first.starts.length + second.starts.length - 1);
  starts.set(first.starts);
  starts.set(
    second.starts.map((start) => start + at),
    first.starts.length - 1,
  );
  const features = new Int32Array(at + second.features.length);
  features.set(first.features);
  features.set(second.features, at);
  const values = new Float32Array(features.length);
  values.set(first.values);
  values.set(second.values, at);
  return { starts, features, values };
}

const logarithms = Float64Array.from({ length: 64 }, (_, count) => 1 + Math.log(count));

/** 1 + ln count */
function sublinear(count: number): number {
  return count < logarithms.length ? logarithms[count] : 1 + Math.log(count);
}

/** Divides [from, to) by the square root of `square`, the sum of their squares. */
function scale(values: Float32Array, from: number, to: number, square: number): void {
  const length = Math.sqrt(square);
  for (let k = from; k < to; k++) values[k] /= length;
}

function isSpace(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || /\s/.test(text[at]);
}

/** The number of texts with each bucket. Counting loops run over millions of numbers, so they use plain indices. */
function textsWithEach(rows: CountedText[]): Int32Array {
  const documents = new Int32Array(hashBuckets);
  for (const { buckets } of rows) for (let k = 0; k < buckets.length; k++) documents[buckets[k]]++;
  return documents;
}

/** The occurring buckets in ascending order; if there are more than `limit`, those in the most texts. */
function frequentBuckets(documents: Int32Array, limit: number): Int32Array {
  const all = new Int32Array(documents.length);
  let count = 0;
  for (let bucket = 0; bucket < documents.length; bucket++) if (documents[bucket] > 0) all[count++] = bucket;
  const seen = all.slice(0, count);
  return count <= limit
    ? seen
    : seen
        .sort((a, b) => documents[b] - documents[a] || a - b)
        .slice(0, limit)
        .sort();
}

const mostPasses = 200;
/** Largest violation of the optimality conditions at which the solution is good enough (liblinear's 0.1). */
const tolerance = 0.1;

interface Machine {
  c: number;
  balanced: boolean;
  random: Random;
  weights: Float32Array;
  bias: number;
}

/**
 * Trains one machine from its weights, its bias and the dual variables `alpha` that they belong to, all of which change;
 * returns the new bias. `signs[i]` is 1 or -1.
 */
function separate(
  { starts, features, values }: Rows,
  signs: Int8Array,
  alpha: Float64Array,
  { c, balanced, random, weights, bias }: Machine,
): number {
  const count = signs.length;
  const positives = signs.reduce((sum, sign) => sum + (sign > 0 ? 1 : 0), 0);
  const costs = [count - positives, positives].map((side) => (balanced ? (c * count) / (2 * Math.max(1, side)) : c));
  const squares = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    squares[i] = 1 + 1 / (2 * costs[signs[i] > 0 ? 1 : 0]);
    for (let k = starts[i]; k < starts[i + 1]; k++) squares[i] += values[k] * values[k];
  }
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let pass = 0; pass < mostPasses; pass++) {
    random.shuffle(order);
    let violation = 0;
    for (const i of order) {
      const sign = signs[i];
      let sum = bias;
      for (let k = starts[i]; k < starts[i + 1]; k++) sum += weights[features[k]] * values[k];
      const gradient = sign * sum - 1 + alpha[i] / (2 * costs[sign > 0 ? 1 : 0]);
      if (alpha[i] === 0 && gradient >= 0) continue;
      violation = Math.max(violation, Math.abs(gradient));
      const before = alpha[i];
      alpha[i] = Math.max(0, before - gradient / squares[i]);
      const change = (alpha[i] - before) * sign;
      bias += change;
      for (let k = starts[i]; k < starts[i + 1]; k++) weights[features[k]] += change * values[k];
    }
    if (violation < tolerance) break;
  }
  return bias;
}
