/**
 * The checkpoint of a run, next to its model until that is written. If two runs train to one file, the one that finds
 * the other's checkpoint there uses another name, so that both can be resumed.
 */
import * as fs from 'node:fs/promises';
import { asInklingError, InklingError } from '../../common/errors';
import { sentence, type Told } from '../../common/l10n';
import { numberedNames, versionOf } from '../model/keepModel';
import { readModelMetadata, writeModelFile, type StoredLanguageModel } from '../model/modelFile';
import { withLock } from '../model/temporaryFiles';
import { checkpointPath } from './resume';

export class CheckpointFile {
  private file: string;
  /** The file as this run last saw it. */
  private seen: string | undefined;

  /** `created`: the start times of the runs whose checkpoint may be removed: this run, and the one that it continues. */
  constructor(
    private readonly modelPath: string,
    private readonly created: readonly (string | undefined)[],
  ) {
    this.file = checkpointPath(modelPath);
  }

  /** To be called before the run trains: what is there now may be replaced; what others write later may not. */
  async begin(): Promise<void> {
    this.seen = await versionOf(this.file);
  }

  /**
   * Returns the path of the file and, when another run has just taken that path, a notice. Throws like
   * `writeModelFile`.
   */
  async write(model: StoredLanguageModel): Promise<{ file: string; notice?: Told }> {
    let notice: Told | undefined;
    await writeModelFile(this.file, model, (written) =>
      this.withLock(async () => {
        const found = await versionOf(this.file);
        if (found !== undefined && found !== this.seen) {
          const taken = this.file;
          this.file = await freeCheckpoint(this.modelPath);
          notice = sentence(
            'Another run writes its checkpoints to {0}: those of this run go to {1}. Give each run its own file.',
            taken,
            this.file,
          );
        }
        await fs.rename(written, this.file);
        this.seen = await versionOf(this.file);
      }),
    );
    return { file: this.file, notice };
  }

  /**
   * Removes the checkpoint, unless it belongs to another run. Never throws: once there is a model, a checkpoint that
   * cannot be removed does no harm.
   */
  async remove(): Promise<void> {
    if ((await versionOf(this.file)) === undefined) return;
    const removing = this.withLock(async () => {
      const found = await readModelMetadata(this.file).catch((error: unknown) => asInklingError(error));
      const isOwn =
        found instanceof InklingError ? found.code === 'corruptModel' : this.created.includes(found.provenance.created);
      if (isOwn) await fs.rm(this.file, { force: true });
    });
    await removing.catch(() => undefined);
  }

  /** No other run to the same model may write or remove a checkpoint between this run's check and its change. */
  private withLock<R>(work: () => Promise<R>): Promise<R> {
    return withLock(checkpointPath(this.modelPath), work);
  }
}

/** Next to the first numbered name that has neither a model nor a checkpoint: `--resume` with that name finds it. */
async function freeCheckpoint(modelPath: string): Promise<string> {
  for (const name of numberedNames(modelPath)) {
    const file = checkpointPath(name);
    const taken = (await versionOf(name)) ?? (await versionOf(file));
    if (taken === undefined) return file;
  }
  throw new Error('Unreachable: numbers do not run out.');
}
