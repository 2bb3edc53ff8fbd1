/**
 * Where the events of a job can be read while it runs: the file that `train.py` writes into the job's folder, or the log
 * of a job of a Ray cluster, through the job API of its dashboard (https://docs.ray.io/en/latest/cluster/running-applications/job-submission/rest.html).
 *
 * A source returns lines. It is polled, and each time returns what was added since the last time. If its file or log
 * has become shorter, the job was restarted, and reading begins from the start.
 */
import * as fs from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import * as path from 'node:path';
import { InklingError } from '../../../common/errors';
import { say, sentence, type Told } from '../../../common/l10n';
import { list, number, object, optional, orNull, text, type Schema } from '../../../common/schema';
import { checkRegular } from '../../corpus/readTextFile';
import { jobFileName } from './writeJob';

export interface JobSource {
  /** For people. */
  readonly name: string;
  /** The folder of the job on this machine, if that is where it is read from. */
  readonly folder?: string;
  /**
   * Whole lines added since the last call; `undefined` while there is nothing to read yet. Throws if it cannot be
   * reached.
   */
  read(signal?: AbortSignal): Promise<string[] | undefined>;
  /** Whether the job has ended by itself, and why, for a job that says so. */
  ended(signal?: AbortSignal): Promise<string | undefined>;
  /** Asks the job to end and to keep what it has learned. */
  stop(): Promise<void>;
  /** Milliseconds between two readings. */
  readonly intervalMs: number;
}

/** How long the dashboard may take to answer; a log of hundreds of megabytes takes a while. */
const patienceMs = 30_000;

/** A failure that may be temporary: the job is polled again. */
export class OutOfReach extends Error {
  constructor(readonly told: Told) {
    super(say(told));
  }
}

/**
 * `job`: the path of a folder, or `ray://HOST[:PORT][/JOB]` (also http:// or https://), without a job the latest one.
 * `token` goes into the `Authorization` header. Throws `invalidInput` for anything else.
 */
export async function openJobSource(job: string, token?: string): Promise<JobSource> {
  if (/^(ray|https?):\/\//.test(job)) return new RaySource(job, token);
  const folder = path.resolve(job);
  const isJob = await fs.access(path.join(folder, jobFileName)).then(
    () => true,
    () => false,
  );
  if (isJob) return new FolderSource(folder);
  throw new InklingError(
    'invalidInput',
    sentence(
      '{0} is not the folder of a job: it has no {1}. Name a folder that Inkling exported, or ray://HOST/JOB.',
      job,
      jobFileName,
    ),
  );
}

/** The most that is read of an events file at once, and the longest line in it; in bytes. */
const pieceBytes = 16 * 1024 * 1024;

/** The events file of a folder. */
class FolderSource implements JobSource {
  readonly intervalMs = 500;
  readonly name: string;
  private at = 0;
  private rest = Buffer.alloc(0);

  constructor(readonly folder: string) {
    this.name = path.basename(folder);
  }

  async read(): Promise<string[] | undefined> {
    const file = path.join(this.folder, 'events.jsonl');
    await checkRegular(file, file);
    try {
      const handle = await fs.open(file, 'r');
      try {
        const { size } = await handle.stat();
        if (size < this.at) {
          this.at = 0;
          this.rest = Buffer.alloc(0);
        }
        const length = Math.min(size - this.at, pieceBytes);
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, this.at);
        this.at += bytesRead;
        const bytes = Buffer.concat([this.rest, buffer.subarray(0, bytesRead)]);
        const end = bytes.lastIndexOf(0x0a) + 1;
        // No event is as long as a piece.
        this.rest = bytes.length - end < pieceBytes ? bytes.subarray(end) : Buffer.alloc(0);
        return bytes.toString('utf8', 0, end).split('\n').slice(0, -1);
      } finally {
        await handle.close();
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && (await fs.stat(this.folder).catch(() => undefined))) return undefined;
      throw new OutOfReach(code ?? String(error));
    }
  }

  async ended(): Promise<undefined> {}

  async stop(): Promise<void> {
    await fs.writeFile(path.join(this.folder, 'stop'), '');
  }
}

/** What the job API says about a job. */
interface RayJob {
  submission_id?: string | null;
  status?: string | null;
  message?: string | null;
  entrypoint?: string | null;
  start_time?: number | null;
}

const rayText = optional(orNull(text));
const rayJob = object<RayJob>({
  submission_id: rayText,
  status: rayText,
  message: rayText,
  entrypoint: rayText,
  start_time: optional(orNull(number())),
});
const rayLogs = object<{ logs?: string | null }>({ logs: rayText });
const anything: Schema<unknown> = (value) => value;

/** In UTF-16 units: more than a log, and less than the longest string. */
const longestAnswer = 2 ** 28;

/** The log of a Ray job. */
class RaySource implements JobSource {
  readonly name: string;
  intervalMs = 2000;
  private readonly base: string;
  private id: string | undefined;
  private at = 0;

