/** Follows a job to its end and finishes its model. */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../../common/errors';
import type { DoneEvent, TrainEvent } from '../../../common/trainEvents';
import type { Compute } from '../../backends/backend';
import type { StoredLanguageModel } from '../../model/modelFile';
import { movedNotice, versionOf } from '../../model/keepModel';
import { finishJob } from './finishJob';
import { followJob } from './followJob';
import { openJobSource } from './jobSource';
import { jobFileName } from './writeJob';

export interface AttachRequest {
  job: string;
  token?: string;
  /** Default: that of the script, in the folder of the job. */
  modelPath?: string;
  compute: Compute;
  /** All events except the last one, which is in the result. */
  onEvent: (event: TrainEvent) => void;
  onLog?: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Throws like `openJobSource` and `followJob`, and `invalidInput` if the folder of the job is not within reach of this
 * machine, naming the place of the model.
 */
export async function attachToJob({
  job,
  token,
  modelPath,
  compute,
  onEvent,
  onLog,
  signal,
}: AttachRequest): Promise<{ model: StoredLanguageModel; done: DoneEvent }> {
  const seenBefore = modelPath && (await versionOf(modelPath));
  const source = await openJobSource(job, token);
  const done = await followJob(source, { onEvent, onLog, signal });
  // A cluster's folder may be mounted here.
  const folder = source.folder ?? path.dirname(done.model);
  const isHere = await fs.access(path.join(folder, jobFileName)).then(
    () => true,
    () => false,
  );
  if (!isHere) {
    throw new InklingError(
      'invalidInput',
      `${source.name} has ended; its model is ${done.model} on the cluster. Copy the folder of the job here and attach to it.`,
    );
  }
  const target = modelPath ?? done.model;
  const { moved, ...finished } = await finishJob(folder, {
    modelPath: target,
    seen: modelPath === undefined ? await versionOf(target) : seenBefore,
    compute,
    isSkipped: () => signal?.aborted ?? false,
  });
  if (moved) {
    const message = movedNotice(target, moved);
    onEvent({ event: 'notice', step: finished.done.steps, kind: 'information', message });
  }
  return finished;
}
