/** Measures how useful offers are, with uncertainties, from a replay. */
import type { Eagerness } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { encodeText, type LanguageModel } from '../generation/languageModel';
import { networkPredictor, type Predictor } from '../generation/predictor';
import { StateCache } from '../generation/stateCache';
import { fittingCharacters } from '../memory/fitToText';
import { learningPredictor } from '../memory/learningPredictor';
import { predictorOfMemory } from '../memory/memoryPredictor';
import { canRemember, isEmpty, openMemory } from '../memory/modelMemory';
import { rememberTokens } from '../memory/remember';
import { plusMinus } from './bootstrap';
import { offer } from './offers';
import { countedWords, replay, type ReplayCounts } from './replay';

/** The figures with a ±. Shares are from 0 to 1; NaN if there was nothing to count. */
interface KeystrokeFigures {
  /** Share of the keys saved. */
  saved: number;
  /** Share of the offers of which at least the first word was accepted. */
  precision: number;
  /** For every 100 characters of the text. */
  offersPer100: number;
  wrongPer100: number;
  /** For n = 1 to 4: of the offers with at least n words, the share whose first n words are right. */
  exactMatch: number[];
  /** Milliseconds from a keystroke to its offer, for 95 of 100 keys at most. */
  p95Ms: number;
}

export interface KeystrokeReport extends KeystrokeFigures {
  /** Half the width of a 95 % interval for each figure, by a bootstrap over blocks of 1,000 characters. */
  plusMinus: KeystrokeFigures;
  characters: number;
  offers: number;
  /** The median of the milliseconds from a keystroke to its offer. */
  p50Ms: number;
}

/** What the editor asks for: its default settings, and the number of UTF-16 units before the cursor that it sends. */
const extent = 'phrase';
const maximumLength = 60;
const sentCharacters = 2000;

/** What predicts: the network, the memory, both, or both while the memory learns what has been typed. */
export type PredictingMode = (typeof predictingModes)[number];
export const predictingModes = ['network', 'memory', 'both', 'online'] as const;

/**
 * Simulates a writer who types `text` from UTF-16 offset `from` to `to` with a model's offers. The memory is the
 * model's own or, if it has none, that of the text before `from`. Throws `invalidInput` if a memory is requested of a
 * model that cannot have one.
 */
export async function typeWithOffers(
  model: LanguageModel,
  text: string,
  from: number,
  to: number,
  eagerness: Eagerness,
  mode: PredictingMode,
): Promise<KeystrokeReport> {
  const { predictor, learnTo } = predictorFor(model, text, from, mode);
  const cache = new StateCache(predictor.reach);
  const asked = { modelPath: '', suffix: '', extent, eagerness, alternatives: 1, maximumLength, never: [] } as const;
  const typed = await replay(text, from, to, async (before) => {
    learnTo(before.length);
    const request = { ...asked, prefix: before.slice(-sentCharacters) };
    return (await offer(model, predictor, request, cache)).items[0]?.text;
  });
  return keystrokeReport(typed);
}

function predictorFor(
  model: LanguageModel,
  text: string,
  from: number,
  mode: PredictingMode,
): { predictor: Predictor; learnTo: (offset: number) => void } {
  const network = networkPredictor(model, 'carried');
  const nothing = (): void => {};
  if (mode === 'network') return { predictor: network, learnTo: nothing };
  if (!canRemember(model.config)) {
    throw new InklingError('invalidInput', 'Only a model of running text can have a memory: use --mode network.');
  }
  const { vocabulary } = model;
  const encode = (start: number, end: number): Uint16Array => encodeText(model, text.slice(start, end)).ids;
  // If the model has no memory of the text, the last part before `from` is read as if it were being written, to fit the
  // weights of the mixture.
  const own = model.memory && !isEmpty(model.memory) ? model.memory : undefined;
  const readFrom = own ? from : Math.max(0, from - fittingCharacters);
  const { base, tables } = own ?? {
    ...rememberTokens(encode(0, readFrom), vocabulary),
    ...(model.memory && { tables: model.memory.tables }),
  };
  const memory = openMemory({ base, tables }, vocabulary);
  const learning = learningPredictor(network, memory, tables);
  let learned = readFrom;
  const learnTo = (offset: number): void => {
    learning.learn(encode(learned, offset));
    learned = offset;
  };
  if (mode === 'online' || !own) learnTo(from);
  if (mode === 'online') return { predictor: learning, learnTo };
  const predictor = mode === 'memory' ? predictorOfMemory(learning.memory) : learning;
  return { predictor, learnTo: nothing };
}

/** The figures of a replay. */
export function keystrokeReport(blocks: readonly ReplayCounts[]): KeystrokeReport {
  const total = countedIn(blocks);
  const spread = (figure: (figures: Omit<KeystrokeFigures, 'p95Ms'>) => number): number =>
    plusMinus(blocks, (drawn) => figure(countedIn(drawn)));
  return {
    ...total,
    p95Ms: percentile(blocks, 0.95),
    plusMinus: {
      saved: spread(({ saved }) => saved),
      precision: spread(({ precision }) => precision),
      offersPer100: spread(({ offersPer100 }) => offersPer100),
      wrongPer100: spread(({ wrongPer100 }) => wrongPer100),
      exactMatch: total.exactMatch.map((_, i) => spread(({ exactMatch }) => exactMatch[i])),
      p95Ms: plusMinus(blocks, (drawn) => percentile(drawn, 0.95)),
    },
    characters: sum(blocks, ({ characters }) => characters),
    offers: sum(blocks, ({ offers }) => offers),
    p50Ms: percentile(blocks, 0.5),
  };
}

/** The milliseconds that this share of the answers took at most; NaN without any. */
function percentile(blocks: readonly ReplayCounts[], share: number): number {
  const sorted = Float64Array.from(blocks.flatMap(({ ms }) => ms)).sort();
  return sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
}

function countedIn(blocks: readonly ReplayCounts[]): Omit<KeystrokeFigures, 'p95Ms'> {
  const characters = sum(blocks, (block) => block.characters);
  const offers = sum(blocks, (block) => block.offers);
  const taken = sum(blocks, (block) => block.taken);
  return {
    saved: 1 - sum(blocks, (block) => block.keys) / characters,
    precision: taken / offers,
    offersPer100: (100 * offers) / characters,
    wrongPer100: (100 * (offers - taken)) / characters,
    exactMatch: Array.from(
      { length: countedWords },
      (_, i) => sum(blocks, (block) => block.exact[i]) / sum(blocks, (block) => block.atLeast[i]),
    ),
  };
}

function sum(blocks: readonly ReplayCounts[], of: (block: ReplayCounts) => number): number {
  return blocks.reduce((total, block) => total + of(block), 0);
}
