/** Phases 3 to 5: the gradient's norm, the update of the parameters, and the transposes that the backward pass reads. */
import type { Update } from '../backend';
import type { ThreadPart } from './job';
import { chunkBytes, type Layout } from './layout';

/**
 * Phase 3: the sums of squares of the gradient, one per chunk, of elements clipped to [-limit, limit] (0: not clipped).
 */
export function sumSquares(part: ThreadPart, limit: number): void {
  const { k, layout } = part;
  const sums = partialSums(part);
  forChunks(part, (offset, bytes, chunk) => {
    sums[chunk] = k.sumOfSquares(layout.gradients + offset, bytes, limit);
  });
}

/** After phase 3: the sum over all chunks, in order. */
export function sumOfChunks(part: ThreadPart): number {
  return partialSums(part).reduce((sum, x) => sum + x, 0);
}

function partialSums({ memory, layout }: ThreadPart): Float64Array {
  return new Float64Array(memory.buffer, layout.partialSums, chunksOf(layout));
}

/** Phase 4: update number `updates`, from 1. `scale` multiplies the gradient after its elements were clipped. */
export function updateParameters(part: ThreadPart, update: Update, updates: number, scale: number): void {
  const { k, layout } = part;
  const { learningRate, weightDecay, beta1, beta2, rho, epsilon, clipValue } = update;
  const [s0, s1] = layout.slots;
  const [mScale, vScale] = [1 / (1 - beta1 ** updates), 1 / (1 - beta2 ** updates)];
  forChunks(part, (offset, bytes) => {
    const [w, g] = [layout.trainable + offset, layout.gradients + offset];
    const [m, v] = [s0 + offset, s1 + offset];
    if (weightDecay > 0) k.decay(w, bytes, 1 - learningRate * weightDecay);
    switch (update.kind) {
      case 'sgd':
        return k.sgd(w, g, bytes, learningRate, clipValue, scale);
      case 'rmsprop':
        return k.rmsprop(w, g, m, bytes, learningRate, rho, epsilon, clipValue, scale);
      case 'adam':
        return k.adam(w, g, m, v, bytes, learningRate, beta1, beta2, epsilon, mScale, vScale, clipValue, scale);
    }
  });
}

/** Phase 5: this thread's panels of every transpose. */
export function transposeWeights(part: ThreadPart): void {
  const { k, layout } = part;
  const places = layout.layers.flatMap(({ directions }) => directions.flatMap((d) => [d.input, d.recurrent]));
  for (const place of [...places, layout.output]) {
    if (!place.transposed) continue;
    const [begin, end] = part.share(place.rows / 16);
    k.transpose(place.transposed, place.weights, place.rows / 16, place.panels, begin, end);
  }
}

/** This thread's chunks of the trainable block. */
function forChunks(part: ThreadPart, visit: (offset: number, bytes: number, chunk: number) => void): void {
  const { trainableBytes } = part.layout;
  const [begin, end] = part.share(chunksOf(part.layout));
  for (let chunk = begin; chunk < end; chunk++) {
    const offset = chunk * chunkBytes;
    visit(offset, Math.min(chunkBytes, trainableBytes - offset), chunk);
  }
}

function chunksOf({ trainableBytes }: Layout): number {
  return Math.ceil(trainableBytes / chunkBytes);
}
