/**
 * The safetensors container (https://github.com/huggingface/safetensors, "Format"):
 *
 *   8 bytes  N, the header's length, unsigned little-endian
 *   N bytes  JSON: { "<tensor>": { "dtype": "F32", "shape": [...], "data_offsets": [begin, end] }, …,
 *                    "__metadata__": { "<key>": "<string>" } }, padded with spaces
 *   rest     the tensors' bytes, little-endian, without gaps; offsets count from here
 *
 * Faults are thrown as `ContainerFault`, with what is wrong but without the file's name, which the caller knows.
 */

/** The element types that are written and read, with their arrays. */
const arrayOf = { F32: Float32Array, I8: Int8Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array };
type DType = keyof typeof arrayOf;

export type TensorValues = Float32Array | Int8Array | Uint8Array | Uint16Array | Uint32Array;

export interface Tensor {
  shape: number[];
  values: TensorValues;
}

export interface Container {
  metadata: Record<string, string>;
  tensors: Map<string, Tensor>;
}

/** Where a tensor lies. */
export interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

export interface Header {
  metadata: Record<string, string>;
  entries: Map<string, TensorEntry>;
  /** Where the tensors' bytes begin in the file. */
  dataStart: number;
  /** How many there are, by the entries. */
  dataBytes: number;
}

export class ContainerFault extends Error {}

/** Bytes of the length field in front of the header. */
export const lengthBytes = 8;
/** The limit of the reference implementation; more is not a header. */
export const maximumHeaderBytes = 100_000_000;

/** Where each tensor will lie when their bytes follow each other in the map's order. */
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
  // Spaces up to a multiple of 8 let a reader map the tensors where they lie.
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
  if (lengthBytes + Number(length) > fileBytes) throw new ContainerFault('it is cut off');
  return Number(length);
}

/** Reads and checks the JSON that follows the length field. */
export function decodeHeader(json: Buffer): Header {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json.toString('utf8'));
  } catch {
    throw new ContainerFault('its header is damaged, or it is not a safetensors file');
  }
  if (!isRecord(parsed)) throw new ContainerFault('it is not a safetensors file');
  const metadata: Record<string, string> = {};
  const entries = new Map<string, TensorEntry>();
  let dataBytes = 0;
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') {
      if (!isRecord(value)) throw new ContainerFault('its metadata are damaged');
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string') throw new ContainerFault('its metadata are damaged');
        metadata[key] = text;
      }
    } else {
      if (!isEntry(value)) throw new ContainerFault(`the entry of tensor "${name}" is damaged`);
      entries.set(name, value);
      dataBytes = Math.max(dataBytes, value.data_offsets[1]);
    }
  }
  return { metadata, entries, dataStart: lengthBytes + json.length, dataBytes };
}

/** The tensors of a header whose bytes are `data`. */
export function decodeTensors(header: Header, data: Buffer): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data_offsets }] of header.entries) {
    if (!isKnown(dtype)) {
      throw new ContainerFault(`tensor "${name}" is ${dtype}, not one of ${Object.keys(arrayOf).join(', ')}`);
    }
    const [begin, end] = data_offsets;
    // A copy, because a view would need its bytes to be aligned.
    const bytes = new Uint8Array(end - begin);
    data.copy(bytes, 0, begin, end);
    tensors.set(name, { shape, values: new arrayOf[dtype](bytes.buffer) });
  }
  return tensors;
}

function dtypeOf(values: TensorValues): DType {
  return (Object.keys(arrayOf) as DType[]).find((dtype) => values instanceof arrayOf[dtype])!;
}

function isKnown(dtype: string): dtype is DType {
  return Object.hasOwn(arrayOf, dtype);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEntry(value: unknown): value is TensorEntry {
  if (!isRecord(value) || typeof value.dtype !== 'string') return false;
  const { shape, data_offsets: offsets } = value;
  const counts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!counts(shape) || !counts(offsets) || offsets.length !== 2) return false;
  const bytes = offsets[1] - offsets[0];
  const { dtype } = value;
  return !isKnown(dtype) || bytes === arrayOf[dtype].BYTES_PER_ELEMENT * shape.reduce((a, b) => a * b, 1);
}
