/**
 * Every-step batches of whole lines, one per row (the recipe `dinosaur-names`): a line starts from `noToken`, and its
 * newline is the last target. Rows of a batch are padded to the longest with steps that have no target. A line longer
 * than `objective.steps` is cut; later parts start from zeros, with the preceding character as their first input.
 */
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Batch } from '../backends/backend';
import { Random } from '../random';
import { BatchBuffer } from './batchBuffer';
import type { BatchPlan } from './batchPlan';
import type { Corpus, ExampleTable } from './corpus';
import { Permutation } from './permutation';
import { splitExampleTable } from './spans';

/** The generator stream that draws an order kept for the whole run. */
const orderStream = 0x5712;

export function lines(corpus: Corpus, config: TrainingConfig): BatchPlan {
  const { shuffle, carryState } = config.objective;
  const split = splitExampleTable(corpus, config.seed);
  const train = cutLongLines(split.train, config.objective.steps);
  const heldOut = cutLongLines(split.heldOut, config.objective.steps);
  const steps = Math.max(longestOf(train), longestOf(heldOut));
  const newline = corpus.vocabulary.idOf('\n');
  const startsLine = (position: number): boolean => position === 0 || corpus.ids[position - 1] === newline;

  const buffer = new BatchBuffer(corpus.ids, config.batch, steps);
  let order: Permutation | null = null;
  let firstEpoch = true;

  /** The lines `first`, `first + 1`, … of a table in an order, as a batch. */
  function fill(table: ExampleTable, first: number, count: number, at: (index: number) => number): Batch {
    const rows = Math.min(config.batch, count - first);
    let longest = 0;
    for (let row = 0; row < rows; row++) {
      const i = at(first + row);
      longest = Math.max(longest, table.ends[i] - table.starts[i]);
    }
    const batch = buffer.begin(rows, longest, 'zero');
    for (let row = 0; row < rows; row++) {
      const i = at(first + row);
      buffer.predict(row, table.starts[i], table.ends[i], startsLine(table.starts[i]));
    }
    return batch;
  }

  return {
    limits: { batch: config.batch, steps },
    stepsPerEpoch: Math.ceil(train.starts.length / config.batch),
    trainTargets: tokensOf(train),
    heldOutTargets: tokensOf(heldOut),
    startEpoch(epoch, random) {
      firstEpoch = epoch === 0;
      // If the state passes from line to line, the whole run keeps one order, as in the recipe `dinosaur-names`.
      if (shuffle && carryState) random = new Random(config.seed, orderStream);
      order = shuffle ? new Permutation(train.starts.length, random) : null;
    },
    batch(step) {
      const batch = fill(train, step * config.batch, train.starts.length, (i) => (order ? order.at(i) : i));
      if (!carryState) return batch;
      // Only the very first line has no previous state.
      const reset = firstEpoch && step === 0 ? 1 : 0;
      return { ...batch, state: 'carry', resetRows: Uint8Array.of(reset) };
    },
    *heldOut(maximumTargets = Infinity) {
      const total = heldOut.starts.length;
      const share = Math.min(1, maximumTargets / Math.max(1, tokensOf(heldOut)));
      const count = Math.min(total, Math.ceil(total * share));
      for (let first = 0; first < count; first += config.batch) {
        yield fill(heldOut, first, count, (i) => Math.floor((i * total) / count));
      }
    },
  };
}

function cutLongLines(table: ExampleTable, steps: number): ExampleTable {
  if (longestOf(table) <= steps) return table;
  const starts: number[] = [];
  const ends: number[] = [];
  table.starts.forEach((lineStart, i) => {
    for (let start = lineStart; start < table.ends[i]; start += steps) {
      starts.push(start);
      ends.push(Math.min(start + steps, table.ends[i]));
    }
  });
  return { starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

function longestOf({ starts, ends }: ExampleTable): number {
  let longest = 0;
  for (let i = 0; i < starts.length; i++) longest = Math.max(longest, ends[i] - starts[i]);
  return longest;
}

function tokensOf({ starts, ends }: ExampleTable): number {
  let tokens = 0;
  for (let i = 0; i < starts.length; i++) tokens += ends[i] - starts[i];
  return tokens;
}
