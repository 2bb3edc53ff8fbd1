/**
 * Where a run's model goes at its end, so that nothing is lost: to its file; if another run has written that meanwhile,
 * the other's model is moved aside first; and where the file cannot be written (a full disk), to the system's temporary
 * folder.
 */
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { asInklingError, InklingError } from '../../common/errors';
import { writeModelFile, type StoredModel } from '../model/modelFile';

/** When `file` was last written, in milliseconds since 1970; undefined where there is no file. */
export async function lastWritten(file: string): Promise<number | undefined> {
  const found = await fs.stat(file).catch(() => undefined);
  return found?.isFile() ? found.mtimeMs : undefined;
}

/**
 * Writes `model` to `file`, which the run last saw as written at `seenMs`. Gives where another run's model was moved to,
 * if one was there. Throws as `writeModelFile`, the message saying where the model was kept instead.
 */
export async function keepModel(
  file: string,
  model: StoredModel,
  seenMs: number | undefined,
): Promise<string | undefined> {
  try {
    const writtenMs = await lastWritten(file);
    const moved = writtenMs !== undefined && writtenMs !== seenMs ? await moveAside(file) : undefined;
    await writeModelFile(file, model);
    return moved;
  } catch (error) {
    const failure = asInklingError(error);
    const elsewhere = await writeElsewhere(path.basename(file), model).catch(() => undefined);
    if (!elsewhere) throw failure;
    throw new InklingError(failure.code, `${failure.message} The trained model is kept in ${elsewhere}.`, {
      cause: error,
    });
  }
}

/** `novel.inkling.safetensors` becomes `novel-2.inkling.safetensors`, or the first free number after that. */
async function moveAside(file: string): Promise<string> {
  const extension = /(\.inkling)?\.[^.]*$/.exec(path.basename(file))?.[0] ?? '';
  const stem = file.slice(0, file.length - extension.length);
  for (let i = 2; ; i++) {
    const free = `${stem}-${i}${extension}`;
    if ((await lastWritten(free)) !== undefined) continue;
    await fs.rename(file, free);
    return free;
  }
}

async function writeElsewhere(name: string, model: StoredModel): Promise<string> {
  const file = path.join(await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-')), name);
  await writeModelFile(file, model);
  return file;
}
