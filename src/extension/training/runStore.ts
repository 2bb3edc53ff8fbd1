/**
 * The training runs of a workspace, on disk: per run one record (description and state), one file of events, and the
 * names and paths of its texts. Only the records are kept in memory; events are written to disk as they arrive.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TextBaselines, TextSource } from '../../common/engineProtocol';
import type { Told } from '../../common/l10n';
import { SerialQueue } from '../../common/serialQueue';
import type { RunItem } from '../../common/studioProtocol';
import type { TrainEvent } from '../../common/trainEvents';
import { systemClock, type Clock } from '../clock';
import { TextStore } from './textStore';

export interface RunRecord extends RunItem {
  /** The origin of each text, in corpus order. */
  sources: { name: string; uri?: string }[];
  /** The process that trains it, which touches the record regularly; otherwise the run was interrupted. */
  owner: number;
  /** Of a run that trains elsewhere: its folder, or its address. */
  job?: string;
  baselines?: TextBaselines;
  /** The backend, if known: "webgpu (NVIDIA …)"; and the reason, if there is one. */
  device?: string;
  backendReason?: Told;
}

const keptRuns = 50;
const flushDelayMs = 200;
const heartbeatMs = 30_000;
/** A record untouched for this long no longer has an owner: its process id may have been reused. */
const staleMs = 120_000;

export class RunStore {
  readonly texts: TextStore;
  private readonly records = new Map<string, RunRecord>();
  private lines = new Map<string, string[]>();
  /** The number of events of each run that this process trains, written or not. */
  private readonly counts = new Map<string, number>();
  private cancelFlush: (() => void) | undefined;
  private readonly writing = new SerialQueue();
  private loaded: Promise<void> | undefined;
  private isScheduled = false;

  /**
   * `folder` is created with the first run; `isAlive` tells whether a process is running; `onError` is called if a
   * write fails (a full disk): the run continues without it.
   */
  constructor(
    private readonly folder: string,
    private readonly isAlive: (pid: number) => boolean,
    private readonly onError: (error: unknown) => void,
    private readonly clock: Clock = systemClock,
  ) {
    this.texts = new TextStore(path.join(folder, 'texts'));
  }

  /** Reads the records once; runs that are no longer being trained become `interrupted`. */
  load(): Promise<void> {
    this.loaded ??= this.readRecords();
    return this.loaded;
  }

