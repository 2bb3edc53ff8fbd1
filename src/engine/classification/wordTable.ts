/**
 * The compact format in which a table of word vectors is shipped: one signed byte per number, one float32 scale per
 * row.
 *
 *   8 bytes  `inkwords`
 *   4 bytes  length of the header, little-endian
 *   header   JSON: version, dimensions, words, buckets, wordBytes, source, licence
 *   words    UTF-8, one per line
 *   scales   float32 [N + K]
 *   numbers  int8 [N + K, D]; a number is byte · scale
 */
import { createHash } from 'node:crypto';
import { InklingError } from '../../common/errors';
import { WordVectors } from './wordVectors';

const magic = 'inkwords';

export interface WordTableOrigin {
  source: string;
  licence: string;
}

/** A table that was read, and the hash by which models refer to it. */
export interface WordTable {
  vectors: WordVectors;
  origin: WordTableOrigin;
  sha256: string;
}

export function encodeWordTable(vectors: WordVectors, origin: WordTableOrigin): Buffer {
  const { dimensions, words, rows, buckets } = vectors;
  const wordBytes = Buffer.from(words.join('\n'), 'utf8');
  const header = Buffer.from(
    JSON.stringify({
      version: 1,
      dimensions,
      words: words.length,
      buckets: vectors.bucketCount,
      wordBytes: wordBytes.length,
      ...origin,
    }),
    'utf8',
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const count = words.length + vectors.bucketCount;
  const scales = Buffer.alloc(count * 4);
  const numbers = Buffer.alloc(count * dimensions);
  for (let r = 0; r < count; r++) {
    const from = r < words.length ? rows : buckets;
    const base = (r < words.length ? r : r - words.length) * dimensions;
    let largest = 0;
    for (let d = 0; d < dimensions; d++) largest = Math.max(largest, Math.abs(from[base + d]));
    const scale = largest / 127;
    scales.writeFloatLE(scale, r * 4);
    for (let d = 0; d < dimensions; d++) {
      numbers.writeInt8(scale === 0 ? 0 : Math.round(from[base + d] / scale), r * dimensions + d);
    }
  }
  return Buffer.concat([Buffer.from(magic, 'latin1'), length, header, wordBytes, scales, numbers]);
}

/** Throws `corruptModel` if the bytes are not such a table, or are truncated. */
export function decodeWordTable(bytes: Buffer, name: string): WordTable {
  const refuse = (why: string): never => {
    throw new InklingError('corruptModel', `${name} ${why}; install the extension again.`);
  };
  if (bytes.length < 12 || bytes.toString('latin1', 0, 8) !== magic) refuse('is not a table of word vectors');
  const headerEnd = 12 + bytes.readUInt32LE(8);
  if (bytes.length < headerEnd) refuse('is truncated');
  const header = JSON.parse(bytes.toString('utf8', 12, headerEnd)) as {
    version: number;
    dimensions: number;
    words: number;
    buckets: number;
    wordBytes: number;
  } & WordTableOrigin;
  if (header.version !== 1) refuse(`is of version ${header.version}, which this program cannot read`);
  const { dimensions, words, buckets, wordBytes } = header;
  const count = words + buckets;
  const scalesStart = headerEnd + wordBytes;
  const numbersStart = scalesStart + count * 4;
  if (bytes.length !== numbersStart + count * dimensions) refuse('is truncated');
  const values = new Float32Array(count * dimensions);
  for (let r = 0; r < count; r++) {
    const scale = bytes.readFloatLE(scalesStart + r * 4);
    const base = r * dimensions;
    for (let d = 0; d < dimensions; d++) values[base + d] = bytes.readInt8(numbersStart + base + d) * scale;
  }
  const list = bytes.toString('utf8', headerEnd, scalesStart).split('\n');
  return {
    vectors: new WordVectors(
      dimensions,
      list,
      values.subarray(0, words * dimensions),
      values.subarray(words * dimensions),
    ),
    origin: { source: header.source, licence: header.licence },
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}
