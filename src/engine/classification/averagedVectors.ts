/**
 * Texts as the mean of their words' vectors, for the baseline that knows what words mean but neither which they are nor
 * their order.
 */
import type { SparseCounts } from './bagOfWords';
import type { Token } from './tokens';
import type { WordVectors } from './wordVectors';

/** The mean vector of each text, all `vectors.dimensions` numbers of it; zeros for a text without words. */
export function averagedVectors(texts: readonly Token[][], vectors: WordVectors): SparseCounts[] {
  const { dimensions } = vectors;
  const ids = Int32Array.from({ length: dimensions }, (_, d) => d);
  const known = new Map<string, Float32Array>();
  return texts.map((tokens) => {
    const words = tokens.filter(({ kind }) => kind === 'word').map(({ text }) => text.toLowerCase());
    const mean = new Float64Array(dimensions);
    for (const word of words) {
      let vector = known.get(word);
      if (!vector) known.set(word, (vector = vectors.vector(word)));
      for (let d = 0; d < dimensions; d++) mean[d] += vector[d] / words.length;
    }
    return { ids, counts: mean };
  });
}
