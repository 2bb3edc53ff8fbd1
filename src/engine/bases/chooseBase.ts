/**
 * Finds the shipped base that fits a text: each base reads its beginning. A base that predicts it badly was trained on
 * another language, another script or another kind of text, and is of no use.
 */
import { fewestToChoose } from '../../common/bases';
import { noToken, type NewStepper } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import { openModel } from '../generation/languageModel';
import { networkPredictor } from '../generation/predictor';
import { probabilityOf } from '../generation/sampler';
import { TimeSlice } from '../timeSlice';
import { baseLanguages, openBase, type OpenBase } from './shippedBases';

/** The number of characters that each base reads, and that the best base then reads in all. */
const firstCharacters = 500;
export const charactersToChoose = 2500;
/**
 * The limit in nats per character above which a base does not fit. Prose and verse of its language cost a base 1.1 to
 * 2.3; another of the five languages, Latin, Portuguese, Catalan, Dutch, Swedish, program code and lists of names cost
 * 3.1 or more, hardly better than letter frequencies alone.
 */
const mostLoss = 2.6;
/**
 * The number of characters in each of the rows that are read side by side, and of those read before a row as its
 * context.
 */
const rowCharacters = 125;
const contextCharacters = 25;

export interface BaseChoice {
  /** Undefined if none fits. */
  base?: OpenBase;
  /** The nats per character that the best base needs for the beginning of the text. */
  loss: number;
}

/** Undefined if the text is too short to tell, or no base is shipped. Throws `cancelled`. */
export async function chooseBase(
  text: string,
  newStepper: NewStepper,
  signal?: AbortSignal,
  languages: readonly string[] = baseLanguages(),
): Promise<BaseChoice | undefined> {
  const beginning = normaliseText(text.slice(0, charactersToChoose), { lowercase: false, normalization: 'nfc' });
  if (beginning.length < fewestToChoose || languages.length === 0) return undefined;
  let best: { base: OpenBase; loss: number } | undefined;
  for (const language of languages) {
    const base = await openBase(language);
    const loss = await lossOf(base, beginning.slice(0, firstCharacters), newStepper, signal);
    if (!best || loss < best.loss) best = { base, loss };
  }
  const { base } = best!;
  const loss = await lossOf(base, beginning, newStepper, signal);
  return { base: loss < mostLoss ? base : undefined, loss };
}

/**
 * The nats per character of a text under the network of a base; an unknown character counts as uniformly distributed.
 */
async function lossOf(
  { model: stored }: OpenBase,
  text: string,
  newStepper: NewStepper,
  signal?: AbortSignal,
): Promise<number> {
  const model = openModel(stored, newStepper);
  const predictor = networkPredictor(model, 'carried');
  const { classes, contextSize } = predictor;
  const ids = model.vocabulary.encode(text);
  const rows = Math.ceil(ids.length / rowCharacters);
  const contexts = new Float32Array(rows * contextSize);
  for (let row = 0; row < rows; row++) contexts.set(predictor.start(), row * contextSize);
  const tokens = new Uint16Array(rows);
  const logits = new Float32Array(rows * classes);
  let sum = 0;
  let scored = 0;
  const slice = new TimeSlice(signal);
  for (let step = 0; step < contextCharacters + rowCharacters; step++) {
    for (let row = 0; row < rows; row++) {
      const at = row * rowCharacters - contextCharacters + step;
      const id = at >= 0 && at < ids.length ? ids[at] : noToken;
      if (step > contextCharacters && at < ids.length) {
        sum += id === noToken ? Math.log(classes) : -Math.log(probabilityOf(id, logits, row * classes, classes));
        scored++;
      }
      tokens[row] = id;
    }
    predictor.step(tokens, contexts, logits);
    if (slice.isOver) await slice.renew();
  }
  return sum / scored;
}
