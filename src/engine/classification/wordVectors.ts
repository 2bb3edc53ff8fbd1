/**
 * Word vectors in which no word is unknown. A listed word has its own vector; any other word gets the mean of the
 * vectors of its character n-grams, hashed into buckets (Bojanowski et al. 2017). For vectors published without n-grams
 * the buckets are fitted so that this mean comes close to the listed words' vectors (bag of substrings: Zhao, Mudgal
 * and Liang 2018).
 *
 * Words are in lower case; D dimensions, N words, K buckets.
 */
import { Random } from '../random';

const shortest = 3;
const longest = 5;

export class WordVectors {
  private readonly index: Map<string, number>;

  constructor(
    readonly dimensions: number,
    readonly words: string[],
    /** [N, D] */
    readonly rows: Float32Array,
    /** [K, D] */
    readonly buckets: Float32Array,
  ) {
    this.index = new Map(words.map((word, i) => [word, i]));
  }

  /** Listed vectors, with buckets fitted to them. */
  static withFittedBuckets(dimensions: number, words: string[], rows: Float32Array, bucketCount: number): WordVectors {
    return new WordVectors(dimensions, words, rows, fitBuckets(dimensions, words, rows, bucketCount));
  }

  /** No listed words and random buckets: similarly spelled words are similar, and training does the rest. */
  static hashed(dimensions: number, bucketCount: number, seed: number): WordVectors {
    const random = new Random(seed, 21);
    // The mean of m n-grams has 1/m of their variance; words have about nine.
    const buckets = Float32Array.from({ length: bucketCount * dimensions }, () => random.normal() * 1.5);
    return new WordVectors(dimensions, [], new Float32Array(0), buckets);
  }

  get bucketCount(): number {
    return this.buckets.length / this.dimensions;
  }

  has(word: string): boolean {
    return this.index.has(word);
  }

  /** The vector of a lower-case word, [D], as a new array. */
  vector(word: string): Float32Array {
    const row = this.index.get(word);
    const { dimensions } = this;
    if (row !== undefined) return this.rows.slice(row * dimensions, (row + 1) * dimensions);
    const sum = new Float32Array(dimensions);
    const grams = subwordBuckets(word, this.bucketCount);
    for (const gram of grams) {
      for (let d = 0; d < dimensions; d++) sum[d] += this.buckets[gram * dimensions + d] / grams.length;
    }
    return sum;
  }
}

/** The buckets of a word's n-grams of 3 to 5 characters, its beginning marked `<` and its end `>`; never empty. */
export function subwordBuckets(word: string, bucketCount: number): number[] {
  const characters = [...`<${word}>`];
  const buckets: number[] = [];
  for (let n = shortest; n <= longest; n++) {
    for (let i = 0; i + n <= characters.length; i++)
      buckets.push(hash(characters.slice(i, i + n).join('')) % bucketCount);
  }
  if (buckets.length === 0) buckets.push(hash(characters.join('')) % bucketCount);
  return buckets;
}

/** FNV-1a over UTF-16 units, finished with a shift that mixes the low bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Least squares by passes over the words: each n-gram of a word moves by a share of the word's remaining error. */
function fitBuckets(dimensions: number, words: string[], rows: Float32Array, bucketCount: number): Float32Array {
  const buckets = new Float32Array(bucketCount * dimensions);
  const gramsOf = words.map((word) => subwordBuckets(word, bucketCount));
  const error = new Float32Array(dimensions);
  const passes = 8;
  for (let pass = 0; pass < passes; pass++) {
    const rate = 0.5 * (1 - pass / passes);
    gramsOf.forEach((grams, w) => {
      const row = w * dimensions;
      for (let d = 0; d < dimensions; d++) error[d] = rows[row + d];
      for (const gram of grams) {
        for (let d = 0; d < dimensions; d++) error[d] -= buckets[gram * dimensions + d] / grams.length;
      }
      for (const gram of grams) {
        for (let d = 0; d < dimensions; d++) buckets[gram * dimensions + d] += rate * error[d];
      }
    });
  }
  return buckets;
}
