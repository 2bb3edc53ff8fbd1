/**
 * What a network predicts at every token of a text, in the order of the text: the memory has to learn in this order,
 * while the network reads several stretches at once.
 */
import { unlessCancelled } from '../../common/errors';
import { noTarget, type Network } from '../backends/backend';
import type { TokenIds } from '../corpus/corpus';
import { placedBatches, type ReadingSpan } from '../corpus/readingBatches';

interface LogitsBlock {
  /** The positions of the block's tokens: from `start` up to but not including `end`. */
  start: number;
  end: number;
  /** [end - start, V]; the content is undefined at tokens that have no id. Valid until the next block. */
  logits: Float32Array;
}

/** The maximum number of logits held at once. */
const blockNumbers = 1 << 22;
/** Reading a shorter stretch in parallel saves less than it costs: its context has to be read first. */
const shortestStretch = 256;

/**
 * Yields blocks for the tokens of `span`, except a token that nothing precedes. Only for a network trained at every
 * step. Ends early if `isInterrupted` returns true during a long step.
 */
export async function* logitsInOrder(
  network: Network,
  ids: TokenIds,
  span: ReadingSpan,
  isInterrupted?: () => boolean,
): AsyncGenerator<LogitsBlock> {
  const { output } = network.spec;
  const classes = output.kind === 'softmax' ? output.classes : 0;
  const { batch: mostRows, steps } = network.limits;
  const most = Math.max(shortestStretch, Math.floor(blockNumbers / classes));
  const { contextStart } = span;
  let logits = new Float32Array(0);
  for (let start = Math.max(span.start, contextStart + 1); start < span.end;) {
    const end = Math.min(start + most, span.end);
    const rows = Math.max(1, Math.min(mostRows, Math.floor((end - start) / shortestStretch)));
    if (logits.length < (end - start) * classes) logits = new Float32Array((end - start) * classes);
    const stretches = stretchesOf(start, end, rows).map((stretch) => ({ ...stretch, contextStart }));
    for (const { batch, positions } of placedBatches(ids, stretches, { batch: rows, steps })) {
      if (positions.every((position) => position < 0)) {
        if (!(await unlessCancelled(network.evaluate(batch, { isInterrupted })))) return;
        continue;
      }
      const result = await unlessCancelled(network.evaluate(batch, { logits: true, isInterrupted }));
      if (!result) return;
      for (let row = 0; row < rows; row++) {
        for (let step = 0; positions[row] >= 0 && step < batch.steps; step++) {
          const at = step * batch.batch + row;
          if (batch.targets[at] === noTarget) continue;
          const to = positions[row] + step - start;
          logits.set(result.logits!.subarray(at * classes, (at + 1) * classes), to * classes);
        }
      }
    }
    yield { start, end, logits };
    start = end;
  }
}

/** Divides a stretch of text into `count` stretches, the longer ones first. */
function stretchesOf(start: number, end: number, count: number): { start: number; end: number }[] {
  const length = Math.floor((end - start) / count);
  const longer = (end - start) % count;
  return Array.from({ length: count }, (_, i) => {
    const from = start + i * length + Math.min(i, longer);
    return { start: from, end: from + length + (i < longer ? 1 : 0) };
  });
}
