/**
 * Draws a token from logits.
 *
 *   q_i = exp(ln p_i / T) / Σ_j exp(ln p_j / T)
 *
 * Then follow, each applied to what the previous one left: top-k (the k most likely tokens), top-p (the fewest most
 * likely ones that together reach p; Holtzman et al. 2020) and min-p (those whose probability is at least this share of
 * the highest; Nguyen et al. 2024). Temperature comes before them, as in Hugging Face's transformers. Before all of
 * them, the repetition penalty θ of CTRL (Keskar et al. 2019) is applied to the last tokens, on log-probabilities:
 * ln p → θ ln p, which, unlike dividing logits, does not depend on their zero point. T = 0 is the limit: the most likely
 * token (ties: the lowest id).
 */
import { InklingError } from '../../common/errors';
import type { SamplingOptions } from '../../common/engineProtocol';
import { Random } from '../random';
import { exponential } from './exponential';

/** The number of last tokens to which the repetition penalty applies. */
export const repetitionWindow = 64;

/** Separates the random numbers of sampling from those of initialisation and shuffling with the same seed. */
const samplingStream = 0x73616d70;

/** Throws `invalidInput` for options outside their range. */
export function checkSamplingOptions(options: SamplingOptions): void {
  const fail = (message: string): never => {
    throw new InklingError('invalidInput', message);
  };
  const { temperature, topK, topP, minP, repetitionPenalty, length, seed, stop, mustContain } = options;
  if (!(temperature >= 0 && temperature < Infinity)) fail(`The temperature must be 0 or more, not ${temperature}.`);
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
    fail(`Top-k must be a whole number, 1 or more, not ${topK}.`);
  if (topP !== undefined && !(topP > 0 && topP <= 1)) fail(`Top-p must be above 0 and at most 1, not ${topP}.`);
  if (minP !== undefined && !(minP >= 0 && minP <= 1)) fail(`Min-p must be from 0 to 1, not ${minP}.`);
  if (repetitionPenalty !== undefined && !(repetitionPenalty >= 1 && repetitionPenalty <= 100))
    fail(`The repetition penalty must be from 1 (none) to 100, not ${repetitionPenalty}.`);
  if (!(Number.isInteger(length) && length >= 0)) fail(`The length must be a whole number of tokens, not ${length}.`);
  if (!Number.isInteger(seed)) fail(`The seed must be a whole number, not ${seed}.`);
  if (stop?.some((text) => text === '')) fail('A stop string must have at least one character.');
  if (mustContain?.some((word) => word.trim() === '')) fail('A word to include must have at least one letter.');
}

/**
 * The sampler of one stream: its options, its random numbers, its last tokens, and scratch space, so that drawing
 * allocates nothing.
 */
export class TokenSampler {
  private readonly random: Random;
  /** After `distribution`: unnormalised q, [V], zero for excluded tokens. */
  private readonly weights: Float64Array;
  private readonly order: Int32Array;
  private readonly recent = new Int32Array(repetitionWindow);
  private readonly penalised: Int32Array;
  private readonly silent: number[];
  private observed = 0;
  private draws = 0;
  private favoured: readonly number[] = [];
  private bonus = 0;

  /** `silent` ids are never drawn. Throws `invalidInput` for options outside their range. */
  constructor(
    private readonly classes: number,
    private readonly options: SamplingOptions,
    silent: readonly number[] = [],
  ) {
    checkSamplingOptions(options);
    this.silent = [...silent];
    this.random = new Random(options.seed, samplingStream);
    this.weights = new Float64Array(classes);
    this.order = new Int32Array(classes);
    this.penalised = new Int32Array(classes).fill(-1);
  }

  /** Adds a token of the text for the repetition penalty. An id outside the vocabulary is ignored. */
  observe(token: number): void {
    if (token >= 0 && token < this.classes) this.recent[this.observed++ % repetitionWindow] = token;
  }

  /** From now on, these tokens are drawn as if their logits were greater by `bonus` nats. */
  favour(tokens: readonly number[], bonus: number): void {
    this.favoured = bonus === 0 ? [] : tokens;
    this.bonus = bonus;
  }

  /**
   * Draws a token from the row of V logits at `offset`. If it is not allowed, draws again without it, and so on; if no
   * token is allowed, returns the first one. Throws `corruptModel` if the logits are not finite.
   */
  next(logits: Float32Array, offset = 0, isAllowed = (_token: number): boolean => true): number {
    const { silent, classes } = this;
    const always = silent.length;
    const first = this.pick(logits, offset);
    let token = first;
    while (!isAllowed(token) && silent.length < classes - 1) {
      silent.push(token);
      token = this.pick(logits, offset);
    }
    if (!isAllowed(token)) token = first;
    silent.length = always;
    this.observe(token);
    return token;
  }

  private pick(logits: Float32Array, offset: number): number {
    return this.options.temperature === 0 ? this.mostLikely(logits, offset) : this.draw(logits, offset);
  }

  /** The probabilities q, [V], from which `next` would draw; at temperature 0, one token has all of it. */
  distribution(logits: Float32Array): Float64Array {
    if (this.options.temperature === 0) {
      const best = this.mostLikely(logits, 0);
      return this.weights.map((_, id) => (id === best ? 1 : 0));
    }
    const total = this.weigh(logits, 0);
    return this.weights.map((weight) => weight / total);
  }

  private mostLikely(logits: Float32Array, offset: number): number {
    this.logProbabilities(logits, offset);
    const { weights } = this;
    let best = 0;
    for (let i = 1; i < weights.length; i++) if (weights[i] > weights[best]) best = i;
    return best;
  }

