/**
 * A network advanced token by token, whatever its objective was: what generation, completion and surprise step.
 *
 * - A model trained at every step carries its recurrent state along: a token costs one step.
 * - A model trained on windows (last-step) has only ever seen `steps` tokens after a zero state. To give it just that
 *   for every token, its context is the `steps` states that began 0, 1, … steps-1 tokens ago. A token advances all of
 *   them as one batch, the oldest has then read exactly one window and predicts. The same figures as running every
 *   window again from zero, in one batched step instead of `steps` single ones.
 *
 * Either way a context is a flat float32 array, copied to fork a stream and kept to save the steps that led to it.
 */
import { stateSize } from '../model/networkSpec';
import { paddingToken, type LanguageModel } from './languageModel';

export type PredictorContext = 'as-trained' | 'carried';

export interface Predictor {
  /** V, the length of a row of logits. */
  readonly classes: number;
  /** Numbers of a context. */
  readonly contextSize: number;
  /** Tokens back that can still matter; `Infinity` when the state is carried along. */
  readonly reach: number;
  /** A new context before any text, [contextSize]. */
  start(): Promise<Float32Array>;
  /** Advances S contexts, [S, contextSize], by one token each, in place. Returns logits [S, V], valid until the next
   *  call, which may be another caller's as soon as this one awaits anything: not even a value that is there already. */
  step(tokens: Uint16Array, contexts: Float32Array): Float32Array | Promise<Float32Array>;
}

/**
 * `as-trained` is what samples are written with. `carried` steps a model of windows like any other, some thirty times
 * cheaper: what answers every keystroke does so. What that loses was not to be measured on the recipe `nietzsche` after
 * 540 steps: 1.960 nats a character either way, over 3,000 characters, without drift from the first 500 to the last.
 */
export function createPredictor(model: LanguageModel, context: PredictorContext = 'as-trained'): Predictor {
  const windowed = model.config.objective.kind === 'last-step';
  return windowed && context === 'as-trained' ? windowPredictor(model) : carryingPredictor(model);
}

function carryingPredictor(model: LanguageModel): Predictor {
  const { network, vocabulary } = model;
  const size = stateSize(network.spec);
  return {
    classes: vocabulary.size,
    contextSize: size,
    reach: Infinity,
    start: () => Promise.resolve(new Float32Array(size)),
    step: (tokens, contexts) => inSlices(model, tokens, contexts, size),
  };
}

function windowPredictor(model: LanguageModel): Predictor {
  const { network, vocabulary } = model;
  const size = stateSize(network.spec);
  const steps = model.config.objective.steps;
  const contextSize = steps * size;
  const classes = vocabulary.size;
  let rowTokens = new Uint16Array(0);
  let logits = new Float32Array(0);
  let beginning: Float32Array | undefined;

  return {
    classes,
    contextSize,
    reach: steps,
    start: async () => {
      if (!beginning) {
        // A window that reaches back before the text is padded in front.
        // Shown to others only when it is whole: they may ask for it meanwhile.
        const padded = new Float32Array(contextSize);
        const padding = Uint16Array.of(paddingToken(model));
        const row = new Float32Array(size);
        for (let j = 1; j < steps; j++) {
          await network.step(padding, row);
          padded.set(row, j * size);
        }
        beginning = padded;
      }
      return beginning.slice();
    },
    // Row j of a context has read the last j tokens; row 0 is the zero state from which the next window begins.
    step: (tokens, contexts) => {
      const streams = tokens.length;
      if (rowTokens.length !== streams * steps) rowTokens = new Uint16Array(streams * steps);
      if (logits.length !== streams * classes) logits = new Float32Array(streams * classes);
      for (let s = 0; s < streams; s++) rowTokens.fill(tokens[s], s * steps, (s + 1) * steps);
      return whenReady(inSlices(model, rowTokens, contexts, size), (all) => {
        for (let s = 0; s < streams; s++) {
          const oldest = (s + 1) * steps - 1;
          logits.set(all.subarray(oldest * classes, (oldest + 1) * classes), s * classes);
          const at = s * contextSize;
          contexts.copyWithin(at + size, at, at + contextSize - size);
          contexts.fill(0, at, at + size);
        }
        return logits;
      });
    },
  };
}

/** `network.step` for any number of rows: in slices of as many as the network takes at once. */
function inSlices(
  { network, vocabulary }: LanguageModel,
  tokens: Uint16Array,
  states: Float32Array,
  size: number,
): Float32Array | Promise<Float32Array> {
  const limit = network.limits.streams;
  if (tokens.length <= limit) return network.step(tokens, states);
  const classes = vocabulary.size;
  const logits = new Float32Array(tokens.length * classes);
  const slice = (from: number): Float32Array | Promise<Float32Array> => {
    if (from >= tokens.length) return logits;
    const to = Math.min(from + limit, tokens.length);
    const part = network.step(tokens.subarray(from, to), states.subarray(from * size, to * size));
    return whenReady(part, (rows) => {
      logits.set(rows, from * classes);
      return slice(to);
    });
  };
  return slice(0);
}

/** At once where the answer is there already: a turn of the event loop for every token would cost more than the step. */
function whenReady(
  answer: Float32Array | Promise<Float32Array>,
  use: (rows: Float32Array) => Float32Array | Promise<Float32Array>,
): Float32Array | Promise<Float32Array> {
  return answer instanceof Float32Array ? use(answer) : answer.then(use);
}