  /** Newest first. */
  list(): readonly RunRecord[] {
    return [...this.records.values()].sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  /**
   * Whether another running process trains this run, according to the disk. If the record has not been touched
   * recently, that is uncertain: the machine may have just woken up, or the process id may have been reused.
   */
  async mayTrainElsewhere(id: string): Promise<boolean> {
    const text = await readIfPresent(this.file(id, 'run.json'));
    const record = text === undefined ? undefined : parseLine<RunRecord>(text);
    return record !== undefined && isActive(record) && record.owner !== process.pid && this.isAlive(record.owner);
  }

  /** The paths of the models of all recorded runs, existing or not. */
  async modelPaths(): Promise<string[]> {
    await this.load();
    return this.list().map(({ modelPath }) => modelPath);
  }

  /** The paths of the models of runs in progress, in this window or in another one of the workspace. */
  async pathsInTraining(): Promise<string[]> {
    await this.load();
    return this.list()
      .filter(isActive)
      .map(({ modelPath }) => modelPath);
  }

  get(id: string): RunRecord | undefined {
    return this.records.get(id);
  }

  /** Records a new or resumed run. */
  async create(record: RunRecord, sources: readonly TextSource[]): Promise<void> {
    await this.load();
    await fs.promises.mkdir(this.folder, { recursive: true });
    await this.replaceFile(this.file(record.id, 'sources.json'), JSON.stringify(sources));
    await this.endLastLine(record.id);
    this.counts.set(record.id, (await this.readEvents(record.id)).length);
    this.records.set(record.id, record);
    await this.writeRecord(record);
    for (const old of this.list().slice(keptRuns)) if (old.state !== 'running') await this.delete(old.id);
    await this.texts.sweep(await this.usedTexts());
  }

  async update(id: string, change: Partial<RunRecord>): Promise<void> {
    const record = this.records.get(id);
    if (!record) return;
    const changed = { ...record, ...change };
    this.records.set(id, changed);
    await this.writeRecord(changed);
  }

  /**
   * Queues an event, which is written within a fraction of a second, and certainly after `flush`. Returns its index
   * among the events of the run.
   */
  append(id: string, event: TrainEvent): number {
    const index = this.counts.get(id) ?? 0;
    this.counts.set(id, index + 1);
    const lines = this.lines.get(id) ?? [];
    lines.push(JSON.stringify(event));
    this.lines.set(id, lines);
    this.cancelFlush ??= this.clock.after(flushDelayMs, () => void this.flush());
    return index;
  }

  /** Resolves when everything that was appended so far is written. */
  flush(): Promise<void> {
    this.cancelFlush?.();
    this.cancelFlush = undefined;
    const lines = this.lines;
    this.lines = new Map();
    return this.writing.run(async () => {
      for (const [id, batch] of lines) {
        try {
          await fs.promises.appendFile(this.file(id, 'events.jsonl'), batch.join('\n') + '\n');
        } catch (error) {
          this.onError(error);
        }
      }
    });
  }

  /** Every event of the run, oldest first. An incomplete last line after a crash is left out. */
  async readEvents(id: string): Promise<TrainEvent[]> {
    await this.flush();
    const text = await readIfPresent(this.file(id, 'events.jsonl'));
    return (text ?? '').split('\n').flatMap((line) => parseLine<TrainEvent>(line) ?? []);
  }

  /** The texts that the run was started on, unchanged; empty if they are gone. */
  async readSources(id: string): Promise<TextSource[]> {
    const text = await readIfPresent(this.file(id, 'sources.json'));
    const sources = (text === undefined ? undefined : parseLine<TextSource[]>(text)) ?? [];
    return sources.every(({ path }) => fs.existsSync(path)) ? sources : [];
  }

  /** Called before a job is followed again, because it reports everything from its beginning. */
  async forgetEvents(id: string): Promise<void> {
    await this.flush();
    await fs.promises.rm(this.file(id, 'events.jsonl'), { force: true });
    this.counts.set(id, 0);
  }

  async delete(id: string): Promise<void> {
    this.records.delete(id);
    this.counts.delete(id);
    await this.flush();
    for (const kind of ['run.json', 'events.jsonl', 'sources.json'] as const) {
      await fs.promises.rm(this.file(id, kind), { force: true });
    }
  }

  /** A crash may have truncated the last event: the next one must not continue its line. */
  private async endLastLine(id: string): Promise<void> {
    const file = this.file(id, 'events.jsonl');
    const text = await readIfPresent(file);
    if (text && !text.endsWith('\n')) await fs.promises.appendFile(file, '\n');
  }

  /** The texts of all runs, including those started in other windows. */
  private async usedTexts(): Promise<Set<string>> {
    const used = new Set<string>();
    const names = await fs.promises.readdir(this.folder);
    for (const name of names.filter((file) => file.endsWith('.sources.json'))) {
      const text = await readIfPresent(path.join(this.folder, name));
      for (const source of parseLine<TextSource[]>(text ?? '') ?? []) used.add(source.path);
    }
    return used;
  }

  private async readRecords(): Promise<void> {
    const names = await fs.promises.readdir(this.folder).catch(() => []);
    for (const name of names.filter((file) => file.endsWith('.run.json'))) {
      const file = path.join(this.folder, name);
      const text = await readIfPresent(file);
      const record = text === undefined ? undefined : parseLine<RunRecord>(text);
      if (!record) continue;
      const touched = (await fs.promises.stat(file).catch(() => undefined))?.mtimeMs ?? 0;
      const isOwned = record.owner !== process.pid && this.isAlive(record.owner) && Date.now() - touched < staleMs;
      const abandoned = isActive(record) && !isOwned;
      this.records.set(record.id, abandoned ? { ...record, state: 'interrupted' } : record);
    }
  }

  private writeRecord(record: RunRecord): Promise<void> {
    if (isActive(record) && record.owner === process.pid) {
      this.scheduleHeartbeat();
    }
    return this.replaceFile(this.file(record.id, 'run.json'), JSON.stringify(record));
  }

  private scheduleHeartbeat(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.clock.after(heartbeatMs, () => {
      this.isScheduled = false;
      this.heartbeat();
    });
  }

  /** Touches the records of the runs that this process trains, so that others see that they are in progress. */
  private heartbeat(): void {
    const own = this.list().filter((record) => isActive(record) && record.owner === process.pid);
    if (own.length > 0) this.scheduleHeartbeat();
    const now = new Date();
    for (const { id } of own) void this.inTurn(() => fs.promises.utimes(this.file(id, 'run.json'), now, now));
  }

  /** Replaces the file atomically. */
  private replaceFile(file: string, contents: string): Promise<void> {
    return this.inTurn(async () => {
      await fs.promises.writeFile(file + '.new', contents);
      await fs.promises.rename(file + '.new', file);
    });
  }

  /** Queued after all other writes. */
  private inTurn(write: () => Promise<void>): Promise<void> {
    return this.writing.run(write).catch((error) => this.onError(error));
  }

  private file(id: string, kind: 'run.json' | 'events.jsonl' | 'sources.json'): string {
    return path.join(this.folder, `${id}.${kind}`);
  }
}

function isActive({ state }: RunRecord): boolean {
  return state === 'running' || state === 'paused';
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await fs.promises.readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseLine<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
