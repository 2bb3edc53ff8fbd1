/** What offers are worth, in figures with their uncertainty, from a replay. */
import type { Eagerness } from '../../common/engineProtocol';
import type { LanguageModel } from '../generation/languageModel';
import { createPredictor } from '../generation/createPredictor';
import { StateCache } from '../generation/stateCache';
import { plusMinus } from './bootstrap';
import { offer } from './offers';
import { countedWords, replay, type Counts, type Replay } from './replay';

/** The figures that have a ±. Shares are from 0 to 1; NaN where nothing was there to count. */
export interface KeystrokeFigures {
  /** Share of the keys saved. */
  saved: number;
  /** Share of the offers of which at least the first word was taken. */
  precision: number;
  /** For every 100 characters of the text. */
  offersPer100: number;
  wrongPer100: number;
  /** Share of the offers of at least 1, 2, 3, 4 words whose first so many words are all right. */
  exactMatch: number[];
}

export interface KeystrokeReport extends KeystrokeFigures {
  /** Half the width of a 95 % interval for each figure, by a bootstrap over blocks of 1,000 characters. */
  plusMinus: KeystrokeFigures;
  characters: number;
  offers: number;
  /** Milliseconds from a key to its offer. */
  p50Ms: number;
  p95Ms: number;
}

/** As the editor asks: its settings unless they are changed, and the characters before the cursor that it sends. */
const extent = 'phrase';
const maximumLength = 60;
const sentCharacters = 2000;

/** A writer types `text` from UTF-16 offset `from` to `to` with a model's offers. */
export async function typeWithOffers(
  model: LanguageModel,
  text: string,
  from: number,
  to: number,
  eagerness: Eagerness,
): Promise<KeystrokeReport> {
  const predictor = createPredictor(model, { context: 'carried' });
  const cache = new StateCache(predictor.reach);
  const asked = { modelPath: '', suffix: '', extent, eagerness, alternatives: 1, maximumLength, never: [] } as const;
  const typed = await replay(text, from, to, async (before) => {
    const request = { ...asked, prefix: before.slice(-sentCharacters) };
    return (await offer(model, predictor, request, cache)).items[0]?.text;
  });
  return keystrokeReport(typed);
}

export function keystrokeReport({ blocks, ms }: Replay): KeystrokeReport {
  const total = figuresOf(blocks);
  const spread = (figure: (figures: KeystrokeFigures) => number): number =>
    plusMinus(blocks, (drawn) => figure(figuresOf(drawn)));
  const sorted = [...ms].sort((a, b) => a - b);
  const percentile = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return {
    ...total,
    plusMinus: {
      saved: spread(({ saved }) => saved),
      precision: spread(({ precision }) => precision),
      offersPer100: spread(({ offersPer100 }) => offersPer100),
      wrongPer100: spread(({ wrongPer100 }) => wrongPer100),
      exactMatch: total.exactMatch.map((_, i) => spread(({ exactMatch }) => exactMatch[i])),
    },
    characters: sum(blocks, ({ characters }) => characters),
    offers: sum(blocks, ({ offers }) => offers),
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
  };
}

function figuresOf(blocks: readonly Counts[]): KeystrokeFigures {
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

function sum(blocks: readonly Counts[], of: (block: Counts) => number): number {
  return blocks.reduce((total, block) => total + of(block), 0);
}
