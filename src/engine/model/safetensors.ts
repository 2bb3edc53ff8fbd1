/**
 * The safetensors container (https://github.com/huggingface/safetensors, "Format"):
 *
 *   8 bytes  N, the header's length, unsigned little-endian
 *   N bytes  JSON: { "<tensor>": { "dtype": "F32", "shape": [...], "data_offsets": [begin, end] }, …,
 *                    "__metadata__": { "<key>": "<string>" } }, padded with spaces
 *   rest     the tensors' bytes, little-endian, without gaps; offsets count from here
 *
 * Faults are thrown as `ContainerFault`, whose message says what is wrong; the caller adds the file's name.
 */
import { endOfString } from '../../common/jsonText';
import { isObject } from '../../common/schema';

/** The supported element types, with their arrays. */
const arrayOf = { F32: Float32Array, I8: Int8Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array };
type DType = keyof typeof arrayOf;

export type TensorValues = Float32Array | Int8Array | Uint8Array | Uint16Array | Uint32Array;

export interface Tensor {
  shape: number[];
  values: TensorValues;
}

/** The position of a tensor. */
export interface TensorEntry {
  dtype: DType;
  shape: number[];
  data_offsets: [number, number];
}

export interface Header {
  metadata: Record<string, string>;
  /** In file order. */
  entries: Map<string, TensorEntry>;
  /** The offset of the tensors' bytes in the file. */
  dataStart: number;
  /** The number of the tensors' bytes, according to the entries. */
  dataBytes: number;
}

export class ContainerFault extends Error {}

/** The size in bytes of the length field before the header. */
export const lengthBytes = 8;
/** The limit of the reference implementation. */
export const maximumHeaderBytes = 100_000_000;

/** The position of each tensor if their bytes follow each other in the map's order. */
export function entriesOf(tensors: Map<string, Tensor>): Map<string, TensorEntry> {
  const entries = new Map<string, TensorEntry>();
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    entries.set(name, { dtype: dtypeOf(values), shape, data_offsets: [offset, offset + values.byteLength] });
    offset += values.byteLength;
  }
  return entries;
}

/** The length field and the header; the tensors' bytes follow it. */
export function encodeHeader(metadata: Record<string, string>, entries: Map<string, TensorEntry>): Buffer {
  const json = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }), 'utf8');
  // Spaces up to a multiple of 8 let a reader map the tensors in place.
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(lengthBytes + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length));
  json.copy(bytes, lengthBytes);
  return bytes;
}

/** Reads the length field (the first 8 bytes of the file). */
export function decodeHeaderLength(bytes: Buffer, fileBytes: number): number {
  if (bytes.length < lengthBytes) throw new ContainerFault('it is not a safetensors file');
  const length = bytes.readBigUInt64LE();
  if (length < 2n || length > BigInt(maximumHeaderBytes)) throw new ContainerFault('it is not a safetensors file');
  if (lengthBytes + Number(length) > fileBytes) throw new ContainerFault('it is truncated');
  return Number(length);
}

/** Reads and checks the JSON that follows the length field. */
export function decodeHeader(json: Buffer): Header {
  let parsed: unknown;
  try {
    parsed = parseUntrusted(json.toString('utf8'), maximumTensors + 2);
  } catch (fault) {
    if (fault instanceof ContainerFault) throw fault;
    throw new ContainerFault('its header is damaged, or it is not a safetensors file');
  }
  if (!isObject(parsed)) throw new ContainerFault('it is not a safetensors file');
  const metadata: Record<string, string> = {};
  const entries: [string, TensorEntry][] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') {
      if (!isObject(value)) throw new ContainerFault('its metadata are damaged');
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string') throw new ContainerFault('its metadata are damaged');
        metadata[key] = text;
      }
    } else entries.push([name, checkedEntry(name, value)]);
  }
  entries.sort(([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1]);
  let dataBytes = 0;
  for (const [name, { data_offsets: offsets }] of entries) {
    if (offsets[0] !== dataBytes)
      throw new ContainerFault(`tensor "${name}" does not begin where the one before it ends`);
    dataBytes = offsets[1];
  }
  return { metadata, entries: new Map(entries), dataStart: lengthBytes + json.length, dataBytes };
}

/** An array for the numbers of a tensor; the file's bytes are read into its buffer. */
export function decodeTensor({ dtype, data_offsets: [begin, end] }: TensorEntry): TensorValues {
  const ArrayType = arrayOf[dtype];
  return new ArrayType((end - begin) / ArrayType.BYTES_PER_ELEMENT);
}

/** The bytes of a tensor: little-endian, as on every machine that runs VS Code. */
export function bytesOf(values: TensorValues): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function dtypeOf(values: TensorValues): DType {
  return (Object.keys(arrayOf) as DType[]).find((dtype) => values instanceof arrayOf[dtype])!;
}

function checkedEntry(name: string, value: unknown): TensorEntry {
  const counts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (isObject(value) && typeof value.dtype === 'string') {
    const { dtype, shape, data_offsets: offsets } = value;
    if (!Object.hasOwn(arrayOf, dtype)) {
      throw new ContainerFault(`tensor "${name}" is ${dtype}, not one of ${Object.keys(arrayOf).join(', ')}`);
    }
    if (counts(shape) && counts(offsets) && offsets.length === 2) {
      const bytes = arrayOf[dtype as DType].BYTES_PER_ELEMENT * shape.reduce((a, b) => a * b, 1);
      if (offsets[1] - offsets[0] === bytes) return value as unknown as TensorEntry;
    }
  }
  throw new ContainerFault(`the entry of tensor "${name}" is damaged`);
}

/** Nothing in a model file is nested as deeply as this. */
const maximumDepth = 32;
/** Many times as many as any network has. */
const maximumTensors = 10_000;

/**
 * `JSON.parse` for text from a file that may be an attack. Refused before it is parsed: millions of nested lists, which
 * would take fifty times the memory of their text; hundreds of thousands of objects, which would take thirty times; and a
 * key that an object has twice, of which `JSON.parse` keeps the last and another reader perhaps the first. Throws
 * `ContainerFault` for them, `SyntaxError` for what is not JSON.
 */
export function parseUntrusted(json: string, maximumObjects = Infinity): unknown {
  /** The keys so far of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let objects = 0;
  let string = '';
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case '"': {
        const end = endOfString(json, i);
        string = json.slice(i, end);
        i = end - 1;
        break;
      }
      case ':': {
        const key = JSON.parse(string) as string;
        const keys = open.at(-1);
        if (keys?.has(key)) throw new ContainerFault(`its header names "${key}" twice`);
        keys?.add(key);
        // Parsed once, even where one string is followed by millions of colons.
        string = '';
        break;
      }
      case '{':
        if (++objects > maximumObjects) throw new ContainerFault('its header has too many entries');
        open.push(new Set());
        break;
      case '[':
        open.push(undefined);
        break;
      case '}':
      case ']':
        open.pop();
    }
    if (open.length > maximumDepth) throw new ContainerFault('its header is nested too deeply');
  }
  return JSON.parse(json) as unknown;
}
