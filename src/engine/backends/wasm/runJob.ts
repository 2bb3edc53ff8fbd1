/**
 * One thread's part of a job. It has phases, with a barrier after each (control.ts):
 *
 * 0. `projectTokens`, only for embeddings
 * 1. `forwardBackward`: the thread's own rows of the batch through all layers and time steps, forward and backward
 * 2. `sumGradients`: the thread's own columns of every weight gradient, summed over all rows and steps; then
 *    `keepState` and `embeddingGradient`
 * 3. `sumSquares`: the gradient's norm
 * 4. `updateParameters`: the thread's own chunks of the parameters
 * 5. `transposeWeights`: the thread's own panels of the transposes that the backward pass reads
 *
 * Every number is computed by the same chain of operations, whichever thread does it, and sums over rows, steps and
 * chunks run in a fixed order: results do not depend on the number of threads, bit for bit.
 *
 * Phases 1 and 2 take nearly all of the time and change nothing that a later step reads: until their end, a step can be
 * abandoned.
 */
import { InklingError } from '../../../common/errors';
import type { Update } from '../backend';
import type { Control } from './control';
import { embeddingGradient, projectTokens } from './embeddings';
import { sumGradients } from './gradients';
import type { JobPart } from './job';
import { forwardBackward, keepState } from './rows';
import { sumOfChunks, sumSquares, transposeWeights, updateParameters } from './updates';

/** The Euclidean norms of the whole gradient; 0 for `evaluate`. Only a training step clips. */
export interface GradientNorms {
  before: number;
  clipped: number;
}

export function stepInterrupted(): InklingError {
  return new InklingError('cancelled', 'The training step was interrupted.');
}

/**
 * Returns the gradient's norm before and after clipping. On thread 0, `isInterrupted` may be given: if it returns true,
 * the job is abandoned and throws `cancelled` there; weights, optimiser and carried state are unchanged.
 */
export function runJob(part: JobPart, control: Control, isInterrupted?: () => boolean): GradientNorms {
  const { job, layout, thread, threads } = part;
  const together = (phase: (part: JobPart) => void): void => {
    phase(part);
    control.barrier(threads);
  };
  const attempt = (number: number, phase: (part: JobPart) => void): boolean =>
    control.attempt(
      number,
      threads,
      (proceed) => {
        part.proceed = proceed;
        phase(part);
      },
      isInterrupted,
    );
  if (layout.embedding) together(projectTokens);
  const isEvaluation = job.kind === 'evaluate';
  if (!attempt(1, forwardBackward) || (!isEvaluation && !attempt(2, sumGradients))) {
    if (thread > 0) return noNorms;
    throw stepInterrupted();
  }
  if (isEvaluation) {
    together(keepState);
    return noNorms;
  }
  keepState(part);
  if (layout.embedding?.trainable) together(embeddingGradient);
  together(() => sumSquares(part, 0));
  const before = Math.sqrt(sumOfChunks(part));
  if (job.kind === 'gradients') return { before, clipped: before };
  const { scale, norm: clipped } = clipping(part, control, job.update, before);
  together(() => updateParameters(part, job.update, job.updates, scale));
  together(transposeWeights);
  return { before, clipped };
}

const noNorms: GradientNorms = { before: 0, clipped: 0 };

/**
 * The factor that limits the norm of the gradient to `clipNorm`, after its elements were clipped to ±`clipValue`, and
 * the resulting norm.
 */
function clipping(
  part: JobPart,
  control: Control,
  { clipNorm, clipValue }: Update,
  norm: number,
): { scale: number; norm: number } {
  if (clipValue > 0) {
    control.barrier(part.threads); // all have read the sums
    sumSquares(part, clipValue);
    control.barrier(part.threads);
    norm = Math.sqrt(sumOfChunks(part));
  }
  return clipNorm > 0 && norm > clipNorm ? { scale: clipNorm / norm, norm: clipNorm } : { scale: 1, norm };
}
