/**
 * The model file: one safetensors file that holds everything. The weights lie under PyTorch's names and layouts, so
 * that `torch.nn.LSTM`, `GRU` and `RNN` load them as they are; what else belongs to the model is JSON in the header's
 * metadata. A checkpoint is the same file with more tensors (optimiser, carried state, best weights) and a `checkpoint`
 * entry.
 *
 * A shipped model has its matrices in eight bits (`quantise.ts`): `<name>` holds the whole numbers, `<name>.scale` the scale
 * of each row. It is read like any other.
 *
 * PyTorch's LSTM and RNN have two biases a gate where ours have one: a zero `rnn.bias_hh_l*` is written beside it, and
 * on reading both are added.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../common/errors';
import type { TrainEvent } from '../../common/trainEvents';
import type { TrainingConfig } from '../../common/trainingConfig';
import { checkNetworkSpec, parameterCount, parameterLayout, type NetworkSpec } from './networkSpec';
import {
  ContainerFault,
  decodeHeader,
  decodeHeaderLength,
  decodeTensors,
  encodeHeader,
  entriesOf,
  lengthBytes,
  maximumHeaderBytes,
  type Header,
  type Tensor,
  type TensorValues,
} from './safetensors';
import { dequantiseRows, quantiseRows } from './quantise';
import { sweepTemporaryFiles, temporaryFileFor } from './temporaryFiles';

/** Version of the format. A reader refuses a file of a higher one. */
export const modelFileVersion = 1;

/** What a model file says beside its tensors. */
export interface ModelMetadata {
  kind: 'language-model' | 'classifier';
  /** Name for people. */
  title: string;
  spec: NetworkSpec;
  /** As the vocabulary gives itself in `toJSON()`. */
  vocabulary: unknown;
  /** The recipe as it was run; none for a classifier, whose settings are in `details`. */
  config?: TrainingConfig;
  history: TrainEvent[];
  provenance: Provenance;
  results: TrainingResults;
  /** Free JSON of the model's kind: a classifier's labels, threshold, report. */
  details?: unknown;
  /** JSON of a run that can be continued: random states, position in the text. Only in a checkpoint. */
  checkpoint?: unknown;
}

export interface Provenance {
  engineVersion: string;
  /** ISO 8601. */
  created: string;
  seed: number;
  /** Names of the texts. */
  files: string[];
  /** SHA-256 of the normalised text, hexadecimal. */
  textHash: string;
}

export interface TrainingResults {
  steps: number;
  epochs: number;
  /** Seconds of training. */
  seconds: number;
  /** Nats a token; null where it was not measured. */
  trainLoss: number | null;
  heldOutLoss: number | null;
  heldOutBitsPerCharacter: number | null;
}

export interface StoredModel extends ModelMetadata {
  /** In the layout of `parameterLayout(spec)`. */
  parameters: Float32Array;
  /** Further tensors under names with a dot that do not begin with rnn., output. or embedding.:
   *  `optimiser.m`, `state.train`, `best.parameters`, … */
  extraTensors?: Record<string, TensorValues>;
  /** `int8` where the matrices lie in eight bits in the file; `parameters` are float32 either way. */
  precision?: 'int8';
}

/** A further tensor of float32; undefined where there is none. Throws `corruptModel` for one of another type. */
export function floatTensor(model: StoredModel, name: string): Float32Array | undefined {
  const values = model.extraTensors?.[name];
  if (values === undefined || values instanceof Float32Array) return values;
  throw new InklingError('corruptModel', `The tensor "${name}" of "${model.title}" is not float32. Use another copy.`);
}

/** The metadata of a file, and what its header tells of the tensors. */
export interface ModelFileSummary extends ModelMetadata {
  /** Size of the file. */
  bytes: number;
  /** Numbers in the parameter block. */
  parameterCount: number;
}

const scaleSuffix = '.scale';

