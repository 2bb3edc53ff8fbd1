/**
 * The loaded models: from their files or, while a run trains one, from the snapshots that it publishes. The least
 * recently used model is unloaded.
 */
import * as fs from 'node:fs/promises';
import { dirname, join, win32 } from 'node:path';
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import type { BesideRequest, BesideResult, DocumentPlace, TextSource } from '../../common/engineProtocol';
import { SerialQueue } from '../../common/serialQueue';
import type { TrainingConfig } from '../../common/trainingConfig';
import type { NewStepper } from '../backends/backend';
import { baseLanguages, basePath, modelFileOf } from '../bases/shippedBases';
import { listFor, readWordList } from '../bases/wordList';
import { buildCorpus } from '../corpus/corpus';
import { Vocabulary, type VocabularyJson } from '../corpus/vocabulary';
import { predicting, type Predicting } from '../generation/documentPredictor';
import { foldWord, type KnownWords } from '../generation/knownWords';
import { openModel, type LanguageModel } from '../generation/languageModel';
import { copyIndexOf, type CopyIndex } from '../generation/memorisation';
import { writableWords } from '../generation/realWords';
import { SurpriseMap } from '../generation/surprise';
import { readLanguageModel } from '../model/modelFile';
import type { Provenance } from '../model/modelMetadata';
import type { NetworkSpec } from '../model/networkSpec';
import type { Precedence } from '../timeSlice';
import { DocumentLayers } from './documentLayers';
import type { KnownTexts } from './knownTexts';
import type { OpenDocuments } from './openDocuments';
import { SnapshotReader } from './snapshot';
import { readSources } from './readSources';

/** A run in progress, as announced by its trainer. */
export interface LiveModel {
  modelPath: string;
  spec: NetworkSpec;
  vocabulary: VocabularyJson;
  config: TrainingConfig;
  memory: SharedArrayBuffer;
}

interface LiveRun {
  /** A serial number: two runs may train the same path one after the other, each with its own network. */
  run: number;
  announced: LiveModel;
  reader: SnapshotReader;
}

/** A model ready for use, with everything that is kept between calls. */
export interface ShelvedModel extends Predicting {
  model: LanguageModel;
  /**
   * How it predicts at a position in an open document: if it has a memory, this includes the document's text, and the
   * texts beside it.
   */
  at: (place?: DocumentPlace) => Promise<Predicting>;
  /** What texts beside it do to how well a passage is predicted. */
  measureBeside: (request: Omit<BesideRequest, 'modelPath'>, signal?: AbortSignal) => Promise<BesideResult>;
  /** Forgets what it learned from a document. */
  forget: (document: string) => void;
  /** The surprise map with this name; each holds one text. */
  surprise: (map: string) => SurpriseMap;
  /** The words that are real for this model; undefined if they are unknown. */
  words: () => Promise<KnownWords | undefined>;
  /** The index of the texts that the model was trained on; undefined if they are not available. */
  copies: () => Promise<CopyIndex | undefined>;
}

interface Entry {
  shelved: ShelvedModel;
  /** Identifies the weights; another version means another file or snapshot. */
  version: string;
  /** The run of a snapshot; undefined for a file. */
  run?: number;
  readAtMs: number;
  users: number;
}

const maximumModels = 3;
/** Surprise maps of a model. */
const maximumMaps = 4;
/** The total size of texts, in bytes, above which no copy index is built. */
const maximumIndexed = 64 * 1024 * 1024;

export class ModelShelf {
  /** Least recently used first. */
  private readonly entries = new Map<string, Entry>();
  private readonly live = new Map<string, LiveRun>();
  private runs = 0;
  private readonly sources = new Map<string, readonly TextSource[]>();
  /** Models are taken for one caller after the other, which is quick. */
  private readonly taking = new SerialQueue();

  constructor(
    private readonly newStepper: NewStepper,
    private readonly documents: OpenDocuments,
    private readonly known: KnownTexts,
    private readonly urgent?: Precedence,
  ) {}

