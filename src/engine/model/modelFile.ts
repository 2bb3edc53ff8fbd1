/**
 * The model file: one safetensors file that holds everything. The weights have PyTorch's names and layouts, so that
 * `torch.nn.LSTM`, `GRU` and `RNN` load them as they are. The rest of the model is JSON in the header's metadata. A
 * checkpoint is the same file with more tensors (optimiser, carried state, best weights) and a `checkpoint` entry.
 *
 * A shipped model stores its matrices in eight bits (`quantise.ts`): `<name>` holds the integers, `<name>.scale` the
 * scale of each row. It is read like any other model.
 *
 * PyTorch's LSTM and RNN have two biases per gate, ours have one: a zero `rnn.bias_hh_l*` is written in addition, and
 * both are added on reading.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../common/errors';
import { sentence, type Sentence } from '../../common/l10n';
import { SchemaFault } from '../../common/schema';
import { parseMetadata, type LanguageModelMetadata, type ModelMetadata } from './modelMetadata';
import { parameterCount, parameterLayout, type NetworkSpec, type TensorSpec } from './networkSpec';
import {
  bytesOf,
  ContainerFault,
  decodeHeader,
  decodeHeaderLength,
  decodeTensor,
  encodeHeader,
  entriesOf,
  lengthBytes,
  maximumHeaderBytes,
  parseUntrusted,
  type Header,
  type Tensor,
  type TensorValues,
} from './safetensors';
import { dequantiseRows, quantiseRows } from './quantise';
import { removedOnExit, sweepTemporaryFiles, temporaryFileFor } from './temporaryFiles';

/** Version of the format. A reader rejects files of a higher version. */
export const modelFileVersion = 1;

/** What a model file holds. */
export type StoredModel = ModelMetadata & StoredWeights;
export type StoredLanguageModel = LanguageModelMetadata & StoredWeights;

interface StoredWeights {
  /** In the layout of `parameterLayout(spec)`. */
  parameters: Float32Array;
  /**
   * Further tensors, such as `optimiser.0` or `best.parameters`. Their names have a dot and do not begin with `rnn.`,
   * `output.` or `embedding.`.
   */
  extraTensors?: Record<string, TensorValues>;
  /** `int8` if the matrices are stored in eight bits; `parameters` are float32 either way. */
  precision?: 'int8';
}

/** A further float32 tensor; undefined if there is none. Throws `corruptModel` if it has another type. */
export function floatTensor(model: StoredModel, name: string): Float32Array | undefined {
  const values = model.extraTensors?.[name];
  if (values === undefined || values instanceof Float32Array) return values;
  throw new InklingError('corruptModel', `The tensor "${name}" of "${model.title}" is not float32. Use another copy.`);
}

/** The metadata of a file, and what its header says about the tensors. */
export type ModelFileSummary = ModelMetadata & {
  /** The size of the file. */
  bytes: number;
  /** The length of the parameter block. */
  parameterCount: number;
};

const scaleSuffix = '.scale';

/** Prefix of our keys in the container's metadata. All values except the version and the checksums are JSON. */
const prefix = 'inkling.';
const versionKey = `${prefix}version`;
/** SHA-256 of the tensors' bytes as stored in the file. */
const checksumKey = `${prefix}checksum`;
/** SHA-256 of the rest: metadata, names and positions of the tensors. */
const headerChecksumKey = `${prefix}headerChecksum`;
const plainKeys = [versionKey, checksumKey, headerChecksumKey];

/**
 * Writes `model` to a temporary file beside `file`, syncs it and renames it to `file`. Readers see the old file or the
 * new one, never a part, and the new file gets the permissions of the old one. `moveIntoPlace` replaces the renaming.
 * Throws `invalidInput` if it cannot be written there; then nothing is left behind and an earlier file is unchanged.
 * Also removes old temporary files of killed writers.
 */