/** Metadata keys in the file; all but the last two hold JSON. */
const keyOf = (name: string): string => `inkling.${name}`;
const jsonKeys = [
  'kind',
  'title',
  'spec',
  'vocabulary',
  'config',
  'history',
  'provenance',
  'results',
  'details',
  'checkpoint',
] as const satisfies readonly (keyof ModelMetadata)[];
const requiredKeys: readonly string[] = ['kind', 'title', 'spec', 'vocabulary', 'history', 'provenance', 'results'];
/** SHA-256 of the tensors' bytes as they lie in the file. */
const checksumKey = keyOf('checksum');
/** SHA-256 of the rest: metadata, names and places of the tensors. */
const headerChecksumKey = keyOf('headerChecksum');

/**
 * Writes `model` to `file`: to a temporary file beside it, synced, then renamed over it. Readers see the old file or the
 * new one, never a part; the new one has the old one's permissions. `moveIntoPlace` replaces that renaming.
 * Throws `invalidInput` where the place cannot take it; then nothing is left behind and an earlier file is as it was. What
 * a killed writer left here long ago is removed.
 */
export async function writeModelFile(
  file: string,
  model: StoredModel,
  moveIntoPlace: (written: string) => Promise<void> = (written) => fs.rename(written, file),
): Promise<void> {
  const tensors = tensorsToWrite(model);
  const entries = entriesOf(tensors);
  const header = encodeHeader(metadataToWrite(model, tensors, entries), entries);
  if (header.length > lengthBytes + maximumHeaderBytes) {
    throw new InklingError(
      'invalidInput',
      'The history and vocabulary of this model are over 100 MB; train fewer steps.',
    );
  }
  const temporary = temporaryFileFor(file);
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
  await syncFolder(path.dirname(file));
  await sweepTemporaryFiles(file);
}

/** Throws what `writeModelFile` would throw for this place, before hours are spent on what is to be written there. */
export async function checkWritable(file: string): Promise<void> {
  const temporary = temporaryFileFor(file);
  try {
    await (await fs.open(temporary, 'wx')).close();
    await fs.rm(temporary);
  } catch (error) {
    throw writeError(error, file);
  }
  const there = await fs.stat(file).catch(() => undefined);
  if (there?.isDirectory()) throw writeError(Object.assign(new Error('a folder'), { code: 'EISDIR' }), file);
}

/**
 * Reads a whole model or checkpoint. Throws `corruptModel` for a file that is cut off, altered or no safetensors file,
 * `incompatibleModel` for one of a newer version or of another program, `invalidInput` where there is none to read. The
 * file is never changed.
 */
export async function readModelFile(file: string): Promise<StoredModel> {
  const bytes = await fs.readFile(file).catch((error: unknown) => {
    throw readError(error, file);
  });
  return refuseFaults(file, () => {
    const length = decodeHeaderLength(bytes.subarray(0, lengthBytes), bytes.length);
    const header = decodeHeader(bytes.subarray(lengthBytes, lengthBytes + length));
    const metadata = checkedMetadata(file, header, bytes.length);
    const data = bytes.subarray(header.dataStart);
    if (createHash('sha256').update(data).digest('hex') !== header.metadata[checksumKey]) {
      throw new ContainerFault('its weights were altered (their checksum does not fit)');
    }
    const tensors = decodeTensors(header, data);
    const isQuantised = [...tensors.keys()].some((name) => name.endsWith(scaleSuffix));
    const parameters = takeParameters(metadata.spec, tensors);
    const extraTensors = Object.fromEntries([...tensors].map(([name, { values }]) => [name, values]));
    return { ...metadata, parameters, extraTensors, ...(isQuantised && { precision: 'int8' as const }) };
  });
}

