/**
 * An exact search for every continuation that is likely enough.
 *
 * A path is a sequence of tokens that may come next; its probability is the product of theirs. It can only become less
 * likely as it grows, so it is pruned once it is less likely than its end has to be. The probabilities of all paths of
 * one length add up to at most 1, so at most 1/threshold of them are followed at once, and these advance as one batch.
 */
import type { Predictor } from '../generation/predictor';
import { softmax } from '../generation/sampler';
import { TimeSlice } from '../timeSlice';

/** The purpose of a search: which paths are worth following. S is the data kept for a path. */
export interface Exploration<S> {
  /**
   * Examines a path of this probability. `next`: the probabilities of the token after it, [V]. Returns the minimum
   * probability of longer paths that are worth following; Infinity if none is.
   */
  visit(path: S, probability: number, next: Float32Array): number;
  /** The path with one more token; undefined if it is not worth following. */
  extend(path: S, token: number, probability: number): S | undefined;
}

export interface SearchStart {
  /** [contextSize]; not changed. */
  context: Float32Array;
  /** The probabilities of the next token, [V]; not changed. */
  probabilities: Float32Array;
}

/**
 * Follows all paths of at most `length` tokens from `start`. Returns the number of steps run, one per batch. Throws
 * `cancelled`.
 */
export async function explore<S>(
  predictor: Predictor,
  start: SearchStart,
  root: S,
  exploration: Exploration<S>,
  length: number,
  signal?: AbortSignal,
): Promise<number> {
  const { classes, contextSize: size } = predictor;
  const slice = new TimeSlice(signal);
  let paths: { state: S; probability: number }[] = [{ state: root, probability: 1 }];
  let contexts = start.context;
  let next = start.probabilities;
  for (let steps = 0; ; steps++) {
    const longer: { state: S; probability: number; token: number; row: number }[] = [];
    paths.forEach(({ state, probability }, row) => {
      const own = next.subarray(row * classes, (row + 1) * classes);
      const least = exploration.visit(state, probability, own);
      if (least === Infinity) return;
      for (let token = 0; token < classes; token++) {
        const reached = probability * own[token];
        if (reached < least || reached === 0) continue;
        const extended = exploration.extend(state, token, reached);
        if (extended !== undefined) longer.push({ state: extended, probability: reached, token, row });
      }
    });
    if (longer.length === 0 || steps === length) return steps;
    const forked = new Float32Array(longer.length * size);
    longer.forEach(({ row }, i) => forked.set(contexts.subarray(row * size, (row + 1) * size), i * size));
    next = new Float32Array(longer.length * classes);
    predictor.step(
      Uint16Array.from(longer, ({ token }) => token),
      forked,
      next,
    );
    for (let row = 0; row < longer.length; row++)
      softmax(next, row * classes, next.subarray(row * classes, (row + 1) * classes));
    contexts = forked;
    paths = longer;
    if (slice.isOver) await slice.renew();
  }
}
