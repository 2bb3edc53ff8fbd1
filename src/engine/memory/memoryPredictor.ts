/**
 * A network with a memory, advanced token by token like a network alone; it predicts with the mixture of both. A
 * context consists of the network's context, the stream's place (`contexts.ts`), and the number of tokens in a row that
 * were just copied from a text in the memory.
 */
import type { Predictor } from '../generation/predictor';
import { placeNumbers } from './contexts';
import { logarithm } from './logarithm';
import type { Memory } from './memory';
import type { Mixture } from './mixture';

export interface MemoryPredictorOptions {
  /**
   * Whether to trust the memory less and less while a text repeats what is in it. For text that should be new; what is
   * scored or suggested keeps its true probability.
   */
  avoidsCopying?: boolean;
}

/** How many numbers follow the network's part of a context. */
const ownNumbers = placeNumbers + 1;

/** Up to this many copied tokens in a row are nothing unusual; after that, the memory is trusted less. */
const harmlessRun = 12;
/** From this many on, the memory is not trusted at all. */
const longestRun = 24;

/** Both together. Logits of the result are ln p of the mixture. */
export function memoryPredictor(
  network: Predictor,
  memory: Memory,
  mixture: Mixture,
  { avoidsCopying = false }: MemoryPredictorOptions = {},
): Predictor {
  const { classes } = network;
  const size = network.contextSize;
  const contextSize = size + ownNumbers;
  let inner = new Float32Array(0);

  return {
    classes,
    contextSize,
    reach: network.reach,
    start: () => {
      const context = new Float32Array(contextSize);
      context.set(network.start());
      memory.contexts.start(context, size);
      return context;
    },
    step: (tokens, contexts, logits) => {
      const streams = tokens.length;
      if (inner.length !== streams * size) inner = new Float32Array(streams * size);
      for (let s = 0; s < streams; s++) {
        inner.set(contexts.subarray(s * contextSize, s * contextSize + size), s * size);
      }
      network.step(tokens, inner, logits);
      for (let s = 0; s < streams; s++) {
        contexts.set(inner.subarray(s * size, (s + 1) * size), s * contextSize);
        const place = s * contextSize + size;
        const run = place + placeNumbers;
        if (avoidsCopying) contexts[run] = memory.isCopy(contexts, place, tokens[s]) ? contexts[run] + 1 : 0;
        memory.contexts.advance(contexts, place, tokens[s]);
        memory.predict(contexts, place);
        mixture.mix(logits, s * classes, memory, trustAfter(contexts[run]));
      }
    },
  };
}

function trustAfter(run: number): number {
  return Math.min(1, Math.max(0, (longestRun - run) / (longestRun - harmlessRun)));
}

/** The memory alone, without a network: it predicts by words. */
export function predictorOfMemory(memory: Memory): Predictor {
  const { classes, contexts: places } = memory;
  return {
    classes,
    contextSize: placeNumbers,
    reach: Infinity,
    start: () => {
      const context = new Float32Array(placeNumbers);
      places.start(context, 0);
      return context;
    },
    step: (tokens, contexts, logits) => {
      for (let s = 0; s < tokens.length; s++) {
        places.advance(contexts, s * placeNumbers, tokens[s]);
        memory.predict(contexts, s * placeNumbers);
        for (let i = 0; i < classes; i++) logits[s * classes + i] = logarithm(memory.words[i]);
      }
    },
  };
}
