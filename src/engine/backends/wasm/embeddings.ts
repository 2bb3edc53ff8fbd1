/**
 * The additional work for embeddings. The vector of each token that occurs in a batch is multiplied by the input weights
 * once, before the rows are computed; the gradients go back the same way. Each thread has its own share of these tokens.
 */
import type { JobPart } from './job';
import { fromResult, fromZero } from './runtime';

/** Before the rows: the input part of the gates for each occurring token. */
export function projectTokens(part: JobPart): void {
  const { k, layout, job } = part;
  const { embedding, inputPanels } = layout;
  const { ids, vectors } = layout.occurring!;
  const [first, end] = part.share(job.occurring, 2);
  const stride = job.occurring * 64;
  const at = first * 64;
  k.gatherVectors(vectors + at, stride, embedding!.weights, ids + first * 2, end - first, inputPanels);
  for (const d of layout.layers[0].directions) {
    const w = d.input.weights;
    k.multiply(d.projected + at, stride, vectors + at, stride, w, end - first, inputPanels, d.gatePanels, fromZero);
  }
}

/** Before the gradients of the vectors are added: sets this thread's rows of the table to 0. */
export function clearEmbeddingGradient(part: JobPart): void {
  const { gradients, rows, panels } = part.layout.embedding!;
  const [from, to] = part.share(rows);
  part.k.clear(gradients + from * panels * 64, 0, (to - from) * panels, 1);
}

/** After the gradients of the input weights: the gradients of the occurring vectors. All others are 0. */
export function embeddingGradient(part: JobPart): void {
  const { k, layout, job } = part;
  const { gradients, panels } = layout.embedding!;
  const { ids, dVectors } = layout.occurring!;
  const [first, end] = part.share(job.occurring, 2);
  const stride = job.occurring * 64;
  const at = first * 64;
  const rows = end - first;
  layout.layers[0].directions.forEach((d, i) => {
    const w = d.input.transposed;
    const start = i === 0 ? fromZero : fromResult;
    k.multiply(dVectors + at, stride, d.dProjected + at, stride, w, rows, d.gatePanels, panels, start);
  });
  k.scatterVectors(gradients, dVectors + at, stride, ids + first * 2, rows, panels, 0, panels);
}
