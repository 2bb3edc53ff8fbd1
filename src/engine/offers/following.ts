/**
 * In the middle of a line, the text after the cursor is known, and an offer must lead into it. It does if that text is
 * clearly more likely after the offer than at the beginning of a text, without any context.
 */
import { noToken } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import { unknownWordId } from '../corpus/vocabulary';
import { paddingToken, type ModelText } from '../generation/languageModel';
import type { Predictor } from '../generation/predictor';
import { softmax } from '../generation/sampler';
import type { SearchStart } from './search';

/** How much of the following text is examined: a word or two. The unit is the model's token. */
const consideredCharacters = 12;
const consideredWords = 2;
/** The number of UTF-16 units that are encoded to find these tokens. */
const longestConsidered = 60;
/** How many times more likely it must be. */
const clearly = 2;

/**
 * Whether the text after the cursor says anything about what is to be written before it. Closing quotes and brackets do
 * not: the editor inserts them.
 */
export function isInformative(following: string): boolean {
  return /[\p{L}\p{N}]/u.test(following);
}

/**
 * For each text, whether it leads into the text after the cursor; none does if the model does not know that text.
 * `predictor` must not know the document, which contains that text anyway. `start`: the position at the cursor.
 * `partial`: see `TextBefore`.
 */
export function leadingInto(
  model: ModelText,
  predictor: Predictor,
  start: SearchStart,
  texts: readonly string[],
  partial: string,
  following: string,
): boolean[] {
  const rest = beginningOf(model, following);
  if (rest.length === 0) return texts.map(() => false);
  const beginning = { context: predictor.start(), probabilities: new Float32Array(predictor.classes) };
  predictor.step(Uint16Array.of(paddingToken(model)), beginning.context, beginning.probabilities);
  softmax(beginning.probabilities, 0, beginning.probabilities);
  const [alone] = logProbabilities(predictor, beginning, [rest]);
  // The space or punctuation at the beginning of the rest is certain once a word ends.
  if (model.vocabulary.unit === 'character') alone[0] = 0;
  const least = sum(alone) + Math.log(clearly);
  const sequences = texts.map((text) => Uint16Array.of(...encode(model, partial + text), ...rest));
  return logProbabilities(predictor, start, sequences).map((nats) => sum(nats.slice(-rest.length)) >= least);
}

/** ln P of every token of several sequences that begin at the same position. They are advanced as one batch. */
function logProbabilities(predictor: Predictor, start: SearchStart, sequences: readonly Uint16Array[]): number[][] {
  const { classes, contextSize: size } = predictor;
  const nats = sequences.map((tokens) => [Math.log(start.probabilities[tokens[0]])]);
  // Longest first, so that sequences that are finished are at the end of the batch.
  const order = [...sequences.keys()].sort((a, b) => sequences[b].length - sequences[a].length);
  const contexts = new Float32Array(order.length * size);
  for (let row = 0; row < order.length; row++) contexts.set(start.context, row * size);
  const next = new Float32Array(order.length * classes);
  for (let i = 0; ; i++) {
    const rows = order.filter((sequence) => i + 1 < sequences[sequence].length);
    if (rows.length === 0) return nats;
    predictor.step(
      Uint16Array.from(rows, (sequence) => sequences[sequence][i]),
      contexts.subarray(0, rows.length * size),
      next.subarray(0, rows.length * classes),
    );
    rows.forEach((sequence, row) => {
      const probabilities = next.subarray(row * classes, (row + 1) * classes);
      softmax(probabilities, 0, probabilities);
      nats[sequence].push(Math.log(probabilities[sequences[sequence][i + 1]]));
    });
  }
}

/** The first tokens of the following text, up to one that the model does not know. */
function beginningOf(model: ModelText, following: string): Uint16Array {
  const isWords = model.vocabulary.unit === 'word';
  const ids = encode(model, following.slice(0, longestConsidered));
  const end = ids.findIndex((id) => id === (isWords ? unknownWordId : noToken));
  return ids.subarray(0, Math.min(isWords ? consideredWords : consideredCharacters, end < 0 ? ids.length : end));
}

function encode({ vocabulary, config }: ModelText, text: string): Uint16Array {
  return vocabulary.encode(normaliseText(text, config.text));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
