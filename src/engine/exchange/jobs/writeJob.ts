/**
 * A training run as a folder, to be done by PyTorch on another machine: the text as token ids, the model with its first
 * weights and its settings, and the script that trains it (`train.py`).
 *
 *   first.safetensors   the model file of the untrained model; the script replaces its weights, results and history
 *   job.json            `JobDescription`
 *   tokens/             the ids in order, one or two bytes each (little-endian), in files of at most `shardTokens`
 *
 * The texts are read twice, piece by piece: once to find the vocabulary, once to write the ids. Memory does not depend
 * on their length.
 */
import type { Reason } from '../../../common/reasons';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../../common/errors';
import { sentence } from '../../../common/l10n';
import { list, object, SchemaFault, text, whole, type Schema } from '../../../common/schema';
import { settingsToChange, validateConfig } from '../../../common/trainingConfigRules';
import type { TrainingConfig } from '../../../common/trainingConfig';
import type { Corpus } from '../../corpus/corpus';
import { normalisedPieces } from '../../corpus/normaliseText';
import { planBatches } from '../../corpus/planBatches';
import { proseParts, type ProseOptions } from '../../corpus/proseParts';
import { TokenCounter, type Vocabulary } from '../../corpus/vocabulary';
import { initialiseParameters } from '../../model/initialisation';
import { readWeights, writeModelFile, type StoredLanguageModel } from '../../model/modelFile';
import { networkSpecOf } from '../../model/networkSpecOf';
import { removedOnExit } from '../../model/temporaryFiles';
import { canRemember } from '../../memory/modelMemory';
import type { TextSource } from '../../../common/engineProtocol';
import { chooseForJob, draftFor, type AutomaticChoice, type TextFacts } from '../../recipes/automatic';
import { engineVersion } from '../../version';
import trainingScript from './train.py';

export const firstModelName = 'first.safetensors';
export const jobFileName = 'job.json';

/** Ids in one file. */
const shardTokens = 2 ** 27;

/** The packages that the script needs; Ray only for `--ray`. */
const requirements = `torch==2.9.1
numpy==2.4.6
# Only for train.py --ray:
# ray[default,train]==2.60.0
`;

/** The contents of `job.json`. */
export interface JobDescription extends JobTokens {
  engineVersion: string;
  reasons: Reason[];
}

/** Where the tokens of a job are. */
export interface JobTokens {
  /** Positions in the ids. */
  files: { name: string; start: number; end: number }[];
  tokens: number;
  bytesPerToken: 1 | 2;
  /** Paths within the folder, in order. */
  shards: string[];
}

/** A path that the exporter writes: never one outside the folder. */
const shardName: Schema<string> = (value, path) => {
  if (/^tokens\/\d{4,}\.bin$/.test(text(value, path))) return value as string;
  throw new SchemaFault(path, 'the path of a file of tokens, such as tokens/0000.bin', value);
};

const jobTokens = object<JobTokens>({
  files: list(object({ name: text, start: whole(), end: whole() })),
  tokens: whole(2),
  bytesPerToken: whole(1, 2) as Schema<1 | 2>,
  shards: list(shardName),
});

/** The part of `job.json` that says where the tokens are. Throws `SchemaFault` naming the field that does not fit. */
export function parseJob(json: unknown): JobTokens {
  const job = jobTokens(json, 'job');
  let at = 0;
  job.files.forEach(({ start, end }, i) => {
    if (start !== at || end <= start)
      throw new SchemaFault(`job.files.${i}`, `the tokens from ${at} on`, { start, end });
    at = end;
  });
  if (at !== job.tokens) throw new SchemaFault('job.tokens', `${at}, the end of the last file`, job.tokens);
  return job;
}

export interface JobRequest {
  sources: readonly TextSource[];
  /** Must not exist yet, or be empty. */
  folder: string;
  title?: string;
  /** A file whose tensors are the first weights, instead of random ones. */
  weights?: string;
  reading?: ProseOptions;
  /** The settings that decide what the tokens are, for a text of this many bytes. */
  draft: (bytes: number) => TrainingConfig;
  /** All settings, once the text is known. */
  choose: (draft: TrainingConfig, facts: TextFacts) => Pick<AutomaticChoice, 'config' | 'reasons'>;
}

export interface WrittenJob extends JobDescription {
  config: TrainingConfig;
  vocabulary: Vocabulary;
  stepsPerEpoch: number;
  parameters: number;
}

