/** Follows a job to its end and finishes its model. */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../../common/errors';
import { sentence } from '../../../common/l10n';
import { noticeOf, type DoneEvent, type TrainEvent } from '../../../common/trainEvents';
import type { Compute } from '../../backends/backend';
import type { StoredLanguageModel } from '../../model/modelFile';
import { movedNotice, versionOf } from '../../model/keepModel';
import { finishJob, trainedModelName } from './finishJob';
import { followJob } from './followJob';
import { openJobSource } from './jobSource';
import { jobFileName } from './writeJob';

export interface AttachRequest {
  job: string;
  token?: string;
  /** Default: the file that the script wrote, in the folder of the job on this machine. */
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
  const folder = source.folder ?? (await mountedFolder(done.model));
  if (folder === undefined) {
    throw new InklingError(
      'invalidInput',
      sentence(
        '{0} has ended; its model is {1} on the cluster. Copy the folder of the job here and attach to it.',
        source.name,
        done.model,
      ),
    );
  }
  const target = modelPath ?? path.join(folder, trainedModelName);
  const { moved, ...finished } = await finishJob(folder, {
    modelPath: target,
    seen: modelPath === undefined ? await versionOf(target) : seenBefore,
    compute,
    isSkipped: () => signal?.aborted ?? false,
  });
  if (moved) {
    onEvent(noticeOf('information', finished.done.steps, movedNotice(target, moved)));
  }
  return finished;
}

/**
 * The folder of a model that a cluster's log names, if it is mounted at the same path here and belongs to a job;
 * otherwise undefined. A log may say anything, so a network path is never opened: Windows would log in to its server.
 */
async function mountedFolder(model: string): Promise<string | undefined> {
  if (/^[\\/]{2}/.test(model)) return undefined;
  const folder = path.dirname(model);
  return fs.access(path.join(folder, jobFileName)).then(
    () => folder,
    () => undefined,
  );
}
