/**
 * Last-step batches over running text: windows of T tokens, one every `stride`, with the token after a window as its
 * only target. A window is a position in the text, never a copy; no window crosses the end of a file.
 */
import { InklingError } from '../../common/errors';
import { sentence, type Sentence } from '../../common/l10n';
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Batch } from '../backends/backend';
import { BatchBuffer } from './batchBuffer';
import type { BatchPlan } from './batchPlan';
import type { Corpus, Span, TokenIds } from './corpus';
import { Permutation } from './permutation';
import { lastAtOrBelow } from '../../common/search';
import { heldOutCount, heldOutSpans, splitOrder, trainSpans } from './spans';

/** The windows of several spans, numbered consecutively. */
class WindowTable {
  readonly count: number;
  /** First window of each span; an empty span shares its number with the next. */
  private readonly first: number[] = [];

  constructor(
    private readonly spans: readonly Span[],
    steps: number,
    private readonly stride: number,
  ) {
    let count = 0;
    for (const { start, end } of spans) {
      this.first.push(count);
      count += windowCount(end - start, steps, stride);
    }
    this.count = count;
  }

  /** Where window `index` starts. */
  start(index: number): number {
    const span = lastAtOrBelow(this.first, index);
    return this.spans[span].start + (index - this.first[span]) * this.stride;
  }
}

/** The number of windows in a text of `length` tokens that are followed by a token. */
export function windowCount(length: number, steps: number, stride: number): number {
  return length > steps ? Math.floor((length - steps - 1) / stride) + 1 : 0;
}

export function windows(corpus: Corpus, config: TrainingConfig): BatchPlan {
  const { steps, stride, shuffle } = config.objective;
  const table = new WindowTable(trainSpans(corpus), steps, stride);
  if (table.count === 0) throw tooShort(corpus, steps);

  const random = corpus.config.heldOut.kind === 'random';
  const heldOut = random ? heldOutCount(corpus, table.count) : 0;
  const split = heldOut > 0 ? splitOrder(table.count, config.seed) : null;
  const trainCount = table.count - heldOut;
  // Held-out windows predict the held-out tokens; the first windows begin in the preceding training text.
  const heldOutTable = random
    ? null
    : new WindowTable(
        heldOutSpans(corpus).map(({ start, end, fileStart }) => ({ start: Math.max(fileStart, start - steps), end })),
        steps,
        stride,
      );

  const buffer = new BatchBuffer(corpus.ids, config.batch, steps);
  let order: Permutation | null = null;
  const trainStart = (place: number): number => {
    const index = order ? order.at(place) : place;
    return table.start(split ? split.at(heldOut + index) : index);
  };
  const heldOutStart = (index: number): number => (heldOutTable ?? table).start(split ? split.at(index) : index);
  const heldOutTargets = heldOutTable?.count ?? heldOut;

  return {
    limits: { batch: config.batch, steps },
    stepsPerEpoch: Math.ceil(trainCount / config.batch),
    trainTargets: trainCount,
    heldOutTargets,
    startEpoch(_epoch, epochRandom) {
      order = shuffle ? new Permutation(trainCount, epochRandom) : null;
    },
    batch: (step) => fillWindows(buffer, step * config.batch, trainCount, config.batch, steps, trainStart),
    *heldOut(maximumTargets = Infinity) {
      const count = Math.min(heldOutTargets, Math.max(1, Math.floor(maximumTargets)));
      const spread = (i: number): number => heldOutStart(Math.floor((i * heldOutTargets) / count));
      for (let first = 0; first < count; first += config.batch) {
        yield fillWindows(buffer, first, count, config.batch, steps, spread);
      }
    },
  };
}

/** Batches of the windows of any text, in order: the last-step loss of a model on it. */
export function* windowBatches(ids: TokenIds, steps: number, stride: number, batchSize: number): Generator<Batch> {
  const count = windowCount(ids.length, steps, stride);
  if (count === 0) {
    throw new InklingError(
      'invalidInput',
      `The text has ${ids.length} tokens; windows of ${steps} need at least ${steps + 1}. Choose a longer text or a shorter window.`,
    );
  }
  const buffer = new BatchBuffer(ids, batchSize, steps);
  for (let first = 0; first < count; first += batchSize) {
    yield fillWindows(buffer, first, count, batchSize, steps, (index) => index * stride);
  }
}

/** The windows from number `first` on as a batch, which is smaller at the end of `count`. */
function fillWindows(
  buffer: BatchBuffer,
  first: number,
  count: number,
  batchSize: number,
  steps: number,
  startOf: (index: number) => number,
): Batch {
  const rows = Math.min(batchSize, count - first);
  const batch = buffer.begin(rows, steps, 'zero');
  for (let row = 0; row < rows; row++) {
    const start = startOf(first + row);
    for (let t = 0; t < steps; t++) buffer.setInput(t, row, start + t);
    buffer.setTarget(steps - 1, row, start + steps);
  }
  return batch;
}

function tooShort(corpus: Corpus, steps: number): InklingError {
  const longest = corpus.files.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const { kind, fraction } = corpus.config.heldOut;
  const needed = Math.ceil((steps + 1) / (kind === 'tail' ? 1 - fraction : 1));
  const fits = Math.max(...trainSpans(corpus).map(({ start, end }) => end - start)) - 1;
  const amount = (count: number): Sentence =>
    corpus.config.unit === 'word' ? sentence('{0} words', count) : sentence('{0} characters', count);
  const has = corpus.files.length > 1 ? sentence('{0} in its longest file', amount(longest)) : amount(longest);
  const problem = sentence(
    'The text has {0}, too few for a window of {1}: at least {2} are needed.',
    has,
    steps,
    amount(needed),
  );
  return new InklingError(
    'invalidInput',
    fits >= 1
      ? sentence('{0} Choose a longer text, or set {1}.', problem, `objective.steps=${fits}`)
      : sentence('{0} Choose a longer text.', problem),
  );
}
