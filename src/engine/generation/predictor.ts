/**
 * A network that is advanced token by token, whatever its objective was: for samples, offers and the surprise map.
 *
 * - A model trained at every step carries its recurrent state along, so a token costs one step.
 * - A model trained on windows (last-step) has only ever seen `steps` tokens after a zero state. To reproduce that for
 *   every token, its context is the `steps` states that began 0, 1, … steps-1 tokens ago. A token advances all of them
 *   as one batch; the oldest has then read exactly one window and predicts. The results equal those of running every
 *   window from zero, in one batched step instead of `steps` single ones.
 *
 * Either way, a context is a flat float32 array: copying it forks a stream, and keeping it saves the steps that led to
 * it.
 */
import { stateSize } from '../model/networkSpec';
import { paddingToken, type LanguageModel } from './languageModel';

export interface Predictor {
  /** V, the length of a row of logits. */
  readonly classes: number;
  /** The size of a context. */
  readonly contextSize: number;
  /** The number of last tokens on which a prediction can depend; `Infinity` if the state is carried along. */
  readonly reach: number;
  /** A new context before any text, [contextSize]. */
  start(): Float32Array;
  /**
   * Advances S contexts, [S, contextSize], in place by one token each, and writes the logits of the next tokens into
   * `logits`, [S, V].
   */
  step(tokens: Uint16Array, contexts: Float32Array, logits: Float32Array): void;
}

/** A predictor of the network alone. `carried` steps a model of windows like any other. */
export function networkPredictor(model: LanguageModel, context: 'as-trained' | 'carried'): Predictor {
  const windowed = model.config.objective.kind === 'last-step';
  return windowed && context === 'as-trained' ? windowPredictor(model) : carryingPredictor(model);
}

function carryingPredictor({ stepper, vocabulary }: LanguageModel): Predictor {
  const size = stateSize(stepper.spec);
  return {
    classes: vocabulary.size,
    contextSize: size,
    reach: Infinity,
    start: () => new Float32Array(size),
    step: (tokens, contexts, logits) => stepper.step(tokens, contexts, logits),
  };
}

function windowPredictor(model: LanguageModel): Predictor {
  const { stepper, vocabulary } = model;
  const size = stateSize(stepper.spec);
  const steps = model.config.objective.steps;
  const contextSize = steps * size;
  const classes = vocabulary.size;
  let rowTokens = new Uint16Array(0);
  let rowLogits = new Float32Array(0);
  let beginning: Float32Array | undefined;

  /** A window that extends before the text is padded at the front. */
  const padded = (): Float32Array => {
    const context = new Float32Array(contextSize);
    const padding = Uint16Array.of(paddingToken(model));
    const row = new Float32Array(size);
    const unused = new Float32Array(classes);
    for (let j = 1; j < steps; j++) {
      stepper.step(padding, row, unused);
      context.set(row, j * size);
    }
    return context;
  };

  return {
    classes,
    contextSize,
    reach: steps,
    start: () => (beginning ??= padded()).slice(),
    // Row j of a context has read the last j tokens; row 0 is the zero state from which the next window begins.
    step: (tokens, contexts, logits) => {
      const rows = tokens.length * steps;
      if (rowTokens.length !== rows) {
        rowTokens = new Uint16Array(rows);
        rowLogits = new Float32Array(rows * classes);
      }
      for (let s = 0; s < tokens.length; s++) rowTokens.fill(tokens[s], s * steps, (s + 1) * steps);
      stepper.step(rowTokens, contexts, rowLogits);
      for (let s = 0; s < tokens.length; s++) {
        const oldest = (s + 1) * steps - 1;
        logits.set(rowLogits.subarray(oldest * classes, (oldest + 1) * classes), s * classes);
        const at = s * contextSize;
        contexts.copyWithin(at + size, at, at + contextSize - size);
        contexts.fill(0, at, at + size);
      }
    },
  };
}