/**
 * Writes the folder; it appears only when it is complete. Throws `invalidInput` for a folder that is not empty, for
 * texts that cannot be read or are too short, and for settings that a job cannot train.
 */
export async function writeJob(request: JobRequest): Promise<WrittenJob> {
  const folder = path.resolve(request.folder);
  await checkEmpty(folder);
  const temporary = `${folder}.${process.pid}.tmp`;
  try {
    return await removedOnExit(temporary, async () => {
      await fs.mkdir(path.join(temporary, 'tokens'), { recursive: true });
      const job = await fillFolder(request, temporary);
      await checkEmpty(folder);
      await fs.rmdir(folder).catch(() => undefined); // an empty one may be there
      await fs.rename(temporary, folder);
      return job;
    });
  } catch (error) {
    await fs.rm(temporary, { recursive: true, force: true }).catch(() => {});
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (error instanceof InklingError || typeof code !== 'string') throw error;
    throw new InklingError(
      'invalidInput',
      sentence(
        'The job could not be written to {0} ({1}). Choose a folder with enough space that you may write to.',
        request.folder,
        code,
      ),
      { cause: error },
    );
  }
}

/** `writeJob` with the automatic settings for a job, changed by `adjust`. */
export function writeAutomaticJob(
  request: Omit<JobRequest, 'draft' | 'choose'>,
  adjust: (config: TrainingConfig) => TrainingConfig,
): Promise<WrittenJob> {
  return writeJob({
    ...request,
    draft: (bytes) => draftFor(bytes, adjust),
    choose: (draft, facts) => {
      const choice = chooseForJob(draft, facts);
      return { ...choice, config: validateConfig(adjust(choice.config)) };
    },
  });
}

async function checkEmpty(folder: string): Promise<void> {
  const there = await fs.readdir(folder).catch((error: NodeJS.ErrnoException) => error.code);
  if (there === 'ENOENT' || (Array.isArray(there) && there.length === 0)) return;
  throw new InklingError(
    'invalidInput',
    Array.isArray(there)
      ? sentence('{0} is not empty. Name a new folder for the job.', folder)
      : sentence('{0} is not a folder that can be read. Name a new folder for the job.', folder),
  );
}

async function fillFolder(request: JobRequest, folder: string): Promise<WrittenJob> {
  const { sources, title, reading = {} } = request;
  if (sources.length === 0) throw new InklingError('invalidInput', 'No text was given; choose one or more files.');
  const draft = request.draft(await totalBytes(sources));
  checkJob(draft);
  const { vocabulary, lengths, hash } = await countTokens(sources, draft, reading);
  const files = filesOf(sources, lengths);
  const tokens = files.at(-1)?.end ?? 0;
  if (tokens < 2) {
    throw new InklingError('invalidInput', 'The texts have fewer than two tokens. A job is for large texts: add some.');
  }
  // All that the plan needs of a corpus; its ids are never read here.
  const corpus: Corpus = {
    config: draft.text,
    vocabulary,
    ids: new Uint8Array(0),
    files,
    examples: null,
    hash,
    unknownTokens: 0,
  };
  const { trainTargets, heldOutTargets } = planBatches(corpus, draft);
  const { config, reasons } = request.choose(draft, { trainTargets, heldOutTargets, vocabulary: vocabulary.size });
  checkJob(config);
  const { stepsPerEpoch } = planBatches(corpus, config);

  const bytesPerToken = vocabulary.size <= 255 ? 1 : 2;
  const shards = new ShardWriter(folder, bytesPerToken);
  const tokenCounts = new Array<number>(vocabulary.size).fill(0);
  try {
    for (const source of sources) {
      for await (const piece of pieces(source, draft, { ...reading, onNotice: undefined })) {
        const ids = bytesPerToken === 1 ? new Uint8Array(piece.length) : new Uint16Array(piece.length);
        const written = ids.subarray(0, vocabulary.encodeInto(piece, ids, 0));
        for (const id of written) if (id < tokenCounts.length) tokenCounts[id]++;
        await shards.write(written);
      }
    }
  } finally {
    await shards.close();
  }
  if (shards.tokens !== tokens) {
    throw new InklingError('invalidInput', 'A text changed while it was read. Export the job again.');
  }

  const spec = networkSpecOf(config, vocabulary.size);
  const parameters = request.weights
    ? await readWeights(request.weights, spec)
    : await initialiseParameters(spec, config.network.initialisation, config.seed);
  const model: StoredLanguageModel = {
    kind: 'language-model',
    title: title ?? sources[0].name,
    spec,
    vocabulary,
    tokenCounts,
    config,
    history: [],
    provenance: {
      engineVersion,
      created: new Date().toISOString(),
      seed: config.seed,
      files: files.map(({ name }) => name),
      textHash: hash,
    },
    results: { steps: 0, epochs: 0, seconds: 0, trainLoss: null, heldOutLoss: null, heldOutBitsPerCharacter: null },
    parameters,
  };
  await writeModelFile(path.join(folder, firstModelName), model);
  const description: JobDescription = { engineVersion, files, tokens, bytesPerToken, shards: shards.names, reasons };
  await fs.writeFile(path.join(folder, jobFileName), `${JSON.stringify(description, null, 2)}\n`);
  await fs.writeFile(path.join(folder, 'train.py'), trainingScript);
  await fs.writeFile(path.join(folder, 'requirements.txt'), requirements);
  return { ...description, config, vocabulary, stepsPerEpoch, parameters: parameters.length };
}

