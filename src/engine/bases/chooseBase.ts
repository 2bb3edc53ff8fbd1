/**
 * Which shipped base fits a text: each base reads its beginning, and so does a memory that knows nothing and learns as it
 * reads. A base that predicts the text less well than that knows another language, another script or another kind of text,
 * and is of no use to it.
 */
import { noToken, type NewStepper } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import { Vocabulary } from '../corpus/vocabulary';
import { openModel } from '../generation/languageModel';
import { networkPredictor } from '../generation/predictor';
import { Contexts, placeNumbers } from '../memory/contexts';
import { learnText } from '../memory/learnText';
import { Layer, Memory } from '../memory/memory';
import { TimeSlice } from '../timeSlice';
import { baseLanguages, openBase, type OpenBase } from './shippedBases';

/** Characters that each base reads, and that the best of them and the memory read after. */
const firstCharacters = 500;
const allCharacters = 2500;
/**
 * Nats a character beyond which a base does not know the language: of a short text the memory knows so little that even a
 * wrong base is better. English of all kinds gives the English base 1.0 to 1.9, German, French, Spanish, Italian and Latin
 * give it 3.1 to 4.0.
 */
const mostLoss = 2.4;
/** Fewer characters say nothing. */
export const fewestToChoose = 100;
/** Characters of the rows that are read side by side, and those before a row that say where it stands. */
const rowCharacters = 125;
const contextCharacters = 25;

export interface BaseChoice {
  /** Undefined where none fits. */
  base?: OpenBase;
  /** Nats a character of the text's beginning: by the best base, and by the memory that learns as it reads. */
  baseLoss: number;
  memoryLoss: number;
}

/** Undefined for a text that is too short to tell, and where no base is shipped. Throws `cancelled`. */
export async function chooseBase(
  text: string,
  newStepper: NewStepper,
  signal?: AbortSignal,
  languages: readonly string[] = baseLanguages(),
): Promise<BaseChoice | undefined> {
  const beginning = normaliseText(text.slice(0, allCharacters), { lowercase: false, normalization: 'nfc' });
  if (beginning.length < fewestToChoose || languages.length === 0) return undefined;
  let best: { base: OpenBase; loss: number } | undefined;
  for (const language of languages) {
    const base = await openBase(language);
    const loss = await lossOf(base, beginning.slice(0, firstCharacters), newStepper, signal);
    if (!best || loss < best.loss) best = { base, loss };
  }
  const { base } = best!;
  const baseLoss = await lossOf(base, beginning, newStepper, signal);
  const memoryLoss = lossOfMemory(beginning);
  const fits = baseLoss < memoryLoss && baseLoss < mostLoss;
  return { base: fits ? base : undefined, baseLoss, memoryLoss };
}

/** Nats a character that the network of a base makes of a text; a character it does not know counts as any of those. */
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
        sum += id === noToken ? Math.log(classes) : negativeLog(logits, row * classes, classes, id);
        scored++;
      }
      tokens[row] = id;
    }
    predictor.step(tokens, contexts, logits);
    if (slice.isOver) await slice.renew();
  }
  return sum / scored;
}

function negativeLog(logits: Float32Array, at: number, classes: number, id: number): number {
  let most = -Infinity;
  for (let i = at; i < at + classes; i++) most = Math.max(most, logits[i]);
  let total = 0;
  for (let i = at; i < at + classes; i++) total += Math.exp(logits[i] - most);
  return most + Math.log(total) - logits[at + id];
}

/** Nats a character for a memory that begins empty and learns each character after it was scored. */
function lossOfMemory(text: string): number {
  const vocabulary = Vocabulary.build('character', [text]);
  const contexts = new Contexts(vocabulary);
  const layer = new Layer();
  const nothing = new Memory(contexts, vocabulary.size, learnText(new Uint16Array(0), contexts, vocabulary.size));
  const memory = nothing.under([layer]);
  const place = new Float32Array(placeNumbers);
  contexts.start(place, 0);
  const ids = vocabulary.encode(text);
  let sum = 0;
  for (const id of ids) {
    memory.predict(place, 0);
    sum -= Math.log(memory.letters[id]);
    memory.learn(layer, place, 0, id);
    contexts.advance(place, 0, id);
  }
  return sum / ids.length;
}
