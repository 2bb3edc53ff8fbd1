/** A predictor of a few characters with random probabilities, so that all continuations can be enumerated. */
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import type { Predictor } from '../../../../src/engine/generation/predictor';
import { Random } from '../../../../src/engine/random';

export interface TinyPredictor extends Predictor {
  vocabulary: Vocabulary;
  /** The probabilities after a text, [V]. */
  after(text: string): Float64Array;
  /** Batches advanced, and the largest of them. */
  steps: number;
  largestBatch: number;
}

/** Its context is the last two tokens. A larger `sharpness` makes it surer. */
export function tinyPredictor(characters: string, seed: number, sharpness = 2): TinyPredictor {
  const vocabulary = Vocabulary.build('character', [characters]);
  const classes = vocabulary.size;
  const random = new Random(seed);
  const table = Array.from({ length: (classes + 1) ** 2 }, () =>
    Float32Array.from({ length: classes }, () => sharpness * random.normal()),
  );
  const rowOf = (context: ArrayLike<number>): Float32Array => table[context[0] * (classes + 1) + context[1]];
  const predictor: TinyPredictor = {
    vocabulary,
    classes,
    contextSize: 2,
    reach: Infinity,
    steps: 0,
    largestBatch: 0,
    start: () => new Float32Array(2),
    step(tokens, contexts, logits) {
      predictor.steps++;
      predictor.largestBatch = Math.max(predictor.largestBatch, tokens.length);
      tokens.forEach((token, row) => {
        contexts[2 * row] = contexts[2 * row + 1];
        contexts[2 * row + 1] = token + 1;
        logits.set(rowOf(contexts.subarray(2 * row, 2 * row + 2)), row * classes);
      });
    },
    after(text) {
      const ids = [0, 0, ...Array.from(vocabulary.encode(text), (id) => id + 1)].slice(-2);
      const weights = Float64Array.from(rowOf(ids), Math.exp);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.map((weight) => weight / total);
    },
  };
  return predictor;
}
