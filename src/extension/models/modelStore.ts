/**
 * The models on this machine: a folder of *.safetensors files, and an index that remembers what the engine reported
 * about each file (so that showing the list does not start the engine) and the titles given by the user. The files are
 * authoritative: a new one is inspected, a missing one is forgotten.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { ModelSummary } from '../../common/engineProtocol';
import { asInklingError, InklingError } from '../../common/errors';
import { t } from '../../common/l10n';
import { list, number, object, oneOf, optional, orNull, record, text, type Schema } from '../../common/schema';
import { SerialQueue } from '../../common/serialQueue';
import { Emitter } from '../emitter';

/** A model file; `problem` instead of a summary if it cannot be read. */
export interface ModelEntry {
  path: string;
  title: string;
  bytes: number;
  summary?: ModelSummary;
  problem?: string;
  /**
   * The checkpoint of an interrupted run without a model file yet. It can write like a model, and be trained further.
   */
  unfinished?: true;
}

interface IndexEntry {
  modified: number;
  bytes: number;
  title?: string;
  summary?: ModelSummary;
  problem?: string;
}

const modelSummary = object<ModelSummary>({
  path: text,
  title: text,
  created: text,
  bytes: number(),
  kind: oneOf({ 'language-model': true, classifier: true }),
  recipe: text,
  network: text,
  parameters: number(),
  vocabulary: number(),
  unit: oneOf({ character: true, word: true }),
  sources: list(text),
  seed: number(),
  steps: number(),
  seconds: number(),
  trainLoss: orNull(number()),
  heldOutLoss: orNull(number()),
  heldOutBitsPerCharacter: orNull(number()),
  heldOutNetworkLoss: optional(number()),
  heldOutOnlineLoss: optional(number()),
  // The engine checks the settings it is given.
  config: (value) => value as ModelSummary['config'],
  history: () => undefined,
});

/** An invalid entry keeps the title given by the user; its file is inspected again. */
const indexEntry: Schema<IndexEntry> = (value, path) => {
  const whole = object<IndexEntry>({
    modified: number(),
    bytes: number(),
    title: optional(text),
    summary: optional(modelSummary),
    problem: optional(text),
  });
  try {
    return whole(value, path);
  } catch {
    return {
      modified: 0,
      bytes: 0,
      title: object<Pick<IndexEntry, 'title'>>({ title: optional(text) })(value, path).title,
    };
  }
};

const suffix = '.inkling.safetensors';
const checkpointSuffix = '.checkpoint';
const deletedSuffix = '.deleted';
const importingSuffix = '.importing';

export class ModelStore {
  private readonly changed = new Emitter<void>();
  readonly onDidChange = this.changed.event;
  private entries: readonly ModelEntry[] = [];
  private folderProblem: string | undefined;
  private listing: Promise<readonly ModelEntry[]> | undefined;
  /** The index is read, changed and written by one caller at a time. */
  private readonly indexing = new SerialQueue();

  /**
   * `inspect` asks the engine about a file; `reservedPaths` returns the paths of runs, whose files may be missing or
   * not written yet, and `inTraining` those of the runs in progress.
   */
  constructor(
    private readonly folder: string,
    private readonly inspect: (file: string) => Promise<ModelSummary>,
    private readonly reservedPaths: () => Promise<readonly string[]> = async () => [],
    private readonly inTraining: () => Promise<readonly string[]> = async () => [],
  ) {}

  /** The last result of `list`, without waiting. */
  get known(): readonly ModelEntry[] {
    return this.entries;
  }

  /** Why the last `list` could not read the folder, in a sentence; undefined if it could, or if there is none yet. */
  get problem(): string | undefined {
    return this.folderProblem;
  }

  /** Reads the folder: all models, newest first. */
  async list(): Promise<readonly ModelEntry[]> {
    // Concurrent callers share one reading.
    this.listing ??= this.look().finally(() => (this.listing = undefined));
    return this.listing;
  }

  /** The entry of a path; reads the folder again if it is unknown. */
  async find(file: string): Promise<ModelEntry | undefined> {
    return this.entries.find((entry) => entry.path === file) ?? (await this.list()).find((e) => e.path === file);
  }

  /** A path named after `title` that no model has, will have or may be restored to; creates the folder. */
  async newPath(title: string): Promise<string> {
    await this.makeFolder();
    const stem = fileNameOf(title);
    const taken = new Set(await this.reservedPaths());
    for (let i = 1; ; i++) {
      const name = `${stem}${i === 1 ? '' : `-${i}`}${suffix}`;
      const file = path.join(this.folder, name);
      if (taken.has(file) || isThere(file) || fs.existsSync(file + deletedSuffix)) continue;
      // The next file must not inherit what the index may still say about an earlier one.
      await this.changeIndex((index) => name in index && delete index[name]);
      return file;
    }
  }