/** Throws `invalidInput` for settings that `train.py` does not support. */
function checkJob(config: TrainingConfig): void {
  const { text, objective, keep, evaluation, smoothedLoss } = config;
  const wanted: Record<string, string> = {
    ...(!canRemember(config) && { 'text.examples': 'text', 'objective.kind': 'every-step' }),
    ...(!objective.carryState && { 'objective.carryState': 'true' }),
    ...(text.heldOut.kind === 'random' && { 'text.heldOut.kind': 'tail' }),
    ...(keep === 'every-epoch' && { keep: 'last' }),
    ...(evaluation.atStart && { 'evaluation.atStart': 'false' }),
    ...(smoothedLoss && { smoothedLoss: 'none' }),
  };
  if (Object.keys(wanted).length === 0) return;
  throw new InklingError(
    'invalidInput',
    `A job trains running text with a loss at every step: set ${settingsToChange(config, wanted)}, or train here.`,
  );
}

async function totalBytes(sources: readonly TextSource[]): Promise<number> {
  let bytes = 0;
  for (const source of sources) bytes += (await fs.stat(source.path).catch(() => undefined))?.size ?? 0;
  return bytes;
}

interface CountedTexts {
  vocabulary: Vocabulary;
  /** Tokens of each file. */
  lengths: number[];
  /** That of the corpus (`corpus.ts`). */
  hash: string;
}

async function countTokens(
  sources: readonly TextSource[],
  config: TrainingConfig,
  reading: ProseOptions,
): Promise<CountedTexts> {
  const counter = new TokenCounter(config.text.unit);
  const hash = createHash('sha256');
  const lengths: number[] = [];
  for (const source of sources) {
    const before = counter.tokens;
    for await (const piece of pieces(source, config, reading)) {
      counter.add(piece);
      hash.update(piece);
    }
    hash.update('\0');
    lengths.push(counter.tokens - before);
  }
  return { vocabulary: counter.vocabulary(), lengths, hash: hash.digest('hex') };
}

function filesOf(sources: readonly TextSource[], lengths: readonly number[]): JobDescription['files'] {
  let at = 0;
  return sources
    .map(({ name }, i) => ({ name, start: at, end: (at += lengths[i]) }))
    .filter(({ start, end }) => end > start);
}

async function* pieces(
  { path: file, name, encoding }: TextSource,
  { text }: TrainingConfig,
  reading: ProseOptions,
): AsyncGenerator<string> {
  for await (const part of proseParts(file, name, { ...reading, encoding })) yield* normalisedPieces(part, text);
}

/** Writes ids to one file after the other. */
class ShardWriter {
  readonly names: string[] = [];
  tokens = 0;
  private handle: fs.FileHandle | undefined;

  constructor(
    private readonly folder: string,
    private readonly bytesPerToken: number,
  ) {}

  async write(ids: Uint8Array | Uint16Array): Promise<void> {
    for (let done = 0; done < ids.length;) {
      const room = shardTokens - (this.tokens % shardTokens);
      if (room === shardTokens) await this.next();
      const part = ids.subarray(done, done + room);
      await this.handle!.writeFile(new Uint8Array(part.buffer, part.byteOffset, part.length * this.bytesPerToken));
      done += part.length;
      this.tokens += part.length;
    }
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
  }

  private async next(): Promise<void> {
    await this.close();
    const name = `tokens/${String(this.names.length).padStart(4, '0')}.bin`;
    this.names.push(name);
    this.handle = await fs.open(path.join(this.folder, name), 'w');
  }
}
