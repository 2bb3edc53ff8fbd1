/**
 * How sure a model's offers have to be. A probability of a half need not come true half of the time: a network that has
 * read its text many times is too sure of itself, and offers that appear are no fair sample of all that could. So a writer
 * types some text that the model was not trained on (`replay`), and for each eagerness the least probability is found at
 * which as many offers were right as it asks.
 */
import type { Eagerness } from '../../common/engineProtocol';
import type { LanguageModel } from '../generation/languageModel';
import type { Predictor } from '../generation/predictor';
import { StateCache } from '../generation/stateCache';
import { TimeSlice } from '../timeSlice';
import type { Candidate } from './candidates';
import type { LeastProbability } from '../../common/engineProtocol';
import { askedPrecision, fewestCharacters, leastOfWhole, usualDistance } from './eagerness';
import { bestOfEachFirstWord, candidatesAt } from './offers';
import { replay } from './replay';

/** The text that is typed: so many pieces, evenly spread, each of so many characters behind so many that are only read. */
const pieces = 10;
const pieceCharacters = 600;
const readBefore = 300;
/** What most texts show counts like so many offers, lest a few decide. */
const usualOffers = 40;

/** The probabilities that are tried, lowest first. */
const tried = Array.from({ length: 33 }, (_, i) => (28 + 2 * i) / 100);

/** `text`: held out, decoded. Undefined where it is too short to tell, or where `isSkipped` says to leave off. */
export async function calibrate(
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
    const start = readBefore;
    const candidates: Candidate[][] = [];
    for (let at = start; at < known.length; at++) {
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
      const { blocks } = await replay(known, start, known.length, (before) => {
        const likely = candidates[before.length - start].filter(({ ends }) => ends[0].probability >= least);
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
