/**
 * Last-step batches of line prefixes (the recipes `shakespeare-words-*`): every prefix of two or more words, padded at
 * the front to the longest one, with its last word as the target. If a prefix is longer than `objective.steps`, only
 * its last words are used.
 */
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Batch } from '../backends/backend';
import { BatchBuffer } from './batchBuffer';
import type { BatchPlan } from './batchPlan';
import type { Corpus, ExampleTable } from './corpus';
import { Permutation } from './permutation';
import { splitExampleTable } from './spans';
import { paddingId } from './vocabulary';

export function linePrefixes(corpus: Corpus, config: TrainingConfig): BatchPlan {
  const { train, heldOut } = splitExampleTable(corpus, config.seed);
  const { starts, ends } = corpus.examples!;
  let longest = 0;
  for (let i = 0; i < starts.length; i++) longest = Math.max(longest, ends[i] - starts[i]);
  const steps = Math.min(config.objective.steps, longest - 1);

  const buffer = new BatchBuffer(corpus.ids, config.batch, steps);
  let order: Permutation | null = null;

  function fill(table: ExampleTable, first: number, count: number, at: (index: number) => number): Batch {
    const rows = Math.min(config.batch, count - first);
    const batch = buffer.begin(rows, steps, 'zero', paddingId);
    for (let row = 0; row < rows; row++) {
      const i = at(first + row);
      const target = table.ends[i] - 1;
      const start = Math.max(table.starts[i], target - steps);
      for (let position = start; position < target; position++) {
        buffer.setInput(steps - (target - position), row, position);
      }
      buffer.setTarget(steps - 1, row, target);
    }
    return batch;
  }

  const trainCount = train.starts.length;
  return {
    limits: { batch: config.batch, steps },
    stepsPerEpoch: Math.ceil(trainCount / config.batch),
    trainTargets: trainCount,
    heldOutTargets: heldOut.starts.length,
    startEpoch(_epoch, random) {
      order = config.objective.shuffle ? new Permutation(trainCount, random) : null;
    },
    batch: (step) => fill(train, step * config.batch, trainCount, (i) => (order ? order.at(i) : i)),
    *heldOut(maximumTargets = Infinity) {
      const total = heldOut.starts.length;
      const count = Math.min(total, Math.max(1, Math.floor(maximumTargets)));
      for (let first = 0; first < count; first += config.batch) {
        yield fill(heldOut, first, count, (i) => Math.floor((i * total) / count));
      }
    },
  };
}