  /** From now on, this path refers to the run's last snapshot. */
  announce(live: LiveModel): void {
    this.live.set(live.modelPath, { run: ++this.runs, announced: live, reader: new SnapshotReader(live.memory) });
  }

  /** The run is over: the path refers to its file again. */
  retire(modelPath: string): void {
    this.live.delete(modelPath);
  }

  /** The texts that a model was trained on, for the copy index. */
  noteSources(modelPath: string, sources: readonly TextSource[]): void {
    this.sources.set(modelPath, sources);
  }

  /**
   * Calls `work` with a model, which is a path or the name of a shipped base. Weights of a run in progress may be
   * `staleMs` old before newer ones replace them, which invalidates all cached contexts. Throws what reading the file
   * throws.
   */
  async use<R>(model: string, staleMs: number, work: (shelved: ShelvedModel) => Promise<R>): Promise<R> {
    const path = modelFileOf(model);
    const entry = await this.taking.run(() => this.take(path, staleMs));
    try {
      return await work(entry.shelved);
    } finally {
      entry.users--;
    }
  }

  private async take(path: string, staleMs: number): Promise<Entry> {
    let entry = this.entries.get(path);
    const found = await this.versionOf(path);
    if (!entry || !isCurrent(entry, found, staleMs)) {
      if (entry && isSameRun(entry, found)) await this.refresh(path, entry);
      else entry = await this.load(path, found);
    }
    this.entries.delete(path);
    this.entries.set(path, entry);
    entry.users++;
    for (const oldest of this.entries.keys()) if (this.entries.size > maximumModels) this.entries.delete(oldest);
    return entry;
  }

  private async versionOf(path: string): Promise<Version> {
    const live = this.live.get(path);
    if (live && live.reader.version > 0) return snapshotVersion(live.run, live.reader.version);
    try {
      const { mtimeMs, size, ino } = await fs.stat(path);
      return { version: `file ${mtimeMs} ${size} ${ino}` };
    } catch (error) {
      throw new InklingError('invalidInput', sentence('The model "{0}" cannot be read; choose another one.', path), {
        cause: error,
      });
    }
  }

  private async load(path: string, version: Version): Promise<Entry> {
    const snapshot = version.run === undefined ? undefined : this.live.get(path);
    const read = snapshot?.reader.read();
    if (snapshot && read) {
      const { spec, vocabulary, config } = snapshot.announced;
      const stepper = this.newStepper(spec, read.parameters);
      const model = { stepper, vocabulary: Vocabulary.fromJSON(vocabulary), config };
      return entryOf(
        this.shelve(path, model, this.indexer(path, model, config)),
        snapshotVersion(snapshot.run, read.version),
      );
    }
    const stored = await readLanguageModel(path);
    const { config, provenance } = stored;
    const model = openModel(stored, this.newStepper);
    return entryOf(this.shelve(path, model, this.indexer(path, model, config, provenance)), version);
  }

  private async refresh(path: string, entry: Entry): Promise<void> {
    const live = this.live.get(path);
    const read = live?.run === entry.run ? live?.reader.read() : undefined;
    if (!live || !read) return;
    const { model, copies } = entry.shelved;
    model.stepper.writeParameters(read.parameters);
    // All contexts reached with the old weights are invalid.
    entry.shelved = this.shelve(path, model, copies);
    Object.assign(entry, snapshotVersion(live.run, read.version));
    entry.readAtMs = performance.now();
  }

  /** A document was closed: all models forget it. */
  forget(document: string): void {
    for (const { shelved } of this.entries.values()) shelved.forget(document);
  }