  private draw(logits: Float32Array, offset: number): number {
    let rest = this.random.uniform() * this.weigh(logits, offset);
    const { weights } = this;
    let last = 0;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 0) continue;
      last = i;
      rest -= weights[i];
      if (rest < 0) return i;
    }
    // Rounding can leave a small remainder after the last token.
    return last;
  }

  /** Fills `weights` with ln p (up to a constant without a penalty); returns the largest. */
  private logProbabilities(logits: Float32Array, offset: number): number {
    const { weights, classes } = this;
    for (let i = 0; i < classes; i++) weights[i] = logits[offset + i];
    for (const id of this.silent) weights[id] = -Infinity;
    let max = -Infinity;
    let sum = 0;
    for (let i = 0; i < classes; i++) {
      // A NaN makes the sum NaN; minus infinity is a valid logit and adds nothing.
      if (weights[i] !== -Infinity) sum += weights[i];
      if (weights[i] > max) max = weights[i];
    }
    if (!Number.isFinite(sum) || max === -Infinity) throw diverged();
    for (const id of this.favoured) max = Math.max(max, (weights[id] += this.bonus));
    const penalty = this.options.repetitionPenalty ?? 1;
    return penalty === 1 ? max : this.penalise(max, penalty);
  }

  private penalise(max: number, penalty: number): number {
    const { weights, classes, penalised } = this;
    const logSum = max + Math.log(weights.reduce((sum, weight) => sum + exponential(weight - max), 0));
    for (let i = 0; i < classes; i++) weights[i] -= logSum;
    this.draws++;
    for (let i = Math.min(this.observed, repetitionWindow) - 1; i >= 0; i--) {
      const token = this.recent[i];
      if (penalised[token] === this.draws) continue;
      penalised[token] = this.draws;
      weights[token] *= penalty;
    }
    let largest = -Infinity;
    for (let i = 0; i < classes; i++) if (weights[i] > largest) largest = weights[i];
    return largest;
  }

  /** Fills `weights` with unnormalised q; returns their sum. */
  private weigh(logits: Float32Array, offset: number): number {
    const max = this.logProbabilities(logits, offset);
    const { weights, classes } = this;
    const { temperature, topK = classes, topP = 1, minP = 0 } = this.options;
    let total = 0;
    for (let i = 0; i < classes; i++) total += weights[i] = exponential((weights[i] - max) / temperature);
    if (topK < classes || topP < 1) total = this.truncate(Math.min(topK, classes), topP, total);
    if (minP > 0) {
      // The most likely token weighs exactly 1.
      total = 0;
      for (let i = 0; i < classes; i++) {
        if (weights[i] < minP) weights[i] = 0;
        else total += weights[i];
      }
    }
    return total;
  }

  /**
   * Top-k, then top-p. Returns the sum of the weights that are kept. A heap on `order` yields the tokens from the most
   * likely down (ties: the lowest id first). Only those that are kept are taken out, so a large vocabulary is never
   * sorted.
   */
  private truncate(topK: number, topP: number, total: number): number {
    const { weights, order, classes } = this;
    for (let i = 0; i < classes; i++) order[i] = i;
    for (let i = (classes >> 1) - 1; i >= 0; i--) this.sink(i, classes);
    let size = classes;
    const takeOut = (): number => {
      const top = order[0];
      order[0] = order[--size];
      order[size] = top;
      this.sink(0, size);
      return top;
    };
    let kept = total;
    if (topK < classes) {
      // Top-p is a share of what top-k has left.
      kept = 0;
      while (size > classes - topK) kept += weights[takeOut()];
    }
    if (topP < 1) {
      let reached = 0;
      let next = classes;
      while (next > classes - topK && reached < topP * kept) {
        if (next === size) takeOut();
        reached += weights[order[--next]];
      }
      kept = reached;
      size = next;
    }
    for (let i = 0; i < size; i++) weights[order[i]] = 0;
    return kept;
  }

  private sink(at: number, size: number): void {
    const { order, weights } = this;
    const before = (a: number, b: number): boolean => weights[a] > weights[b] || (weights[a] === weights[b] && a < b);
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && before(order[child + 1], order[child])) child++;
      if (!before(order[child], order[at])) return;
      const swap = order[at];
      order[at] = order[child];
      order[child] = swap;
      at = child;
    }
  }
}

function diverged(): InklingError {
  return new InklingError(
    'corruptModel',
    "The model's output is not finite: its training has diverged. Choose an earlier checkpoint or train again.",
  );
}

/** The largest of `classes` logits. Throws `corruptModel` if one of them is not a number, or plus infinity. */
function largestOf(logits: Float32Array, offset: number, classes: number): number {
  let max = -Infinity;
  for (let i = 0; i < classes; i++) max = Math.max(max, logits[offset + i]);
  if (!(max < Infinity)) throw diverged();
  return max;
}

/** Writes the softmax of the V logits at `offset` to `into`, [V], and returns it. Throws as `largestOf`. */
export function softmax(logits: Float32Array, offset: number, into: Float32Array): Float32Array {
  const max = largestOf(logits, offset, into.length);
  let total = 0;
  for (let i = 0; i < into.length; i++) total += into[i] = exponential(logits[offset + i] - max);
  for (let i = 0; i < into.length; i++) into[i] /= total;
  return into;
}

/** The model's own probability (T = 1) of `token`, given the V logits at `offset`. Throws as `largestOf`. */
export function probabilityOf(token: number, logits: Float32Array, offset: number, classes: number): number {
  const max = largestOf(logits, offset, classes);
  let total = 0;
  for (let i = 0; i < classes; i++) total += exponential(logits[offset + i] - max);
  return exponential(logits[offset + token] - max) / total;
}
