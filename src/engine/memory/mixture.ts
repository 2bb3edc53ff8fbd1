/**
 * The network's distribution G mixed with the memory's, by letters L and by words W: the mean of two mixtures,
 *
 *   p = ½ (v_G G + v_L L + v_W W) + ½ G^a L^b W^c / Z
 *
 * The weights v (a softmax of three numbers) and the exponents a, b, c are sums of entries from three small tables: one
 * indexed by how much the memory found and how uncertain the network is, one by the kinds of the last two tokens, one
 * by how certain each part is. They are fitted by following the gradient of -ln p of each of the two mixtures, on text
 * that no part has learned: each token is first scored, then learned from.
 */
import { exponential } from '../generation/exponential';
import { letterOrders, tokenKinds, wordOrders } from './contexts';
import { logarithm } from './logarithm';
import type { Memory } from './memory';

/** The parts of the mixture: network, letters, words. */
const parts = 3;
/** The upper bounds of the network's entropy, in nats, for each bin but the last. */
const entropyBounds = [0.15, 0.5, 1, 1.6, 2.3];
const entropyBins = entropyBounds.length + 1;

const knowledgeCells = (letterOrders + 1) * (wordOrders + 1) * entropyBins;
const kindCells = tokenKinds * tokenKinds;
/** The upper bounds of the highest probability that a part of the memory gives any token, for each bin but the last. */
const sureBounds = [0.4, 0.7, 0.9, 0.98];
const sureBins = sureBounds.length + 1;
const sureCells = sureBins * sureBins * entropyBins;
/** The number of entries of a table of exponents, and of one of weights. */
export const tableNumbers = parts * (knowledgeCells + kindCells + sureCells);

/** The initial step sizes along the gradient; they shrink as more is learned, down to a fraction of this. */
const exponentRate = 0.01;
const weightRate = 0.15;
const tokensToHalf = 3000;
const smallestShare = 0.02;

export interface MixtureTables {
  /** [tableNumbers] */
  exponents: Float32Array;
  weights: Float32Array;
  /** The number of tokens from which they have learned. */
  learned: number;
}

/** Before anything has been learned: mostly the network. */
export function firstTables(): MixtureTables {
  const exponents = new Float32Array(tableNumbers);
  const weights = new Float32Array(tableNumbers);
  for (let cell = 0; cell < knowledgeCells; cell++) {
    exponents.set([0.6, 0.2, 0.2], parts * cell);
    weights.set([1, 0, 0], parts * cell);
  }
  return { exponents, weights, learned: 0 };
}

/** Tables that were fitted beside one network, for use beside another one, to which they first have to adapt. */
export function adaptable(tables: MixtureTables): MixtureTables {
  return { ...tables, learned: Math.min(tables.learned, tokensToHalf) };
}

export class Mixture {
  private readonly exponents: Average;
  private readonly weights: Average;
  // The last `mix`.
  /** ln p of each part, [V]. */
  private readonly network: Float64Array;
  private readonly letters: Float64Array;
  private readonly words: Float64Array;
  /** p of the network and of the geometric mixture, [V]. */
  private readonly networkShare: Float64Array;
  private readonly geometric: Float64Array;
  /** Where the entries of each small table begin. */
  private readonly cells = new Uint32Array(3);
  private readonly exponent = new Float64Array(parts);
  private readonly weight = new Float64Array(parts);
  /** The number of tokens learned from. */
  private learnedInAll: number;
  /** The same since the last `beginMean`. */
  private learned = 0;

  constructor(
    private readonly classes: number,
    tables: MixtureTables,
  ) {
    this.learnedInAll = tables.learned;
    this.exponents = new Average(tables.exponents);
    this.weights = new Average(tables.weights);
    this.network = new Float64Array(classes);
    this.letters = new Float64Array(classes);
    this.words = new Float64Array(classes);
    this.networkShare = new Float64Array(classes);
    this.geometric = new Float64Array(classes);
  }

  /**
   * The means of the tables over everything learned since the last `beginMean`: steadier than the latest values, which
   * follow the current passage.
   */
  tables(): MixtureTables {
    const { learned, learnedInAll } = this;
    return { exponents: this.exponents.mean(learned), weights: this.weights.mean(learned), learned: learnedInAll };
  }

  beginMean(): void {
    this.learned = 0;
    this.exponents.begin();
    this.weights.begin();
  }