export async function writeModelFile(
  file: string,
  model: StoredModel,
  moveIntoPlace: (written: string) => Promise<void> = (written) => fs.rename(written, file),
): Promise<void> {
  const { parameters, extraTensors, precision, ...metadata } = model;
  if (!areFinite(parameters)) {
    throw new InklingError(
      'invalidInput',
      sentence('Training diverged: the weights are not finite numbers. Train again with a lower learning rate.'),
    );
  }
  const tensors = tensorsToWrite(metadata.spec, { parameters, extraTensors, precision });
  const entries = entriesOf(tensors);
  const header = encodeHeader(metadataToWrite(metadata, tensors, entries), entries);
  if (header.length > lengthBytes + maximumHeaderBytes) {
    throw new InklingError(
      'invalidInput',
      sentence('The history and vocabulary of this model take more than 100 MB; train fewer steps.'),
    );
  }
  const temporary = temporaryFileFor(file);
  await removedOnExit(temporary, async () => {
    try {
      const replaced = await fs.stat(file).catch(() => undefined);
      const handle = await fs.open(temporary, 'wx');
      try {
        if (replaced) await handle.chmod(replaced.mode & 0o777);
        await handle.writeFile(header);
        for (const { values } of tensors.values()) await handle.writeFile(bytesOf(values));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await moveIntoPlace(temporary);
    } catch (error) {
      await fs.rm(temporary, { force: true }).catch(() => {});
      throw writeError(error, file);
    }
  });
  await syncFolder(path.dirname(file));
  await sweepTemporaryFiles(file);
}

/** Throws what `writeModelFile` would throw for this path, before hours are spent on training a model for it. */
export async function checkWritable(file: string): Promise<void> {
  const temporary = temporaryFileFor(file);
  try {
    await removedOnExit(temporary, async () => {
      await (await fs.open(temporary, 'wx')).close();
      await fs.rm(temporary);
    });
  } catch (error) {
    throw writeError(error, file);
  }
  const there = await fs.stat(file).catch(() => undefined);
  if (there?.isDirectory()) throw writeError(Object.assign(new Error('a folder'), { code: 'EISDIR' }), file);
}

/**
 * Reads a whole model or checkpoint. Throws `corruptModel` for a file that is truncated, altered or not a safetensors
 * file, `incompatibleModel` for one from a newer version or another program, and `invalidInput` if it cannot be read.
 * The file is never changed.
 */
export async function readModelFile(file: string): Promise<StoredModel> {
  return withHeader(file, async ({ header, metadata }, read) => {
    const checksum = createHash('sha256');
    const tensors = new Map<string, TensorValues>();
    for (const [name, entry] of header.entries) {
      const tensor = decodeTensor(entry);
      await read(bytesOf(tensor), (piece) => checksum.update(piece));
      tensors.set(name, tensor);
    }
    if (checksum.digest('hex') !== header.metadata[checksumKey]) {
      throw new ContainerFault('its weights were altered (their checksum does not fit)');
    }
    const isQuantised = [...tensors.keys()].some((name) => name.endsWith(scaleSuffix));
    const parameters = takeParameters(metadata.spec, tensors);
    const extraTensors = Object.fromEntries(tensors);
    return { ...metadata, parameters, extraTensors, ...(isQuantised && { precision: 'int8' as const }) };
  });
}

/** Reads a language model. Throws like `readModelFile`, and `incompatibleModel` for a classifier. */
export async function readLanguageModel(file: string): Promise<StoredLanguageModel> {
  const model = await readModelFile(file);
  if (model.kind === 'language-model') return model;
  throw new InklingError(
    'incompatibleModel',
    sentence('{0} is a classifier: use it to classify, or choose a language model.', path.basename(file)),
  );
}

/** Reads only the header: fast for files of any size. Rejects what `readModelFile` rejects, except altered weights. */
export async function readModelMetadata(file: string): Promise<ModelFileSummary> {
  return withHeader(file, async ({ metadata, fileBytes }) => ({
    ...metadata,
    bytes: fileBytes,
    parameterCount: parameterCount(metadata.spec),
  }));
}

/**
 * Reads the weights of a network from any safetensors file that holds its tensors in float32 under the names and in the
 * shapes of a model file, which are PyTorch's, with or without a second bias. The rest of a model file is ignored.
 * Throws `invalidInput` for a file with other tensors, naming one, or without readable tensors.
 */
export async function readWeights(file: string, spec: NetworkSpec): Promise<Float32Array> {
  return withContainer(file, async ({ header, fileBytes }, read) => {
    try {
      if (fileBytes < header.dataStart + header.dataBytes) throw new ContainerFault('it is truncated');
      checkTensors(spec, header);
      const own = new Set([...storedTensors(spec)].flatMap((stored) => namesOf(stored)));
      const other = [...header.entries.keys()].find((name) => !own.has(name));
      if (other !== undefined && header.metadata[versionKey] === undefined) {
        throw new ContainerFault(`it has a further tensor "${other}"`);
      }
      const tensors = new Map<string, TensorValues>();
      for (const [name, entry] of header.entries) {
        const tensor = decodeTensor(entry);
        await read(bytesOf(tensor));
        tensors.set(name, tensor);
      }
      return takeParameters(spec, tensors);
    } catch (error) {
      if (!(error instanceof ContainerFault)) throw error;
      const wanted = parameterLayout(spec).map(({ name, shape }) => `${name} [${shape.join(', ')}]`);
      throw new InklingError(
        'invalidInput',
        `${path.basename(file)} does not hold the weights of this network: ${error.message}. It needs ${wanted.join(', ')}, all F32.`,
        { cause: error },
      );
    }
  });
}

interface OpenedContainer {
  header: Header;
  fileBytes: number;
}

interface OpenedModel extends OpenedContainer {
  metadata: ModelMetadata;
}

/** Fills `target` with the next bytes of the file, passing each piece to `onPiece`. */
type ReadNext = (target: Uint8Array, onPiece?: (piece: Uint8Array) => void) => Promise<void>;

/** The most that is read at once: neither system calls nor hashes take more than 2 GiB. */
const pieceBytes = 64 * 1024 * 1024;

/** Opens a model file, checks its header, and calls `work` with it; otherwise like `withContainer`. */
function withHeader<R>(file: string, work: (opened: OpenedModel, read: ReadNext) => Promise<R>): Promise<R> {
  return withContainer(file, ({ header, fileBytes }, read) =>
    work({ header, fileBytes, metadata: checkedMetadata(file, header, fileBytes) }, read),
  );
}

/**
 * Opens a safetensors file and calls `work` with its header; `read` continues after it. Any fault becomes an error that
 * names the file and the remedy.
 */
async function withContainer<R>(
  file: string,
  work: (opened: OpenedContainer, read: ReadNext) => Promise<R>,
): Promise<R> {
  let handle: fs.FileHandle | undefined;
  try {
    // A pipe or a device would never end.
    const stat = await fs.stat(file);
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? 'is a folder. Name the model file in it' : 'is not a file. Choose a model file';
      throw new InklingError('invalidInput', `${file} ${what}.`);
    }
    const opened = (handle = await fs.open(file, 'r'));
    const fileBytes = (await opened.stat()).size;
    let position = 0;
    const read: ReadNext = async (target, onPiece) => {
      for (let done = 0; done < target.length;) {
        const length = Math.min(pieceBytes, target.length - done);
        const { bytesRead } = await opened.read(target, done, length, position);
        if (bytesRead === 0) throw new ContainerFault('it is truncated');
        onPiece?.(target.subarray(done, done + bytesRead));
        done += bytesRead;
        position += bytesRead;
      }
    };
    const start = Buffer.alloc(Math.min(lengthBytes, fileBytes));
    await read(start);
    const json = Buffer.alloc(decodeHeaderLength(start, fileBytes));
    await read(json);
    const header = decodeHeader(json);
    return await work({ header, fileBytes }, read);
  } catch (error) {
    throw readError(error, file);
  } finally {
    await handle?.close();
  }
}

