/**
 * Fits the weights of a mixture to a text that is being written: its end is read as if it were written now, with a
 * memory of what stands before it.
 */
import type { TextConfig } from '../../common/trainingConfig';
import { normaliseText } from '../corpus/normaliseText';
import type { Vocabulary } from '../corpus/vocabulary';
import type { Predictor } from '../generation/predictor';
import { TimeSlice, type Precedence } from '../timeSlice';
import { learningPredictor } from './learningPredictor';
import type { MixtureTables } from './mixture';
import { openMemory, type ModelMemory } from './modelMemory';
import { TextLayer } from './textLayer';

/** The number of UTF-16 units at the end of a text that a mixture is fitted to, at most. */
export const fittingCharacters = 10_000;

/**
 * The tables of `memory` fitted to the end of `text`; means over the second half of what was read. `network` predicts
 * alone. It takes about a second, yields to other work, and pauses for urgent work.
 */
export async function fitToText(
  network: Predictor,
  memory: ModelMemory,
  vocabulary: Vocabulary,
  config: Pick<TextConfig, 'lowercase' | 'normalization'>,
  text: string,
  urgent?: Precedence,
): Promise<MixtureTables> {
  const start = Math.max(0, text.length - fittingCharacters);
  const known = new TextLayer(openMemory(memory, vocabulary), vocabulary, config);
  await known.update(text.slice(0, start));
  const reader = learningPredictor(network, openMemory(memory, vocabulary), memory.tables, known.layer);
  const tokens = vocabulary.encode(normaliseText(text.slice(start), config));
  const middle = Math.floor(tokens.length / 2);
  const slice = new TimeSlice(undefined, urgent);
  for (let at = 0; at < tokens.length; at++) {
    if (at === middle) reader.mixture.beginMean();
    reader.learn(tokens.subarray(at, at + 1));
    if (slice.isOver) await slice.renew();
  }
  return reader.mixture.tables();
}
