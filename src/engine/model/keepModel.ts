/**
 * Saves the model at the end of a run so that nothing is lost: in its file, after copying aside what another run has
 * written there in the meantime; or in the system's temporary folder if the file cannot be written (a full disk).
 */
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { asInklingError, InklingError } from '../../common/errors';
import { sentence, type Told } from '../../common/l10n';
import { writeModelFile, type StoredModel } from './modelFile';
import { withLock } from './temporaryFiles';

/** Identifies the current version of `file`; undefined if there is no file. */
export async function versionOf(file: string): Promise<string | undefined> {
  const found = await fs.stat(file).catch(() => undefined);
  return found?.isFile() ? `${found.mtimeMs} ${found.ino}` : undefined;
}

/**
 * Writes `model` to `file`, which the run last saw in the version `seen`. Returns the path to which another run's model
 * was copied, if there was one. Throws like `writeModelFile`, with a message that says where the model was saved
 * instead.
 */
export async function keepModel(
  file: string,
  model: StoredModel,
  seen: string | undefined,
): Promise<string | undefined> {
  let moved: string | undefined;
  try {
    // No other writer may rename between this check and our rename: its model would be lost.
    await writeModelFile(file, model, (written) =>
      withLock(file, async () => {
        const version = await versionOf(file);
        const aside = version !== undefined && version !== seen ? await copyAside(file) : undefined;
        try {
          await fs.rename(written, file);
        } catch (error) {
          // The other run's model is still in place.
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
    const told = sentence('{0} The trained model is kept in {1}.', failure.told, elsewhere);
    throw new InklingError(failure.code, told, { cause: error });
  }
}

/** The sentence that tells the user where another run's model is now. */
export function movedNotice(file: string, moved: string): Told {
  return sentence('Another run wrote {0} meanwhile: its model is now {1}. Give each run its own file.', file, moved);
}

/** For `novel.inkling.safetensors`: `novel-2.inkling.safetensors`, `novel-3.inkling.safetensors` and so on. */
export function* numberedNames(file: string): Generator<string, never> {
  const extension = /(\.inkling)?\.[^.]*$/.exec(path.basename(file))?.[0] ?? '';
  const stem = file.slice(0, file.length - extension.length);
  for (let i = 2; ; i++) yield `${stem}-${i}${extension}`;
}

/** Copies to the first free numbered name, so that anyone who reads `file` in the meantime finds a model there. */
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
