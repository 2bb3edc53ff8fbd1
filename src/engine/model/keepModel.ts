/**
 * Where a run's model goes at its end, so that nothing is lost: to its file; if another run has written that meanwhile,
 * the other's model is put aside first; and where the file cannot be written (a full disk), to the system's temporary
 * folder.
 */
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { asInklingError, InklingError } from '../../common/errors';
import { writeModelFile, type StoredModel } from './modelFile';
import { whileAlone } from './temporaryFiles';

/** Tells one writing of `file` from the next; undefined where there is no file. */
export async function versionOf(file: string): Promise<string | undefined> {
  const found = await fs.stat(file).catch(() => undefined);
  return found?.isFile() ? `${found.mtimeMs} ${found.ino}` : undefined;
}

/**
 * Writes `model` to `file`, which the run last saw in the version `seen`. Gives where another run's model was put, if
 * one was there. Throws as `writeModelFile`, the message saying where the model was kept instead.
 */
export async function keepModel(
  file: string,
  model: StoredModel,
  seen: string | undefined,
): Promise<string | undefined> {
  let moved: string | undefined;
  try {
    // Between the look at the file and the rename nobody else may rename: that model would be lost.
    await writeModelFile(file, model, (written) =>
      whileAlone(file, async () => {
        const version = await versionOf(file);
        const aside = version !== undefined && version !== seen ? await copyAside(file) : undefined;
        try {
          await fs.rename(written, file);
        } catch (error) {
          // The other's model is still in its place.
          if (aside) await fs.rm(aside, { force: true }).catch(() => undefined);
          throw error;
        }
        moved = aside;
      }),
    );
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

/** For `novel.inkling.safetensors`: `novel-2.inkling.safetensors`, `novel-3.inkling.safetensors` and so on. */
export function* numberedNames(file: string): Generator<string, never> {
  const extension = /(\.inkling)?\.[^.]*$/.exec(path.basename(file))?.[0] ?? '';
  const stem = file.slice(0, file.length - extension.length);
  for (let i = 2; ; i++) yield `${stem}-${i}${extension}`;
}

/** Copies to the first numbered name that is free: whoever reads `file` meanwhile always finds a model there. */
async function copyAside(file: string): Promise<string | undefined> {
  for (const free of numberedNames(file)) {
    try {
      await fs.copyFile(file, free, fs.constants.COPYFILE_EXCL);
      return free;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined; // put away meanwhile
      if (code !== 'EEXIST') throw error;
    }
  }
}

async function writeElsewhere(name: string, model: StoredModel): Promise<string> {
  const file = path.join(await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-')), name);
  await writeModelFile(file, model);
  return file;
}
