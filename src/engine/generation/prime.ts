/** Brings a model to the end of a prompt, from the nearest cached context. */
import { openingOf } from '../../common/opening';
import { TimeSlice } from '../timeSlice';
import { lineEnd, paddingToken, type LanguageModel } from './languageModel';
import type { Predictor } from './predictor';
import type { StateCache } from './stateCache';
import { noToken } from '../backends/backend';

export interface Primed {
  /** [contextSize] after the prompt; owned by the caller. */
  context: Float32Array;
  /** [V] logits of the next token; owned by the caller. */
  logits: Float32Array;
  /** The number of steps that were run. */
  steps: number;
}

/** The number of tokens between cached contexts of a long text, so that after an edit not all of it is read again. */
const keepEvery = 128;

/**
 * What the model reads for a prompt. For a model of lines, that is "no token" (as in training) and the line so far;
 * otherwise, the tokens within its reach. If there are none, it is what precedes a text, or padding.
 */
function readingOf(model: LanguageModel, ids: Uint16Array, reach: number): Uint16Array {
  const end = lineEnd(model);
  if (model.config.text.examples === 'lines') {
    const line = end === undefined ? ids : ids.subarray(ids.lastIndexOf(end) + 1);
    const reading = new Uint16Array(line.length + 1);
    reading[0] = noToken;
    reading.set(line, 1);
    return reading;
  }
  if (ids.length === 0) {
    const opening = model.vocabulary.encode(openingOf(model.config.text)).filter((id) => id !== noToken);
    const padding = paddingToken(model);
    return padding === noToken && opening.length > 0 ? opening : Uint16Array.of(padding);
  }
  return ids.length > reach ? ids.subarray(ids.length - reach) : ids;
}

/** Reads a prompt. Lets other work of the thread run in between. Throws `cancelled` if the signal is aborted. */
export async function prime(
  model: LanguageModel,
  predictor: Predictor,
  ids: Uint16Array,
  cache?: StateCache,
  signal?: AbortSignal,
): Promise<Primed> {
  const reading = readingOf(model, ids, predictor.reach);
  // The last token is always read, because the prediction also depends on what the memory has learned since.
  const known = cache?.find(reading.subarray(0, -1));
  const context = known ? known.context.slice() : predictor.start();
  const logits = new Float32Array(predictor.classes);
  const slice = new TimeSlice(signal);
  const token = new Uint16Array(1);
  const from = known?.position ?? 0;
  for (let i = from; i < reading.length; i++) {
    token[0] = reading[i];
    predictor.step(token, context, logits);
    // For a repeated request, for the next character, and for an edit further up.
    if (i >= reading.length - 2 || (i + 1) % keepEvery === 0) cache?.store(reading, i + 1, context);
    if (slice.isOver) await slice.renew();
  }
  return { context, logits, steps: reading.length - from };
}