// What is written

function tensorsToWrite(
  spec: NetworkSpec,
  { parameters, precision, extraTensors = {} }: StoredWeights,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { tensor, recurrentBias } of storedTensors(spec)) {
    const { name, shape, offset, size } = tensor;
    const weights = parameters.subarray(offset, offset + size);
    if (precision === 'int8' && shape.length === 2) {
      const { values, scales } = quantiseRows(weights, shape[0]);
      tensors.set(name, { shape, values });
      tensors.set(name + scaleSuffix, { shape: [shape[0]], values: scales });
    } else {
      tensors.set(name, { shape, values: weights });
    }
    if (recurrentBias !== undefined) tensors.set(recurrentBias, { shape, values: new Float32Array(size) });
  }
  for (const [name, values] of Object.entries(extraTensors)) {
    if (!name.includes('.') || /^(rnn|output|embedding)\./.test(name)) {
      throw new InklingError('internal', `A model file has no room for a further tensor named "${name}".`);
    }
    tensors.set(name, { shape: [values.length], values });
  }
  return tensors;
}

function metadataToWrite(
  own: ModelMetadata,
  tensors: Map<string, Tensor>,
  entries: Header['entries'],
): Header['metadata'] {
  // `format` tells Python readers that these are PyTorch's layouts.
  const metadata: Record<string, string> = { format: 'pt', [versionKey]: String(modelFileVersion) };
  for (const [key, value] of Object.entries(own)) {
    if (value !== undefined) metadata[prefix + key] = JSON.stringify(value);
  }
  const checksum = createHash('sha256');
  for (const { values } of tensors.values()) {
    for (const piece of piecesOf(values)) checksum.update(piece);
  }
  metadata[checksumKey] = checksum.digest('hex');
  metadata[headerChecksumKey] = headerChecksum(metadata, entries);
  return metadata;
}

