/**
 * Every-step batches over running text, for stateful truncated back-propagation: B rows, each reading its own part of
 * the text in order, T tokens per batch, with the recurrent state carried from batch to batch.
 *
 * The text is cut into *slots* of T targets; a row reads consecutive slots, one per batch. No slot crosses the end of a
 * file, and a row that reaches a new file starts it with a zero state. The first token of a file is predicted from
 * `noToken`, so in an epoch every token is a target once.
 *
 * The cuts differ from epoch to epoch: the assignment of slots to rows is rotated, and the slots of a file begin at a
 * random phase φ < T; the φ targets before it become the file's last slot.
 */
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Batch } from '../backends/backend';
import type { Random } from '../random';
import { BatchBuffer } from './batchBuffer';
import type { BatchPlan } from './batchPlan';
import type { Corpus, Span } from './corpus';
import { Permutation } from './permutation';
import { type ReadingSpan, readingBatches } from './readingBatches';
import { lastAtOrBelow } from '../../common/search';
import { heldOutSpans, trainSpans } from './spans';

/** Files of fewer slots are always cut from their start: a phase might cost them a slot. */
const fewestSlotsForPhase = 8;

/** The minimum length of a held-out stream, in batches. */
const fewestHeldOutSlots = 8;

/** The position of a file's slots among all, and how they are cut. */
interface FileSlots extends Span {
  firstSlot: number;
  slots: number;
  phases: Phases;
  phase: number;
}

/** Phases from `low` up to, not including, `high`, all with the same number of slots. */
interface Phases {
  low: number;
  high: number;
}

export function textStreams(corpus: Corpus, config: TrainingConfig): BatchPlan {
  const spans = trainSpans(corpus).filter((span) => span.end > span.start);
  const trainTargets = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  if (trainTargets < 2) {
    throw new InklingError(
      'invalidInput',
      sentence('The training part has fewer than 2 tokens: choose a longer text.'),
    );
  }
  const longest = spans.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const steps = Math.min(config.objective.steps, longest);

  let slotCount = 0;
  const files = spans.map(({ start, end }): FileSlots => {
    const { slots, phases } = cutFile(end - start, steps);
    slotCount += slots;
    return { start, end, firstSlot: slotCount - slots, slots, phases, phase: 0 };
  });

  const firstSlots = files.map((file) => file.firstSlot);

  const carry = config.objective.carryState;
  const stepsPerEpoch = Math.ceil(slotCount / config.batch);
  // The rows that are needed: with few slots, some rows of the batch would have nothing to read.
  const rows = Math.ceil(slotCount / stepsPerEpoch);

  const buffer = new BatchBuffer(corpus.ids, rows, steps);
  const resetRows = new Uint8Array(rows);
  let rotation = 0;
  let order: Permutation | null = null;

  /** Fills one row with a slot. Returns whether the row must start from zeros. */
  function readSlot(row: number, slot: number): boolean {
    const file = files[lastAtOrBelow(firstSlots, slot)];
    const { start, end, phase, firstSlot, slots } = file;
    const k = slot - firstSlot;
    if (phase > 0 && k === slots - 1) {
      buffer.predict(row, start, start + phase, true);
      return true;
    }
    const from = start + phase + k * steps;
    buffer.predict(row, from, Math.min(from + steps, end), from === start);
    return k === 0;
  }

  return {
    // There are at most `batch` streams of the held-out part.
    limits: { batch: config.batch, steps },
    stepsPerEpoch,
    trainTargets,
    heldOutTargets: heldOutSpans(corpus).reduce((sum, { start, end }) => sum + end - start, 0),
    startEpoch(_epoch, random) {
      for (const file of files) file.phase = drawPhase(file.phases, random);
      rotation = random.integer(slotCount);
      // Without a state to carry, the order of the slots does not matter.
      order = !carry && config.objective.shuffle ? new Permutation(slotCount, random) : null;
    },
    batch(step): Batch {
      const batch = buffer.begin(rows, steps, carry ? 'carry' : 'zero');
      resetRows.fill(0);
      for (let row = 0; row < rows; row++) {
        // Rows read stretches of `stepsPerEpoch` slots; the last may be shorter.
        const place = row * stepsPerEpoch + step;
        if (place >= slotCount) continue;
        const slot = order ? order.at(place) : (rotation + place) % slotCount;
        if (readSlot(row, slot) || step === 0) resetRows[row] = 1;
      }
      return carry ? { ...batch, resetRows } : batch;
    },
    *heldOut(maximumTargets = Infinity) {
      const { pieces, share } = cutHeldOut(heldOutSpans(corpus), steps, config.batch, maximumTargets);
      yield* readingBatches(corpus.ids, pieces, { batch: config.batch, steps, share });
    },
  };
}

/**
 * How a file of n tokens is cut: its slots, and the phases that need exactly that many. With n = aT + b, 0 < b ≤ T:
 * phase 0 and phases from b on need a + 1, the others a + 2. The larger set of phases is used.
 */
function cutFile(n: number, steps: number): { slots: number; phases: Phases } {
  const slots = Math.ceil(n / steps);
  if (slots < fewestSlotsForPhase || steps === 1) return { slots, phases: { low: 0, high: 1 } };
  const b = n - (slots - 1) * steps;
  return 2 * b <= steps
    ? { slots, phases: { low: b, high: steps } }
    : { slots: slots + 1, phases: { low: 1, high: b } };
}

function drawPhase({ low, high }: Phases, random: Random): number {
  return low + random.integer(high - low);
}

/**
 * The held-out spans cut into streams: enough of them to fill a batch, each long enough that the context read before it
 * costs little. `share` is the part of each to use, so that `maximumTargets` are spread over all.
 */
function cutHeldOut(
  spans: readonly (Span & { fileStart: number })[],
  steps: number,
  batch: number,
  maximumTargets: number,
): { pieces: ReadingSpan[]; share: number } {
  const total = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const share = total > 0 ? Math.min(1, maximumTargets / total) : 1;
  const length = Math.ceil(Math.max(total / batch, (fewestHeldOutSlots * steps) / Math.max(share, 1e-9)));
  const pieces = spans.flatMap(({ start, end, fileStart }) => {
    const count = Math.max(1, Math.round((end - start) / length));
    return Array.from({ length: count }, (_, i) => ({
      start: start + Math.floor(((end - start) * i) / count),
      end: start + Math.floor(((end - start) * (i + 1)) / count),
      contextStart: fileStart,
    }));
  });
  return { pieces, share };
}