  /**
   * Replaces a network's logits, [V] at `logits[at…]`, by ln p of their mixture with the memory's last prediction.
   * `trust` in the memory goes from 1 down to 0; at 0 the network predicts alone, as it does if the memory knows
   * nothing.
   */
  mix(logits: Float32Array, at: number, memory: Memory, trust = 1): void {
    const { classes, network, networkShare, letters, words, geometric, exponent, weight } = this;
    const bin = binOf(this.readNetwork(logits, at), entropyBounds);
    this.cells[0] = parts * ((memory.foundLetters * (wordOrders + 1) + memory.foundWords) * entropyBins + bin);
    this.cells[1] = parts * (knowledgeCells + memory.kinds);
    const sure = sureBins * binOf(largest(memory.letters), sureBounds) + binOf(largest(memory.words), sureBounds);
    this.cells[2] = parts * (knowledgeCells + kindCells + sure * entropyBins + bin);
    this.readTables(memory.knowsNothing ? 0 : trust);
    const [a, b, c] = [exponent[0], exponent[1], exponent[2]];
    let most = -Infinity;
    for (let i = 0; i < classes; i++) {
      const letter = logarithm(memory.letters[i]);
      const word = logarithm(memory.words[i]);
      const sum = a * network[i] + b * letter + c * word;
      letters[i] = letter;
      words[i] = word;
      geometric[i] = sum;
      if (sum > most) most = sum;
    }
    let sum = 0;
    for (let i = 0; i < classes; i++) {
      const share = exponential(geometric[i] - most);
      geometric[i] = share;
      sum += share;
    }
    const [v, w, x] = [weight[0], weight[1], weight[2]];
    const part = 1 / sum;
    for (let i = 0; i < classes; i++) {
      const share = geometric[i] * part;
      geometric[i] = share;
      const linear = v * networkShare[i] + w * memory.letters[i] + x * memory.words[i];
      logits[at + i] = logarithm((linear + share) / 2);
    }
  }

  /** ln of the probability that the network alone gave a token at the last `mix`. */
  networkLog(token: number): number {
    return this.network[token];
  }

  /** Learns from the token that came after the last `mix`. */
  learn(token: number): void {
    const { classes, network, letters, words, geometric, weight, cells } = this;
    const logs = [network, letters, words];
    const shares = logs.map((log) => exponential(log[token]));
    const linear = shares.reduce((sum, share, part) => sum + weight[part] * share, 0);
    this.learned++;
    this.learnedInAll++;
    const share = Math.max(smallestShare, (1 + (3 * this.learnedInAll) / tokensToHalf) ** -0.5);
    for (let part = 0; part < parts; part++) {
      let expected = 0;
      for (let i = 0; i < classes; i++) expected += geometric[i] * logs[part][i];
      const towards = logs[part][token] - expected;
      const gain = (weight[part] * (shares[part] - linear)) / linear;
      for (let c = 0; c < cells.length; c++) {
        this.exponents.add(cells[c] + part, share * exponentRate * towards, this.learned);
        this.weights.add(cells[c] + part, share * weightRate * gain, this.learned);
      }
    }
  }

  /** Sets the network's p and ln p. Returns its entropy in nats. */
  private readNetwork(logits: Float32Array, at: number): number {
    const { classes, network, networkShare } = this;
    let largest = -Infinity;
    for (let i = 0; i < classes; i++) if (logits[at + i] > largest) largest = logits[at + i];
    let sum = 0;
    let weighed = 0;
    for (let i = 0; i < classes; i++) {
      const logit = logits[at + i] - largest;
      const p = exponential(logit);
      network[i] = logit;
      networkShare[i] = p;
      sum += p;
      weighed += p * logit;
    }
    const logSum = logarithm(sum);
    for (let i = 0; i < classes; i++) {
      network[i] -= logSum;
      networkShare[i] /= sum;
    }
    return logSum - weighed / sum;
  }

  /** Looks up the exponents and weights of the current cells. */
  private readTables(trust: number): void {
    const { exponent, weight, cells } = this;
    const exponents = this.exponents.values;
    const weights = this.weights.values;
    let sum = 0;
    for (let part = 0; part < parts; part++) {
      exponent[part] = exponents[cells[0] + part] + exponents[cells[1] + part] + exponents[cells[2] + part];
      weight[part] = Math.exp(weights[cells[0] + part] + weights[cells[1] + part] + weights[cells[2] + part]);
      sum += weight[part];
    }
    for (let part = 0; part < parts; part++) {
      const networkAlone = part === 0 ? 1 : 0;
      exponent[part] = networkAlone + trust * (exponent[part] - networkAlone);
      weight[part] = networkAlone + trust * (weight[part] / sum - networkAlone);
    }
  }
}

/** Numbers that change now and then, and their means over time. */
class Average {
  readonly values: Float64Array;
  /** For each number, its sum over time until it last changed, and the time of that change. */
  private readonly sums: Float64Array;
  private readonly changed: Float64Array;

  constructor(values: Float32Array) {
    this.values = Float64Array.from(values);
    this.sums = new Float64Array(values.length);
    this.changed = new Float64Array(values.length);
  }

  /** Starts the means here, at time 0. */
  begin(): void {
    this.sums.fill(0);
    this.changed.fill(0);
  }

  /** Adds `change` to a number at time `now`; the new value counts from then on. */
  add(i: number, change: number, now: number): void {
    this.sums[i] += this.values[i] * (now - this.changed[i]);
    this.changed[i] = now;
    this.values[i] += change;
  }

  /** The means over the time from 0 to `now`; at time 0 the numbers themselves. */
  mean(now: number): Float32Array {
    if (now === 0) return Float32Array.from(this.values);
    return Float32Array.from(this.values, (value, i) => (this.sums[i] + value * (now - this.changed[i])) / now);
  }
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

/** The first bin whose upper bound is above `value`. */
function binOf(value: number, bounds: readonly number[]): number {
  let bin = 0;
  while (bin < bounds.length && value >= bounds[bin]) bin++;
  return bin;
}