function headerChecksum(metadata: Header['metadata'], entries: Header['entries']): string {
  const rest = Object.entries(metadata).filter(([key]) => key !== headerChecksumKey);
  const byName = (a: [string, unknown], b: [string, unknown]): number => (a[0] < b[0] ? -1 : 1);
  const places = [...entries].map(([name, e]): [string, unknown] => [name, [e.dtype, e.shape, e.data_offsets]]);
  const content = [rest.sort(byName), places.sort(byName)];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

// What is read

/**
 * The metadata of a file of `fileBytes` bytes. Throws `incompatibleModel` or a fault if its header or size shows that it
 * is not a whole model file of this version.
 */
function checkedMetadata(file: string, header: Header, fileBytes: number): ModelMetadata {
  const version = header.metadata[versionKey];
  if (version === undefined) {
    throw new InklingError(
      'incompatibleModel',
      sentence('{0} is a safetensors file of another program. Choose a model that Inkling wrote.', path.basename(file)),
    );
  }
  if (!/^[1-9]\d*$/.test(version)) throw new ContainerFault('its version is damaged');
  if (Number(version) > modelFileVersion) {
    throw new InklingError(
      'incompatibleModel',
      sentence(
        '{0} was written by a newer version of Inkling (format {1}). Update Inkling to use it.',
        path.basename(file),
        version,
      ),
    );
  }
  if (fileBytes < header.dataStart + header.dataBytes) throw new ContainerFault('it is truncated');
  if (fileBytes > header.dataStart + header.dataBytes) throw new ContainerFault('something was added at its end');
  if (headerChecksum(header.metadata, header.entries) !== header.metadata[headerChecksumKey]) {
    throw new ContainerFault('its header was altered (its checksum does not fit)');
  }
  const json: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(header.metadata)) {
    if (key.startsWith(prefix) && !plainKeys.includes(key)) json[key.slice(prefix.length)] = parseJson(key, text);
  }
  const metadata = parseMetadata(json);
  checkTensors(metadata.spec, header);
  return metadata;
}

function parseJson(key: string, text: string): unknown {
  try {
    return parseUntrusted(text);
  } catch {
    throw new ContainerFault(`its "${key}" is not JSON of a model`);
  }
}

/** A tensor of the parameter block as stored in a file, possibly with a second bias. */
interface StoredTensor {
  tensor: TensorSpec;
  recurrentBias?: string;
}

/** All names under which parts of a tensor may be stored. */
function namesOf({ tensor: { name }, recurrentBias }: StoredTensor): string[] {
  return [name, name + scaleSuffix, ...(recurrentBias === undefined ? [] : [recurrentBias])];
}

/** The tensors of a network as stored in a file, those of its parameters first. */
function* storedTensors(spec: NetworkSpec): Generator<StoredTensor> {
  for (const tensor of parameterLayout(spec)) {
    const isHalf = tensor.role === 'inputBias' && spec.cell !== 'gru';
    yield { tensor, ...(isHalf && { recurrentBias: tensor.name.replace('bias_ih', 'bias_hh') }) };
  }
}

/** Throws unless the header has every tensor of the network in the right shape. Called before memory is allocated. */
function checkTensors(spec: NetworkSpec, { entries }: Header): void {
  const check = (name: string, shape: number[], dtypes: string[]): void => {
    const entry = entries.get(name);
    if (!entry) throw new ContainerFault(`tensor "${name}" is missing`);
    if (entry.shape.join() !== shape.join()) {
      throw new ContainerFault(`tensor "${name}" is [${entry.shape.join(', ')}], not [${shape.join(', ')}]`);
    }
    if (!dtypes.includes(entry.dtype)) throw new ContainerFault(`tensor "${name}" is ${entry.dtype}, not ${dtypes[0]}`);
  };
  for (const { tensor, recurrentBias } of storedTensors(spec)) {
    const { name, shape } = tensor;
    check(name, shape, shape.length === 2 ? ['F32', 'I8'] : ['F32']);
    if (entries.get(name)?.dtype === 'I8') check(name + scaleSuffix, [shape[0]], ['F32']);
    if (recurrentBias !== undefined && entries.has(recurrentBias)) check(recurrentBias, shape, ['F32']);
  }
}

