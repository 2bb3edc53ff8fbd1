/** Measures how useful offers are, with uncertainties, from a replay. */
import type { Eagerness } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { createPredictor } from '../generation/createPredictor';
import { DocumentPredictor, type KeptContexts } from '../generation/documentPredictor';
import { encodeText, type LanguageModel } from '../generation/languageModel';
import { networkPredictor, type Predictor } from '../generation/predictor';
import { StateCache } from '../generation/stateCache';
import { predictorOfMemory } from '../memory/memoryPredictor';
import { canRemember, isEmpty, openMemory } from '../memory/modelMemory';
import { emptyMemory, rememberTokens } from '../memory/remember';
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

/**
 * What predicts: the network, the memory, both, or both as in the editor, where the memory also knows what stands before
 * the cursor. The memory is the model's own or, if it has none, that of the text before what is typed.
 */
export type PredictingMode = (typeof predictingModes)[number];
export const predictingModes = ['network', 'memory', 'both', 'online'] as const;

/**
 * Simulates a writer who types `text` from UTF-16 offset `from` to `to` with a model's offers. Throws `invalidInput` if a
 * memory is requested of a model that cannot have one.
 */
export async function typeWithOffers(
  model: LanguageModel,
  text: string,
  from: number,
  to: number,
  eagerness: Eagerness,
  mode: PredictingMode,
): Promise<KeystrokeReport> {
  const predictingAfter = await predictingIn(model, text.slice(0, from), mode);
  const asked = { modelPath: '', suffix: '', extent, eagerness, alternatives: 1, maximumLength, never: [] } as const;
  const typed = await replay(text, from, to, async (before) => {
    const { predictor, cache } = await predictingAfter(before);
    const request = { ...asked, prefix: before.slice(-sentCharacters) };
    return (await offer(model, predictor, request, cache)).items[0]?.text;
  });
  return keystrokeReport(typed);
}

/** What predicts after a text that begins with `start`. */
async function predictingIn(
  model: LanguageModel,
  start: string,
  mode: PredictingMode,
): Promise<(before: string) => Promise<KeptContexts>> {
  const always = (predictor: Predictor) => {
    const kept = { predictor, cache: new StateCache(predictor.reach) };
    return (): Promise<KeptContexts> => Promise.resolve(kept);
  };
  if (mode === 'network') return always(networkPredictor(model, 'carried'));
  if (!canRemember(model.config)) {
    throw new InklingError('invalidInput', 'Only a model of running text can have a memory: use --mode network.');
  }
  const { vocabulary } = model;
  const memory = model.memory ?? emptyMemory(vocabulary);
  if (mode === 'memory') {
    const known = isEmpty(memory) ? rememberTokens(encodeText(model, start).ids, vocabulary) : memory;
    return always(predictorOfMemory(openMemory(known, vocabulary)));
  }
  if (mode === 'both' && !isEmpty(memory)) return always(createPredictor(model, { context: 'carried' }));
  const document = new DocumentPredictor({ ...model, memory });
  const after = async (before: string): Promise<KeptContexts> => {
    // In the editor it goes on between two keystrokes.
    await document.fitting;
    return (await document.at(before, before.length)).typing;
  };
  await after(start);
  return mode === 'online' ? after : () => after(start);
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
