/**
 * How sure a model's offers have to be. An offer with a probability of one half is not necessarily right half of the
 * time: a network that has read its text many times is overconfident, and the offers that appear are not a random
 * sample of all possible ones. So a simulated writer types text that the model was not trained on (`replay.ts`), and
 * for each eagerness the lowest probability is found at which the required share of offers is right.
 */
import type { Eagerness, LeastProbability } from '../../common/engineProtocol';
import type { LanguageModel } from '../generation/languageModel';
import type { Predictor } from '../generation/predictor';
import { StateCache } from '../generation/stateCache';
import { TimeSlice } from '../timeSlice';
import type { Candidate } from './candidates';
import { askedPrecision, fewestCharacters, leastOfWhole, usualDistance } from './eagerness';
import { bestOfEachFirstWord, candidatesAt } from './offers';
import { replay } from './replay';

/** The text is typed in evenly spread pieces; some characters before each are only read. Lengths are in UTF-16 units. */
const pieces = 10;
const pieceCharacters = 600;
const readBefore = 300;
/** What is usual for other texts counts like this many offers, so that a few offers do not decide. */
const usualOffers = 40;

/** The probabilities to try, lowest first. */
const tried = Array.from({ length: 33 }, (_, i) => (28 + 2 * i) / 100);

/**
 * `text` must not have been trained on. Undefined if it is too short, or if `isSkipped` returns true before the end.
 */
export async function calibrateOffers(
  model: LanguageModel,
  predictor: Predictor,
  text: string,
  isSkipped: () => boolean = (): boolean => false,
): Promise<LeastProbability | undefined> {
  const cache = new StateCache(predictor.reach);
  const slice = new TimeSlice();
  const counts = tried.map(() => ({ offers: 0, taken: 0 }));
  const count = Math.min(pieces, Math.floor((text.length - readBefore) / pieceCharacters));
  if (count < 1) return undefined;
  const room = text.length - readBefore - pieceCharacters;
  for (let piece = 0; piece < count; piece++) {
    const from = Math.floor((room * piece) / Math.max(1, count - 1));
    const known = text.slice(from, from + readBefore + pieceCharacters);
    const candidates: Candidate[][] = [];
    for (let at = readBefore; at < known.length; at++) {
      if (slice.isOver) await slice.renew();
      if (isSkipped()) return undefined;
      const place = {
        prefix: known.slice(0, at),
        suffix: '',
        extent: 'phrase',
        maximumLength: 60,
        never: [],
        first: tried[0],
        whole: leastOfWhole,
        fewest: fewestCharacters,
      } as const;
      candidates.push((await candidatesAt(model, predictor, place, cache)).candidates);
    }
    for (const [i, least] of tried.entries()) {
      const blocks = await replay(known, readBefore, known.length, (before) => {
        const likely = candidates[before.length - readBefore].filter(({ ends }) => ends[0].probability >= least);
        return bestOfEachFirstWord(likely)[0]?.text;
      });
      for (const { offers, taken } of blocks) {
        counts[i].offers += offers;
        counts[i].taken += taken;
      }
    }
  }
  const least = (eagerness: Eagerness): number => {
    const enough = tried.findIndex((probability, i) => {
      const usual = usualOffers * Math.min(1, probability + usualDistance);
      return counts[i].taken + usual >= askedPrecision[eagerness] * (counts[i].offers + usualOffers);
    });
    return tried[enough < 0 ? tried.length - 1 : enough];
  };
  return { shy: least('shy'), balanced: least('balanced'), bold: least('bold') };
}