/** Assembles the parameter block and removes its tensors from `tensors`. */
function takeParameters(spec: NetworkSpec, tensors: Map<string, TensorValues>): Float32Array {
  const parameters = new Float32Array(parameterCount(spec));
  const take = (name: string): TensorValues => {
    const values = tensors.get(name)!;
    tensors.delete(name);
    return values;
  };
  for (const { tensor, recurrentBias } of storedTensors(spec)) {
    const { name, offset, size } = tensor;
    const target = parameters.subarray(offset, offset + size);
    const values = take(name);
    if (values instanceof Int8Array) {
      target.set(dequantiseRows({ values, scales: take(name + scaleSuffix) as Float32Array }));
    } else target.set(values);
    if (recurrentBias !== undefined && tensors.has(recurrentBias)) {
      const recurrent = take(recurrentBias);
      // Zeros are left out, because -0 + 0 would change a bit of a bias of -0.
      for (let i = 0; i < size; i++) if (recurrent[i] !== 0) target[i] += recurrent[i];
    }
    if (!areFinite(target)) throw new ContainerFault(`tensor "${name}" holds numbers that are not finite`);
  }
  return parameters;
}

/** Whether all are finite: a model of other weights could not be read back. */
export function areFinite(values: Float32Array): boolean {
  // One sum for millions of numbers: x - x is 0, or NaN for what is not finite.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] - values[i];
  return sum === 0;
}

function* piecesOf(values: TensorValues): Generator<Uint8Array> {
  const bytes = bytesOf(values);
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

// Errors

/** Other failures of a disk or a network drive are not bugs in this program either. */
function otherError(error: unknown, failed: Sentence): InklingError {
  const code = systemCode(error);
  if (code === 'EMFILE' || code === 'ENFILE') {
    const told = sentence('{0}: too many files are open. Close some programs, then try again.', failed);
    return new InklingError('invalidInput', told, { cause: error });
  }
  return code !== undefined && /^E[A-Z]+$/.test(code)
    ? new InklingError('invalidInput', sentence('{0} ({1}). Check its disk, or choose another.', failed, code), {
        cause: error,
      })
    : new InklingError('internal', sentence('{0} ({1}).', failed, String(error)), { cause: error });
}

function readError(error: unknown, file: string): InklingError {
  if (error instanceof InklingError) return error;
  if (error instanceof ContainerFault || error instanceof SchemaFault) {
    const fault = error instanceof SchemaFault ? `its ${error.message}` : error.message;
    return new InklingError(
      'corruptModel',
      sentence(
        '{0} cannot be loaded: {1}. Use a backup or a checkpoint of it, or train again; the file was not changed.',
        path.basename(file),
        fault,
      ),
      { cause: error },
    );
  }
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new InklingError('invalidInput', sentence('There is no model file {0}. Check the path.', file), {
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new InklingError('invalidInput', sentence('{0} cannot be read. Change its permissions.', file), {
        cause: error,
      });
    default:
      return otherError(error, sentence('{0} could not be read', file));
  }
}

function writeError(error: unknown, file: string): InklingError {
  const fail = (told: Sentence): InklingError => new InklingError('invalidInput', told, { cause: error });
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fail(sentence('The disk is full: {0} was not written. Free some space, or choose another folder.', file));
    case 'EFBIG':
      return fail(
        sentence(
          '{0} was not written: it is too large for a file on that disk. Choose another disk, or fewer units.',
          file,
        ),
      );
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return fail(sentence('{0} cannot be written there. Choose a folder that is not read-only.', file));
    case 'ENOENT':
    case 'ENOTDIR':
      return fail(sentence('The folder {0} does not exist. Create it, or choose another.', path.dirname(file)));
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTEMPTY':
      return fail(sentence('{0} is a folder. Choose another name for the model.', file));
    default:
      return otherError(error, sentence('{0} could not be written', file));
  }
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Makes the rename itself survive a power failure, if the system can open a folder (Windows cannot). */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // The file is written and named; only a power failure in the next seconds could still lose it.
  }
}
