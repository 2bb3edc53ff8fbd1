/**
 * In the middle of a line what follows the cursor is known, and tells what is missing. By Bayes' rule the odds that just
 * `T` is missing, against anything else, are
 *
 *   P(T) · P(rest | T)  :  (1 - P(T)) · P(rest)
 *
 * with P(rest) as at the beginning of a text, where nothing is known of what came before.
 */
import { noToken } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import { unknownWordId } from '../corpus/vocabulary';
import { paddingToken, type ModelText } from '../generation/languageModel';
import type { Predictor } from '../generation/predictor';
import { softmax } from '../generation/sampler';
import type { SearchStart } from './search';

/** So much of what follows is looked at: a word or two. */
const consideredCharacters = 12;
const consideredWords = 2;
/** Characters that hold as much. */
const longestConsidered = 60;

/** Whether what stands behind the cursor tells anything: closing quotes and brackets an editor puts there itself. */
export function tellsSomething(following: string): boolean {
  return /[\p{L}\p{N}]/u.test(following);
}

/**
 * For each of some texts how likely it is that it, and nothing else, is missing between the cursor and what follows.
 * `begun`: see `TextBefore`; `start`: what comes at the cursor.
 */
export function probabilityOfLeadingInto(
  model: ModelText,
  predictor: Predictor,
  start: SearchStart,
  texts: readonly string[],
  begun: string,
  following: string,
): number[] {
  const rest = beginningOf(model, following);
  if (rest.length === 0) return texts.map(() => 0);
  const rows = texts.map((text) => encode(model, begun + text));
  const background = { context: predictor.start(), probabilities: new Float32Array(predictor.classes) };
  const padding = Uint16Array.of(paddingToken(model));
  predictor.step(padding, background.context, background.probabilities);
  softmax(background.probabilities, 0, background.probabilities);
  // That something ends in front of the rest is given: its first token is not counted.
  const [, ...others] = logProbabilities(predictor, background, [rest])[0];
  const anything = sum(others);
  return logProbabilities(
    predictor,
    start,
    rows.map((tokens) => Uint16Array.of(...tokens, ...rest)),
  ).map((nats, i) => {
    const prior = sum(nats.slice(0, rows[i].length));
    const joint = prior + sum(nats.slice(rows[i].length));
    const odds = Math.exp(joint - anything) / (1 - Math.min(Math.exp(prior), 1 - 1e-6));
    return odds / (1 + odds);
  });
}

/** ln P of every token of some sequences that begin at the same place, advanced as one batch. */
function logProbabilities(predictor: Predictor, start: SearchStart, sequences: readonly Uint16Array[]): number[][] {
  const { classes, contextSize: size } = predictor;
  const nats = sequences.map((tokens) => [Math.log(start.probabilities[tokens[0]])]);
  // Longest first, so that those that end leave the batch at its end.
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
      const behind = next.subarray(row * classes, (row + 1) * classes);
      softmax(behind, 0, behind);
      nats[sequence].push(Math.log(behind[sequences[sequence][i + 1]]));
    });
  }
}

/** The first tokens of what follows, up to one that the model does not know. */
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