  /** Notifies all listeners that a file was written. */
  async refresh(): Promise<void> {
    await this.listing; // a reading that began before the file was written does not count
    await this.list();
    this.changed.fire();
  }

  async rename(file: string, title: string): Promise<void> {
    await this.changeIndex((index) => {
      const entry = index[path.basename(file)];
      if (!entry) throw missing(file);
      entry.title = title;
      return true;
    });
    await this.refresh();
  }

  /** Sets a model and its checkpoint aside; until `purge`, `restore` brings it back and returns its path. */
  async setAside(file: string): Promise<{ restore(): Promise<string>; purge(): Promise<void> }> {
    const aside = file + deletedSuffix;
    const checkpointAside = file + checkpointSuffix + deletedSuffix;
    await fs.promises.rename(file, aside).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? missing(file) : error;
    });
    await renameIfThere(file + checkpointSuffix, checkpointAside);
    await this.refresh();
    return {
      restore: async () => {
        const back = await this.moveIn(aside, path.basename(file, suffix), file);
        await renameIfThere(checkpointAside, back + checkpointSuffix);
        if (back !== file) {
          await this.changeIndex((index) => (index[path.basename(back)] = index[path.basename(file)]) !== undefined);
        }
        await this.refresh();
        return back;
      },
      purge: async () => {
        await fs.promises.rm(aside, { force: true });
        await fs.promises.rm(checkpointAside, { force: true });
        await this.refresh();
      },
    };
  }

  /** Imports a copy of a file and returns its new path; rejects one that the engine rejects, leaving nothing behind. */
  async importFile(source: string): Promise<string> {
    const title = path.basename(source).replace(/(\.inkling)?\.safetensors$/, '');
    const temporary = (await this.newPath(title)) + importingSuffix;
    try {
      await fs.promises.copyFile(source, temporary);
      await this.inspect(temporary);
      return await this.moveIn(temporary, title);
    } finally {
      await fs.promises.rm(temporary, { force: true });
      await this.refresh();
    }
  }

  /**
   * Moves a file to `wanted`, or to a new path named after `title`; never over a model that another window has put
   * there in the meantime.
   */
  private async moveIn(from: string, title: string, wanted?: string): Promise<string> {
    let target = wanted && !isThere(wanted) ? wanted : await this.newPath(title);
    while (!(await moveIfFree(from, target))) target = await this.newPath(title);
    return target;
  }

  private look(): Promise<readonly ModelEntry[]> {
    return this.indexing.run(() => this.lookNow());
  }

  private async lookNow(): Promise<readonly ModelEntry[]> {
    const names = await this.modelNames();
    const index = await this.readIndex();
    const next: Record<string, IndexEntry> = {};
    // Not in the index: a permission can change without a trace in the file.
    const inaccessible: Record<string, IndexEntry> = {};
    let different = false;
    for (const name of names) {
      const file = path.join(this.folder, name);
      const stat = await fs.promises.stat(file).catch(asInklingError);
      if (stat instanceof InklingError) {
        const { title } = index[name] ?? {};
        if (!(await isGone(file))) inaccessible[name] = { modified: 0, bytes: 0, title, problem: stat.message };
        continue;
      }
      if (stat.isDirectory()) continue;
      const known = index[name];
      if (known && known.modified === stat.mtimeMs && known.bytes === stat.size) {
        next[name] = known;
        continue;
      }
      const seen = await this.ask(file);
      if (!seen) {
        if (known) next[name] = known;
        continue;
      }
      if ('inaccessible' in seen) {
        const { title } = known ?? {};
        inaccessible[name] = { modified: stat.mtimeMs, bytes: stat.size, title, problem: seen.inaccessible };
        continue;
      }
      different = true;
      next[name] = { modified: stat.mtimeMs, bytes: stat.size, title: known?.title, ...seen };
    }
    different ||= Object.keys(index).some((name) => !this.mayBeRestored(name));
    // Without the index, the files are inspected again: a folder that may only be read is listed all the same.
    if (different) await this.writeIndex({ ...index, ...next }).catch(() => undefined);
    this.entries = Object.entries({ ...next, ...inaccessible })
      .map(([name, entry]) => ({
        path: path.join(this.folder, name),
        title: entry.title ?? entry.summary?.title ?? modelOf(name).slice(0, -suffix.length),
        bytes: entry.bytes,
        summary: entry.summary,
        problem: entry.problem,
        ...(name !== modelOf(name) && { unfinished: true as const }),
        modified: entry.modified,
      }))
      .sort((a, b) => b.modified - a.modified);
    return this.entries;
  }

  /** The names of the models, and of checkpoints without a model that are not being trained. */
  private async modelNames(): Promise<string[]> {
    this.folderProblem = undefined;
    const names = await fs.promises.readdir(this.folder).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code !== 'ENOENT') {
        this.folderProblem = t('The models in {0} cannot be listed: {1}', this.folder, asInklingError(error).message);
      }
      return [];
    });
    const training = (await this.inTraining()).map((file) => path.basename(file));
    return names.filter((name) => {
      const model = modelOf(name);
      return model.endsWith(suffix) && (name === model || !(names.includes(model) || training.includes(model)));
    });
  }

  /**
   * The engine's description of a file, or why it cannot be opened; undefined if the engine could not be asked. In both
   * cases the next reading asks again.
   */
  private async ask(
    file: string,
  ): Promise<Pick<IndexEntry, 'summary' | 'problem'> | { inaccessible: string } | undefined> {
    try {
      const summary = await this.inspect(file);
      delete summary.history; // long, and the run has it
      return { summary };
    } catch (error) {
      const { code, message } = asInklingError(error);
      if (code === 'invalidInput') return { inaccessible: message };
      return code === 'corruptModel' || code === 'incompatibleModel' ? { problem: message } : undefined;
    }
  }

  private async readIndex(): Promise<Record<string, IndexEntry>> {
    try {
      return record(indexEntry)(JSON.parse(await fs.promises.readFile(this.indexFile, 'utf8')), '');
    } catch {
      return {}; // missing or damaged: it is rebuilt from the files
    }
  }

  /** `change` returns whether it changed anything. */
  private changeIndex(change: (index: Record<string, IndexEntry>) => boolean): Promise<void> {
    return this.indexing.run(async () => {
      const index = await this.readIndex();
      if (change(index)) await this.writeIndex(index);
    });
  }

  /** Whether the file of an entry exists, or was set aside. */
  private mayBeRestored(name: string): boolean {
    const file = path.join(this.folder, name);
    return fs.existsSync(file) || fs.existsSync(file + deletedSuffix);
  }

  private async writeIndex(index: Record<string, IndexEntry>): Promise<void> {
    const kept = Object.entries(index).filter(([name]) => this.mayBeRestored(name));
    const temporary = `${this.indexFile}.${process.pid}`;
    await fs.promises.writeFile(temporary, JSON.stringify(Object.fromEntries(kept)));
    await fs.promises.rename(temporary, this.indexFile);
  }

  private async makeFolder(): Promise<void> {
    await fs.promises.mkdir(this.folder, { recursive: true });
    // Removes what was set aside in an earlier session and never restored, and incomplete copies.
    for (const name of await fs.promises.readdir(this.folder)) {
      if (!name.endsWith(deletedSuffix) && !name.endsWith(importingSuffix)) continue;
      const stat = await fs.promises.stat(path.join(this.folder, name)).catch(() => undefined);
      if (stat && Date.now() - stat.ctimeMs > 24 * 3600_000) {
        await fs.promises.rm(path.join(this.folder, name), { force: true });
      }
    }
  }

  private get indexFile(): string {
    return path.join(this.folder, 'index.json');
  }
}

