/**
 * Checks where a command may write a model: never over a text, a folder, another program's file, or a model of other
 * texts.
 */
import type { BigIntStats } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { languageOfBase } from '../../common/bases';
import { InklingError } from '../../common/errors';
import { readModelMetadata } from '../model/modelFile';
import type { ModelMetadata } from '../model/modelMetadata';
import { checkpointPath } from '../training/resume';
import { shellWord } from './shellWord';
import { UsageError } from './usage';

export interface OutFile {
  /** `out`, or what it links to. */
  path: string;
  /** Models that would be replaced: at the path itself, and its checkpoint. */
  replaced: { file: string; metadata: ModelMetadata }[];
}

/**
 * Checks the path given by `--out` before any work is done. Throws `invalidInput` if something is there that a model
 * must not replace. `inputs` are the files that the command reads; `beside` are the extensions of other files that it
 * writes next to the model; `continued` are models that it continues, which may be replaced in any state.
 */
export async function checkOutFile(
  out: string,
  { inputs, beside = [], continued = [] }: { inputs: string[]; beside?: string[]; continued?: string[] },
): Promise<OutFile> {
  // Other programs take a hyphen as standard output.
  if (/^\s*-?$/.test(out))
    throw new UsageError('--out takes the name of a file, as in --out novel.inkling.safetensors.');
  if (languageOfBase(out) !== undefined) {
    throw new UsageError(`"${out}" names a model that comes with Inkling. Name another file with --out.`);
  }
  const target = await followLinks(out);
  const replaced: OutFile['replaced'] = [];
  for (const file of [target, ...beside.map((ending) => target + ending)]) {
    const there = await fs.stat(file).catch(() => undefined);
    if (!there) continue;
    if (there.isDirectory()) throw refusal(file, 'is a folder');
    if (!there.isFile()) throw refusal(file, 'is a device or a pipe');
    const input = await findSame(file, inputs);
    if (input) throw refusal(file, `is read by this command as ${input}, so the model cannot replace it`);
    if (await findSame(file, continued)) continue;
    const metadata = await readModelMetadata(file).catch((error: unknown) => {
      throw refusal(file, 'exists and is not a model that this version of Inkling can read', error);
    });
    replaced.push({ file, metadata });
  }
  return { path: target, replaced };
}

/**
 * Throws `invalidInput` if a model of other texts would be replaced. `textHashFor` returns the hash of the command's
 * texts with the settings of that model.
 */
export function checkSameTexts(
  { replaced }: OutFile,
  textHashFor: (metadata: ModelMetadata) => string | undefined,
): void {
  for (const { file, metadata } of replaced) {
    if (metadata.provenance.textHash === textHashFor(metadata)) continue;
    throw new InklingError(
      'invalidInput',
      `${file} is a model of another text, or of an earlier version of this one (${metadata.provenance.files.join(', ')}). ` +
        'Add --overwrite to replace it, or name another file with --out.',
    );
  }
}

/**
 * Throws `invalidInput` if the checkpoints of a run would replace the checkpoint of another, unfinished run. `created`
 * identifies the run that is continued, if any.
 */
export async function checkUnfinished(modelPath: string, created?: string): Promise<void> {
  const file = checkpointPath(modelPath);
  const read = (name: string): Promise<ModelMetadata | undefined> => readModelMetadata(name).catch(() => undefined);
  const unfinished = await read(file);
  if (!unfinished || unfinished.provenance.created === created) return;
  const finished = await read(modelPath);
  // A run that was killed after writing its model has lost nothing.
  if (finished?.provenance.created === unfinished.provenance.created) return;
  const { results, provenance } = unfinished;
  throw new InklingError(
    'invalidInput',
    `${file} holds a run that was not finished (seed ${provenance.seed}, step ${results.steps}). Continue it with --resume ${shellWord(file)}, add --overwrite to replace it, or name another file with --out.`,
  );
}

function refusal(file: string, why: string, cause?: unknown): InklingError {
  return new InklingError('invalidInput', `${file} ${why}. Name another file with --out, or move that one away.`, {
    cause,
  });
}

/** The one of `names` that refers to `file`, through links of either kind. */
async function findSame(file: string, names: string[]): Promise<string | undefined> {
  const stat = (name: string): Promise<BigIntStats | undefined> =>
    fs.stat(name, { bigint: true }).catch(() => undefined);
  const wanted = await stat(file);
  for (const name of names) {
    const found = await stat(name);
    if (wanted && found && wanted.dev === found.dev && wanted.ino === found.ino) return name;
  }
  return undefined;
}

/** The target of a chain of symbolic links, even if it does not exist yet. */
async function followLinks(file: string): Promise<string> {
  let target = file;
  // The limit of Linux.
  for (let links = 0; links < 40; links++) {
    const next = await fs.readlink(target).catch(() => undefined);
    if (next === undefined) return target;
    target = path.resolve(await fs.realpath(path.dirname(target)), next);
  }
  throw refusal(file, 'is a link that leads back to itself');
}