  private shelve(path: string, model: LanguageModel, copies: ShelvedModel['copies']): ShelvedModel {
    const plain = predicting(model);
    const learned = new DocumentLayers(model, plain, this.documents, this.known, this.urgent);
    return {
      ...plain,
      model,
      at: (place) => learned.at(place),
      measureBeside: (request, signal) => learned.measureBeside(request, signal),
      forget: (document) => learned.forget(document),
      surprise: surpriseMaps(model),
      words: once(() => wordsOf(path, model, copies)),
      copies,
    };
  }

  /** Builds the copy index when it is first needed. */
  private indexer(
    path: string,
    { vocabulary }: LanguageModel,
    config: TrainingConfig,
    provenance?: Provenance,
  ): ShelvedModel['copies'] {
    return once(() => this.index(path, config, vocabulary, provenance).catch(() => undefined));
  }

  /** The texts that the host named for this model, or those next to it if they are unchanged. */
  private async index(
    file: string,
    config: TrainingConfig,
    vocabulary: Vocabulary,
    provenance?: Provenance,
  ): Promise<CopyIndex | undefined> {
    const known = this.sources.get(file);
    const sources = known ?? (provenance && sourcesBeside(file, provenance));
    if (!sources || (await sizeOf(sources)) > maximumIndexed) return undefined;
    const texts = await readSources(sources);
    if (!known && buildCorpus(texts, config.text, vocabulary).hash !== provenance?.textHash) return undefined;
    return copyIndexOf(texts, { vocabulary, config });
  }
}

/** What `make` makes when it is first called. */
function once<R>(make: () => Promise<R>): () => Promise<R> {
  let made: Promise<R> | undefined;
  return () => (made ??= make());
}

/** The words of the training text, and of the list of its language. */
async function wordsOf(
  path: string,
  { vocabulary }: LanguageModel,
  copies: ShelvedModel['copies'],
): Promise<KnownWords | undefined> {
  const words = new Set((await copies())?.knownWords);
  const base = baseLanguages().find((language) => path === basePath(language));
  const list = base ? await readWordList(base) : (await listFor(words))?.words;
  for (const { word } of list ?? []) words.add(foldWord(word));
  return words.size > 0 ? writableWords(words, vocabulary) : undefined;
}

/** Surprise maps by name; the least recently used one is dropped. */
function surpriseMaps(model: LanguageModel): ShelvedModel['surprise'] {
  const maps = new Map<string, SurpriseMap>();
  return (name) => {
    const map = maps.get(name) ?? new SurpriseMap(model, 'carried');
    maps.delete(name);
    maps.set(name, map);
    for (const oldest of maps.keys()) if (maps.size > maximumMaps) maps.delete(oldest);
    return map;
  };
}

/**
 * A model may come from anyone: a path in it is not followed, only the file name is used, in the folder of the model.
 */
function sourcesBeside(modelPath: string, { files }: Provenance): TextSource[] {
  return files.map((name) => ({ name, path: join(dirname(modelPath), win32.basename(name)) }));
}

/** The total size of the files, in bytes. */
async function sizeOf(sources: readonly TextSource[]): Promise<number> {
  const stats = await Promise.all(sources.map(({ path }) => fs.stat(path)));
  return stats.reduce((sum, { size }) => sum + size, 0);
}

type Version = Pick<Entry, 'version' | 'run'>;

function snapshotVersion(run: number, snapshot: number): Version {
  return { version: `run ${run} snapshot ${snapshot}`, run };
}

function entryOf(shelved: ShelvedModel, version: Version): Entry {
  return { shelved, ...version, readAtMs: performance.now(), users: 0 };
}

/** Whether both are weights of one run in progress. */
function isSameRun(a: Version, b: Version): boolean {
  return a.run !== undefined && a.run === b.run;
}

/** Weights in use stay unchanged, and those of a run may be slightly outdated. */
function isCurrent(entry: Entry, found: Version, staleMs: number): boolean {
  if (entry.version === found.version) return true;
  if (!isSameRun(entry, found)) return false;
  return entry.users > 0 || performance.now() - entry.readAtMs < staleMs;
}