/** A title as a file name: letters and digits of any script; everything else becomes hyphens. */
export function fileNameOf(title: string): string {
  const name = title
    .normalize('NFC')
    .replace(/\.(txt|md|markdown|tex|rst|adoc|typ)$/i, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return [...name].slice(0, 40).join('') || 'model';
}

/** The model that a checkpoint will become; otherwise the model's own name or path. */
export function modelOf(file: string): string {
  return file.endsWith(checkpointSuffix) ? file.slice(0, -checkpointSuffix.length) : file;
}

/** A model, or a run that will become one. */
function isThere(file: string): boolean {
  return fs.existsSync(file) || fs.existsSync(file + checkpointSuffix);
}

/** Whether there is no such name; a link that leads nowhere is one. */
function isGone(file: string): Promise<boolean> {
  return fs.promises.lstat(file).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}

/** Returns whether the name was free; a rename would replace what is there. */
async function moveIfFree(from: string, to: string): Promise<boolean> {
  const { link, copyFile, rm, constants } = fs.promises;
  const isTaken = (error: NodeJS.ErrnoException): boolean => error.code === 'EEXIST';
  try {
    await link(from, to).catch((error: NodeJS.ErrnoException) => {
      if (isTaken(error)) throw error;
      return copyFile(from, to, constants.COPYFILE_EXCL); // a file system without links
    });
  } catch (error) {
    if (isTaken(error as NodeJS.ErrnoException)) return false;
    throw error;
  }
  await rm(from);
  return true;
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await fs.promises.rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

function missing(file: string): InklingError {
  return new InklingError(
    'invalidInput',
    t('The model {0} no longer exists. Choose another one in the Models view.', path.basename(file)),
  );
}
