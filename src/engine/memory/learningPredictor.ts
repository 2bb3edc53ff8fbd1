/**
 * A network whose memory learns from a text while it is written: the memory counts each token, and the weights of the
 * mixture adapt to it. Each token is predicted first and then learned.
 */
import type { Predictor } from '../generation/predictor';
import { noToken } from '../backends/backend';
import { placeNumbers } from './contexts';
import { Layer, type Memory } from './memory';
import { memoryPredictor } from './memoryPredictor';
import { Mixture, type MixtureTables } from './mixture';

interface LearningPredictor extends Predictor {
  /** Learns the next tokens of the text that is being written. `noToken` marks tokens without an id. */
  learn(tokens: Uint16Array): void;
  /** What has been learned so far, over the memory from before the text. */
  readonly memory: Memory;
  readonly mixture: Mixture;
}

/**
 * `network` predicts alone; `memory`, `tables` and `layer`, into which the text is learned, are what is known before the
 * text begins.
 */
export function learningPredictor(
  network: Predictor,
  memory: Memory,
  tables: MixtureTables,
  layer = new Layer(),
): LearningPredictor {
  const { classes } = network;
  const own = memory.under([layer]);
  const mixture = new Mixture(classes, tables);
  const place = new Float32Array(placeNumbers);
  own.contexts.start(place, 0);
  const context = network.start();
  const logits = new Float32Array(classes);
  const mixed = new Float32Array(classes);
  let begun = false;

  return {
    ...memoryPredictor(network, own, mixture),
    memory: own,
    mixture,
    learn: (tokens) => {
      for (const token of tokens) {
        if (begun && token !== noToken) {
          own.predict(place, 0);
          mixed.set(logits);
          mixture.mix(mixed, 0, own);
          mixture.learn(token);
        }
        if (token !== noToken) own.learn(layer, place, token);
        own.contexts.advance(place, 0, token);
        network.step(Uint16Array.of(token), context, logits);
        begun = true;
      }
    },
  };
}
