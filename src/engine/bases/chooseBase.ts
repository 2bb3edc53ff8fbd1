/**
 * Finds the shipped base that fits a text: the bases read its beginning, the likeliest first, until one predicts it well.
 * A base that predicts it badly was trained on another language, another script or another kind of text, and is of no
 * use.
 */
import { fewestToChoose } from '../../common/bases';
import { noToken, type NewStepper } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import { openModel } from '../generation/languageModel';
import { networkPredictor } from '../generation/predictor';
import { probabilityOf } from '../generation/sampler';
import { TimeSlice } from '../timeSlice';
import { baseLanguages, openBase, type OpenBase } from './shippedBases';

/** The number of characters at the beginning of a text by which its base is chosen. */
export const charactersToChoose = 2500;
/** The front matter of a Markdown file, and blank lines: they say nothing about the language. */
const beforeProse = /^\s*(?:---\r?\n[^]*?\n(?:---|\.\.\.)[ \t]*\r?\n\s*)?/;
const longestFrontMatter = 2500;
/** Each base first reads this many rows (below), evenly spread over the beginning: a preface may be in another language. */
const firstRows = 4;
/**
 * The limit in nats per character above which a base does not fit. Prose and verse of its language cost a base 1.1 to
 * 2.3; another of the five languages, Latin, Portuguese, Catalan, Dutch, Swedish, program code and lists of names cost
 * 3.1 or more, hardly better than letter frequencies alone.
 */
const mostLoss = 2.6;
/** The limit below which the first rows alone decide: far from what any other language costs, and no base fits better. */
const clearLoss = 2.3;
/** Frequent words of languages with a base. The bases are tried in the order of how many a text has, which saves time. */
const frequentWords: Readonly<Record<string, RegExp>> = {
  de: /\b(?:der|die|das|und|nicht|ich|ist|zu|den|mit)\b/gi,
  en: /\b(?:the|and|of|to|was|that|he|it|with|you)\b/gi,
  es: /\b(?:que|el|los|las|y|con|por|una|su|del)\b/gi,
  fr: /\b(?:le|les|et|des|est|dans|une|pas|qui|vous)\b/gi,
  it: /\b(?:che|di|il|non|gli|della|per|era|con|sono)\b/gi,
};
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

/** Undefined if the text is too short to tell, or no base is shipped. */
export async function chooseBase(
  text: string,
  newStepper: NewStepper,
  languages: readonly string[] = baseLanguages(),
): Promise<BaseChoice | undefined> {
  const beginning = beginningOf(text);
  const found = await likeliest(beginning, newStepper, undefined, languages);
  return found && confirm(found.base, beginning, newStepper, undefined);
}

/**
 * The language of the base that `chooseBase` finds, found sooner if it is clear; undefined if there is none. Throws
 * `cancelled`.
 */
export async function languageOf(
  text: string,
  newStepper: NewStepper,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const beginning = beginningOf(text);
  const found = await likeliest(beginning, newStepper, signal, baseLanguages());
  if (!found || found.loss < clearLoss) return found?.base.language;
  return (await confirm(found.base, beginning, newStepper, signal)).base?.language;
}

/** Reads the whole beginning with the likeliest base, which may then turn out not to fit. */
async function confirm(
  base: OpenBase,
  beginning: string,
  newStepper: NewStepper,
  signal: AbortSignal | undefined,
): Promise<BaseChoice> {
  const loss = await lossOf(base, beginning, newStepper, signal);
  return { base: loss < mostLoss ? base : undefined, loss };
}

/** The first `length` characters of a text after its front matter. */
export function beginningOfProse(text: string, length: number): string {
  return text
    .slice(0, longestFrontMatter + length)
    .replace(beforeProse, '')
    .slice(0, length);
}

function beginningOf(text: string): string {
  return normaliseText(beginningOfProse(text, charactersToChoose), { lowercase: false, normalization: 'nfc' });
}

/** The first base to which a beginning is clearly familiar, else the one that needs the fewest nats per character. */
async function likeliest(
  beginning: string,
  newStepper: NewStepper,
  signal: AbortSignal | undefined,
  languages: readonly string[],
): Promise<{ base: OpenBase; loss: number } | undefined> {
  if (beginning.length < fewestToChoose) return undefined;
  const frequent = (language: string): number =>
    language in frequentWords ? (beginning.match(frequentWords[language])?.length ?? 0) : 0;
  let best: { base: OpenBase; loss: number } | undefined;
  for (const language of [...languages].sort((a, b) => frequent(b) - frequent(a))) {
    const base = await openBase(language);
    const loss = await lossOf(base, beginning, newStepper, signal, firstRows);
    if (!best || loss < best.loss) best = { base, loss };
    if (loss < clearLoss) break;
  }
  return best;
}

/**
 * The nats per character of a text under the network of a base; an unknown character counts as uniformly distributed.
 * `mostRows`: how many of the rows are read at most, evenly spread.
 */
async function lossOf(
  { model: stored }: OpenBase,
  text: string,
  newStepper: NewStepper,
  signal?: AbortSignal,
  mostRows = Infinity,
): Promise<number> {
  const model = openModel(stored, newStepper);
  const predictor = networkPredictor(model, 'carried');
  const { classes, contextSize } = predictor;
  const ids = model.vocabulary.encode(text);
  const allRows = Math.ceil(ids.length / rowCharacters);
  const rows = Math.min(mostRows, allRows);
  const startOf = (row: number): number => Math.floor((row * allRows) / rows) * rowCharacters;
  const contexts = new Float32Array(rows * contextSize);
  for (let row = 0; row < rows; row++) contexts.set(predictor.start(), row * contextSize);
  const tokens = new Uint16Array(rows);
  const logits = new Float32Array(rows * classes);
  let sum = 0;
  let scored = 0;
  const slice = new TimeSlice(signal);
  for (let step = 0; step < contextCharacters + rowCharacters; step++) {
    for (let row = 0; row < rows; row++) {
      const at = startOf(row) - contextCharacters + step;
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