  constructor(
    address: string,
    private readonly token?: string,
  ) {
    const url = new URL(address.replace(/^ray:/, 'http:'));
    if (!url.port && address.startsWith('ray:')) url.port = '8265';
    this.base = url.origin;
    this.id = url.pathname.split('/').filter(Boolean).at(-1);
    this.name = this.id ?? url.host;
  }

  async read(signal?: AbortSignal): Promise<string[] | undefined> {
    const id = await this.jobId(signal);
    if (id === undefined) return undefined;
    const began = performance.now();
    const answer = await this.ask('GET', `/api/jobs/${encodeURIComponent(id)}/logs`, rayLogs, { signal });
    const logs = answer.logs ?? '';
    // The whole log is sent each time, so the longer that takes, the less often it is requested.
    this.intervalMs = Math.max(2000, 10 * (performance.now() - began));
    if (logs.length < this.at) this.at = 0;
    const end = logs.lastIndexOf('\n') + 1;
    const added = logs.slice(this.at, Math.max(end, this.at));
    this.at = Math.max(end, this.at);
    return added.split('\n').slice(0, -1);
  }

  async ended(signal?: AbortSignal): Promise<string | undefined> {
    if (this.id === undefined) return undefined;
    const { status, message } = await this.ask('GET', `/api/jobs/${encodeURIComponent(this.id)}`, rayJob, { signal });
    const isOver = status === 'FAILED' || status === 'STOPPED' || status === 'SUCCEEDED';
    return isOver ? [status, message].filter(Boolean).join(': ') : undefined;
  }

  async stop(): Promise<void> {
    try {
      await this.submitStop();
    } catch (error) {
      if (!(error instanceof OutOfReach)) throw error;
      throw new InklingError(
        'invalidInput',
        sentence(
          '{0} could not be told to stop ({1}). Try again, or create a file named "stop" in its folder.',
          this.name,
          error.told,
        ),
      );
    }
  }

  /** Another job writes the stop file, because the cluster can reach the folder and this machine may not. */
  private async submitStop(): Promise<void> {
    const id = await this.jobId();
    const job = id === undefined ? undefined : await this.ask('GET', `/api/jobs/${encodeURIComponent(id)}`, rayJob);
    const entrypoint = job?.entrypoint ?? '';
    const folder = /(\S+)\/train\.py/.exec(entrypoint)?.[1];
    if (folder === undefined || !/^[\w./~-]+$/.test(folder)) {
      throw new InklingError(
        'invalidInput',
        sentence(
          'The folder of the job cannot be read from "{0}": create a file named "stop" in it yourself.',
          entrypoint,
        ),
      );
    }
    await this.ask('POST', '/api/jobs/', anything, { body: { entrypoint: `touch ${folder}/stop` } });
  }

  /** The job that was named, or the one that started last. */
  private async jobId(signal?: AbortSignal): Promise<string | undefined> {
    if (this.id !== undefined) return this.id;
    const jobs = await this.ask('GET', '/api/jobs/', list(rayJob), { signal });
    const trains = jobs.filter((job) => job.submission_id && job.entrypoint?.includes('train.py'));
    const latest = trains.sort((a, b) => (b.start_time ?? 0) - (a.start_time ?? 0)).at(0);
    return (this.id = latest?.submission_id ?? undefined);
  }

  private async ask<T>(
    method: string,
    path: string,
    schema: Schema<T>,
    { body, signal }: { body?: unknown; signal?: AbortSignal } = {},
  ): Promise<T> {
    const { status, text } = await this.send(method, path, body, signal);
    if (status === 401 || status === 403) {
      throw new InklingError(
        'invalidInput',
        sentence(
          '{0} needs a token, or another one. Attach to the job again and enter it; on the command line, set RAY_AUTH_TOKEN.',
          this.base,
        ),
      );
    }
    if (status === 404) {
      throw new InklingError(
        'invalidInput',
        sentence('{0} has no job {1}. Check its id with "ray job list".', this.base, this.name),
      );
    }
    if (status < 200 || status > 299) throw new OutOfReach(`HTTP ${status}`);
    try {
      return schema(JSON.parse(text), 'answer');
    } catch {
      // A proxy may answer for it.
      throw new OutOfReach(sentence('it does not answer like the dashboard of a Ray cluster: check the address'));
    }
  }

  /** Not by `fetch`: Ray takes its `Sec-Fetch-Mode` header for a browser's, and refuses to change anything for one. */
  private send(
    method: string,
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    const patience = AbortSignal.timeout(patienceMs);
    const url = new URL(path, this.base);
    const options = {
      method,
      headers: {
        ...(this.token && { Authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    };
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void =>
        reject(new OutOfReach(patience.aborted ? sentence('no answer') : (error.code ?? error.message)));
      const request = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (data: string) => {
          text += data;
          if (text.length > longestAnswer) response.destroy(new Error('its answer is too long'));
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', fail);
      });
      request.on('error', fail);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
