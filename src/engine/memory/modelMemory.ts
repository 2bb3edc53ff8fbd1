/**
 * The memory as it is stored with a model: the counts of the training text, and how they are mixed with the network.
 */
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Vocabulary } from '../corpus/vocabulary';
import { Contexts } from './contexts';
import { Memory, type BaseLayer } from './memory';
import type { MixtureTables } from './mixture';

export interface ModelMemory {
  base: BaseLayer;
  tables: MixtureTables;
}

/** Whether a model trained in this way can have a memory: it must be trained on continuous text, read in order. */
export function canRemember({ text, objective }: Pick<TrainingConfig, 'text' | 'objective'>): boolean {
  return text.examples === 'text' && objective.kind === 'every-step';
}

/** Whether it has no counts, like the memory of a base, which only says how to mix. */
export function isEmpty({ base }: ModelMemory): boolean {
  return base.letters[0].contexts.length === 0;
}

/** A memory to predict with. */
export function openMemory({ base }: ModelMemory, vocabulary: Vocabulary): Memory {
  return new Memory(new Contexts(vocabulary), vocabulary.size, base);
}
