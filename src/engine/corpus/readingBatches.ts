/**
 * Batches that score spans of text in order: several spans at once, as the rows of a batch, each carrying its state. A
 * span is preceded by context tokens without a loss, so that cutting a text into spans hardly changes what the model
 * has seen at each target.
 */
import type { Batch } from '../backends/backend';
import { BatchBuffer } from './batchBuffer';
import type { Span, TokenIds } from './corpus';

/** A span to score; its context may start at `contextStart`. */
export interface ReadingSpan extends Span {
  contextStart: number;
}

/** The minimum of context tokens before a span (rounded up to whole batches). */
const contextTokens = 64;

/**
 * Every token of the spans is a target once, except the first of a text, which nothing precedes. `share`: the part of
 * each span to use, from its beginning.
 */
export function* readingBatches(
  ids: TokenIds,
  spans: readonly ReadingSpan[],
  options: { batch: number; steps: number; share?: number },
): Generator<Batch> {
  for (const { batch } of placedBatches(ids, spans, options)) yield batch;
}

/**
 * The same, with the position in `ids` of each row's first target; -1 if the row has none. Its further targets follow
 * each other. If the spans have equal or decreasing lengths, row i reads span i.
 */
export function* placedBatches(
  ids: TokenIds,
  spans: readonly ReadingSpan[],
  { batch, steps, share = 1 }: { batch: number; steps: number; share?: number },
): Generator<{ batch: Batch; positions: Int32Array }> {
  const wanted = spans
    .map((span) => {
      const start = Math.max(span.start, span.contextStart + 1);
      return { ...span, start, end: Math.min(span.end, span.start + Math.ceil((span.end - span.start) * share)) };
    })
    .filter((span) => span.end > span.start)
    // Rows that are read together should end together.
    .sort((a, b) => b.end - b.start - (a.end - a.start));
  if (wanted.length === 0) return;
  const rows = Math.min(batch, wanted.length);
  const buffer = new BatchBuffer(ids, rows, steps);
  const contextSlots = Math.ceil(contextTokens / steps);
  for (let first = 0; first < wanted.length; first += rows) {
    const group = wanted.slice(first, first + rows);
    // Context slots come first; a row with less preceding text starts later.
    const slotsBefore = group.map(({ start, contextStart }) =>
      Math.min(contextSlots, Math.floor((start - contextStart - 1) / steps)),
    );
    const lead = Math.max(...slotsBefore);
    const slots = lead + Math.ceil((group[0].end - group[0].start) / steps);
    for (let slot = 0; slot < slots; slot++) {
      const current = buffer.begin(rows, steps, 'carry');
      const resetRows = new Uint8Array(rows);
      const positions = new Int32Array(rows).fill(-1);
      group.forEach(({ start, end }, row) => {
        const from = start + (slot - lead) * steps;
        const joins = lead - slotsBefore[row];
        if (slot === joins) resetRows[row] = 1;
        if (slot < joins || from >= end) return;
        if (from >= start) {
          buffer.predict(row, from, Math.min(from + steps, end), false);
          positions[row] = from;
        } else for (let t = 0; t < steps; t++) buffer.setInput(t, row, from + t - 1);
      });
      if (slot === 0) resetRows.fill(1);
      yield { batch: { ...current, resetRows }, positions };
    }
  }
}

/**
 * Batches that score a whole text in order, for a model trained at every step: every token after the first is a target.
 * One row is exact; with more rows, the text is read as that many spans, each with some context.
 */
export function scoreBatches(ids: TokenIds, options: { steps: number; rows: number }): Generator<Batch> {
  const { steps, rows } = options;
  const count = Math.max(1, Math.min(rows, Math.floor(ids.length / (8 * Math.max(steps, contextTokens)))));
  const spans = Array.from({ length: count }, (_, i) => ({
    start: Math.floor((ids.length * i) / count),
    end: Math.floor((ids.length * (i + 1)) / count),
    contextStart: 0,
  }));
  return readingBatches(ids, spans, { batch: count, steps });
}