/** Reads the header only: quick for a file of any size. Refuses what `readModelFile` refuses, except altered weights. */
export async function readModelMetadata(file: string): Promise<ModelFileSummary> {
  const { json, bytes } = await readHeader(file);
  return refuseFaults(file, () => {
    const metadata = checkedMetadata(file, decodeHeader(json), bytes);
    return { ...metadata, bytes, parameterCount: parameterCount(metadata.spec) };
  });
}

async function readHeader(file: string): Promise<{ json: Buffer; bytes: number }> {
  let handle: fs.FileHandle | undefined;
  try {
    handle = await fs.open(file, 'r');
    const bytes = (await handle.stat()).size;
    const start = Buffer.alloc(Math.min(lengthBytes, bytes));
    await handle.read(start, 0, start.length, 0);
    const length = refuseFaults(file, () => decodeHeaderLength(start, bytes));
    const json = Buffer.alloc(length);
    await handle.read(json, 0, length, lengthBytes);
    return { json, bytes };
  } catch (error) {
    throw readError(error, file);
  } finally {
    await handle?.close();
  }
}

// What is written

function tensorsToWrite({ spec, parameters, precision, extraTensors = {} }: StoredModel): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape, offset, size, role } of parameterLayout(spec)) {
    const weights = parameters.subarray(offset, offset + size);
    if (precision === 'int8' && shape.length === 2) {
      const { values, scales } = quantiseRows(weights, shape[0]);
      tensors.set(name, { shape, values });
      tensors.set(name + scaleSuffix, { shape: [shape[0]], values: scales });
    } else {
      tensors.set(name, { shape, values: weights });
    }
    if (role === 'inputBias' && spec.cell !== 'gru') {
      tensors.set(recurrentBiasOf(name), { shape, values: new Float32Array(size) });
    }
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
  model: ModelMetadata,
  tensors: Map<string, Tensor>,
  entries: Header['entries'],
): Header['metadata'] {
  // `format` tells Python's readers whose layouts these are.
  const metadata: Record<string, string> = { format: 'pt', [keyOf('version')]: String(modelFileVersion) };
  for (const key of jsonKeys) {
    if (model[key] !== undefined) metadata[keyOf(key)] = JSON.stringify(model[key]);
  }
  const checksum = createHash('sha256');
  for (const { values } of tensors.values()) checksum.update(bytesOf(values));
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

/** The metadata of a file of `fileBytes`, unless the header or the size shows that it is not whole. */
function checkedMetadata(file: string, header: Header, fileBytes: number): ModelMetadata {
  const version = header.metadata[keyOf('version')];
  if (version === undefined) {
    throw new InklingError(
      'incompatibleModel',
      `${path.basename(file)} is a safetensors file of another program. Choose a model that Inkling wrote.`,
    );
  }
  if (!(Number(version) <= modelFileVersion)) {
    throw new InklingError(
      'incompatibleModel',
      `${path.basename(file)} was written by a newer version of Inkling (format ${version}). Update Inkling to use it.`,
    );
  }
  if (fileBytes < header.dataStart + header.dataBytes) throw new ContainerFault('it is cut off');
  if (fileBytes > header.dataStart + header.dataBytes) throw new ContainerFault('something was added at its end');
  if (headerChecksum(header.metadata, header.entries) !== header.metadata[headerChecksumKey]) {
    throw new ContainerFault('its header was altered (its checksum does not fit)');
  }
  const found: Record<string, unknown> = {};
  for (const key of jsonKeys) {
    const text = header.metadata[keyOf(key)];
    if (text !== undefined) found[key] = JSON.parse(text);
    else if (requiredKeys.includes(key)) throw new ContainerFault(`its ${key} is missing`);
  }
  // The checksum has shown that these are the values that `metadataToWrite` wrote.
  const metadata = found as unknown as ModelMetadata;
  checkNetworkSpec(metadata.spec);
  return metadata;
}

/** Gathers the parameter block and removes its tensors from `tensors`. */
function takeParameters(spec: NetworkSpec, tensors: Map<string, Tensor>): Float32Array {
  const parameters = new Float32Array(parameterCount(spec));
  const takeValues = (name: string, shape: number[]): TensorValues => {
    const tensor = tensors.get(name);
    if (!tensor) throw new ContainerFault(`tensor "${name}" is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw new ContainerFault(`tensor "${name}" is [${tensor.shape.join(', ')}], not [${shape.join(', ')}]`);
    }
    tensors.delete(name);
    return tensor.values;
  };
  const take = (name: string, shape: number[]): Float32Array => {
    const values = takeValues(name, shape);
    if (values instanceof Float32Array) return values;
    if (!(values instanceof Int8Array)) throw new ContainerFault(`tensor "${name}" holds no weights`);
    const scales = takeValues(name + scaleSuffix, [shape[0]]);
    if (!(scales instanceof Float32Array)) throw new ContainerFault(`tensor "${name}${scaleSuffix}" is not F32`);
    return dequantiseRows({ values, scales });
  };
  for (const { name, shape, offset, size, role } of parameterLayout(spec)) {
    const values = parameters.subarray(offset, offset + size);
    values.set(take(name, shape));
    if (role === 'inputBias' && spec.cell !== 'gru' && tensors.has(recurrentBiasOf(name))) {
      const recurrent = take(recurrentBiasOf(name), shape);
      // Zeros are left out, because -0 + 0 would change a bit of a bias of -0.
      for (let i = 0; i < size; i++) if (recurrent[i] !== 0) values[i] += recurrent[i];
    }
  }
  return parameters;
}

function recurrentBiasOf(inputBias: string): string {
  return inputBias.replace('bias_ih', 'bias_hh');
}

/** Bytes of the file: little-endian, as on every machine that Node.js runs VS Code on. */
function bytesOf(values: TensorValues): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

// What can go wrong

/** Runs `read`; what it finds wrong becomes an error that names the file and the remedy. */
function refuseFaults<R>(file: string, read: () => R): R {
  try {
    return read();
  } catch (error) {
    if (error instanceof InklingError && error.code === 'incompatibleModel') throw error;
    const fault = error instanceof ContainerFault ? error.message : 'its description of the network is not valid';
    throw new InklingError(
      'corruptModel',
      `${path.basename(file)} cannot be loaded: ${fault}. Use a backup or a checkpoint of it, or train again; the file was not changed.`,
      { cause: error },
    );
  }
}

function readError(error: unknown, file: string): InklingError {
  if (error instanceof InklingError) return error;
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new InklingError('invalidInput', `There is no model file ${file}. Check the path.`, { cause: error });
    case 'EISDIR':
      return new InklingError('invalidInput', `${file} is a folder. Name the model file in it.`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new InklingError('invalidInput', `${file} may not be read. Change its permissions.`, { cause: error });
    default:
      return new InklingError('internal', `${file} could not be read (${String(error)}).`, { cause: error });
  }
}

function writeError(error: unknown, file: string): InklingError {
  const fail = (message: string): InklingError => new InklingError('invalidInput', message, { cause: error });
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fail(`The disk is full: ${file} was not written. Free some space, or choose another folder.`);
    case 'EFBIG':
      return fail(
        `${file} was not written: it is larger than files may be there. Choose another disk, or fewer units.`,
      );
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return fail(`${file} may not be written there. Choose a folder that is not read-only.`);
    case 'ENOENT':
    case 'ENOTDIR':
      return fail(`The folder ${path.dirname(file)} does not exist. Create it, or choose another.`);
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTEMPTY':
      return fail(`${file} is a folder. Choose another name for the model.`);
    default:
      return new InklingError('internal', `${file} could not be written (${String(error)}). Choose another folder.`, {
        cause: error,
      });
  }
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Makes the rename itself last through a power cut, where the system lets a folder be opened (Windows does not). */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // The file is written and named; only its safety against a power cut in the next seconds is less.
  }
}
