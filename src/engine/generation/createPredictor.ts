/** What answers every question about what comes next: a model's network and, where it has one, its memory. */
import type { Layer } from '../memory/memory';
import { memoryPredictor, type MemoryPredictorOptions } from '../memory/memoryPredictor';
import { Mixture } from '../memory/mixture';
import { openMemory } from '../memory/modelMemory';
import type { LanguageModel } from './languageModel';
import { networkPredictor, type Predictor } from './predictor';

/** What a predictor is for. */
export interface PredictorUse extends MemoryPredictorOptions {
  /**
   * `as-trained`, the default, is what samples are written with. `carried` steps a model of windows like any other, some
   * thirty times cheaper: what answers every keystroke does so. What that loses was not to be measured on the recipe
   * `nietzsche` after 540 steps: 1.960 nats a character either way, over 3,000 characters, without drift from the first 500
   * to the last.
   */
  context?: 'as-trained' | 'carried';
  /** What the memory has learned since the training; means nothing to a model without one. */
  learned?: readonly Layer[];
}

/** A predictor of the network and its memory, where it has one: then what is predicted is the mixture of both, and the place in
 *  the memory belongs to a context. */
export function createPredictor(model: LanguageModel, use: PredictorUse = {}): Predictor {
  const network = networkPredictor(model, use.context ?? 'as-trained');
  const { memory, vocabulary } = model;
  if (!memory) return network;
  const mixture = new Mixture(vocabulary.size, memory.tables);
  return memoryPredictor(network, openMemory(memory, vocabulary).under(use.learned ?? []), mixture, use);
}
