/** The training examples of a corpus one by one, as the network reads them. */
import { InklingError } from '../../common/errors';
import type { TrainingConfig } from '../../common/trainingConfig';
import { noTarget, noToken, type Batch } from '../backends/backend';
import { countTargets } from './batchBuffer';
import type { Corpus } from './corpus';
import { planBatches } from './planBatches';

export interface Example {
  /** The example as a batch of one row. */
  batch: Batch;
  /** The input at each step; null if there is none. */
  inputIds: (number | null)[];
  /** The targets: after every step, or only after the last. */
  targetIds: number[];
  inputText: string;
  targetText: string;
  /** [B, T] of a batch of such examples in training. */
  shape: [batch: number, steps: number];
}

export interface Examples {
  readonly count: number;
  readonly stepsPerEpoch: number;
  /** Example number `index` in text order. Throws `invalidInput` if there is no such example. */
  at(index: number): Example;
}

/** Throws as `planBatches`. */
export function examplesOf(corpus: Corpus, config: TrainingConfig): Examples {
  const single = planBatches(corpus, { ...config, batch: 1 });
  // A plan of running text may have one slot more than the first epoch fills.
  const last = single.stepsPerEpoch - 1;
  const count = countTargets(single.batch(last)) === 0 ? last : last + 1;
  return {
    count,
    stepsPerEpoch: planBatches(corpus, config).stepsPerEpoch,
    at(index) {
      if (!(Number.isInteger(index) && index >= 0 && index < count)) {
        throw new InklingError('invalidInput', `There is no example ${index}: this text has 0 to ${count - 1}.`);
      }
      const batch = single.batch(index);
      const inputIds = Array.from(batch.inputs, (id) => (id === noToken ? null : id));
      const targetIds = [...batch.targets].filter((id) => id !== noTarget);
      return {
        batch,
        inputIds,
        targetIds,
        inputText: corpus.vocabulary.decode(inputIds.filter((id) => id !== null)),
        targetText: corpus.vocabulary.decode(targetIds),
        shape: [config.batch, batch.steps],
      };
    },
  };
}
