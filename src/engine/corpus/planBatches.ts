/** Chooses how a corpus is cut into batches, by its examples and the objective. */
import type { TrainingConfig } from '../../common/trainingConfig';
import type { BatchPlan } from './batchPlan';
import type { Corpus } from './corpus';
import { linePrefixes } from './linePrefixes';
import { lines } from './lines';
import { textStreams } from './textStreams';
import { windows } from './windows';

/**
 * The plan of a run, made once and then kept. `config` must have passed `validateConfig`. Throws `invalidInput` if the
 * text is too short for the settings.
 */
export function planBatches(corpus: Corpus, config: TrainingConfig): BatchPlan {
  switch (corpus.config.examples) {
    case 'lines':
      return lines(corpus, config);
    case 'line-prefixes':
      return linePrefixes(corpus, config);
    case 'text':
      return config.objective.kind === 'every-step' ? textStreams(corpus, config) : windows(corpus, config);
  }
}
