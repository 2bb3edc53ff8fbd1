/**
 * Readers of the usual word-vector files:
 *   GloVe text      one line per word: `word n1 n2 …`
 *   .vec            the same after a line `words dimensions` (fastText, word2vec text)
 *   word2vec binary a line `words dimensions`, then for each word: its bytes, a space, float32 numbers, maybe a newline
 * Only lower-case words are kept (a word with capitals yields to its lower-case form), at most `limit`, in the order of
 * the file, which is by descending frequency in all of these. Files are read as a stream, since they may be gigabytes
 * in size.
 */
import * as fs from 'node:fs';
import * as readline from 'node:readline';
import { InklingError } from '../../common/errors';
import { checkRegular, unreadable } from '../corpus/readTextFile';
import { WordVectors } from './wordVectors';

const bucketCount = 4096;

export interface VectorFileOptions {
  limit?: number;
  /** Keep only these (lower-case) words: those of a large file that a training set needs. */
  wanted?: ReadonlySet<string>;
}

/** Reads any of these formats. Throws `invalidInput`, naming the line or word with the error. */
export async function readVectorFile(path: string, options: VectorFileOptions = {}): Promise<WordVectors> {
  const first = await firstBytes(path);
  const line = first.toString('latin1').split('\n', 1)[0];
  const counts = /^(\d+) (\d+)\s*$/.exec(line);
  if (counts) {
    const body = first.subarray(line.length + 1, line.length + 201);
    const text = body.every((byte) => byte >= 9) && /^\S+( -?\d[\d.eE+-]*)+/.test(body.toString('utf8'));
    if (!text) return readBinary(path, Number(counts[1]), Number(counts[2]), line.length + 1, options);
  }
  return readText(path, counts ? Number(counts[2]) : undefined, options);
}

class Gatherer {
  readonly words: string[] = [];
  private readonly numbers: number[][] = [];
  private readonly seen = new Map<string, { at: number; exact: boolean }>();

  constructor(private readonly options: VectorFileOptions) {}

  get full(): boolean {
    return this.words.length >= (this.options.limit ?? 400000);
  }

  wants(word: string): boolean {
    const lower = word.toLowerCase();
    if (this.options.wanted && !this.options.wanted.has(lower)) return false;
    const known = this.seen.get(lower);
    return known === undefined || (!known.exact && word === lower);
  }

  add(word: string, numbers: number[]): void {
    const lower = word.toLowerCase();
    const known = this.seen.get(lower);
    if (known) {
      this.numbers[known.at] = numbers;
      known.exact = true;
      return;
    }
    this.seen.set(lower, { at: this.words.length, exact: word === lower });
    this.words.push(lower);
    this.numbers.push(numbers);
  }

  finish(path: string): WordVectors {
    if (this.words.length === 0) {
      const why = this.options.wanted ? 'has no word of these texts' : 'contains no word vectors';
      throw new InklingError('invalidInput', `${path} ${why}; choose a file of the texts' language.`);
    }
    const dimensions = this.numbers[0].length;
    const rows = new Float32Array(this.words.length * dimensions);
    this.numbers.forEach((numbers, w) => rows.set(numbers, w * dimensions));
    return WordVectors.withFittedBuckets(dimensions, this.words, rows, bucketCount);
  }
}

async function readText(path: string, declared: number | undefined, options: VectorFileOptions): Promise<WordVectors> {
  const gatherer = new Gatherer(options);
  let dimensions = declared;
  let number = 0;
  const stream = fs.createReadStream(path, 'utf8');
  for await (const raw of readline.createInterface({ input: stream, crlfDelay: Infinity })) {
    number++;
    if ((number === 1 && declared !== undefined) || raw.trim() === '') continue;
    const cells = raw.trimEnd().split(' ');
    dimensions ??= cells.length - 1;
    // Some published files contain words with spaces, so the numbers are counted from the end.
    const word = cells.slice(0, -dimensions).join(' ');
    const numbers = cells.slice(-dimensions).map(Number);
    if (word === '' || dimensions < 1 || numbers.some((n) => !Number.isFinite(n))) {
      throw new InklingError(
        'invalidInput',
        `${path}, line ${number}: expected a word and ${dimensions} numbers; is this a file of word vectors?`,
      );
    }
    if (gatherer.wants(word)) gatherer.add(word, numbers);
    if (gatherer.full) break;
  }
  stream.destroy();
  return gatherer.finish(path);
}

async function readBinary(
  path: string,
  count: number,
  dimensions: number,
  start: number,
  options: VectorFileOptions,
): Promise<WordVectors> {
  const gatherer = new Gatherer(options);
  const stream = fs.createReadStream(path, { start, highWaterMark: 1 << 20 });
  let rest = Buffer.alloc(0);
  let read = 0;
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    let at = 0;
    while (read < count && !gatherer.full) {
      while (rest[at] === 10) at++;
      const space = rest.indexOf(32, at);
      const end = space + 1 + dimensions * 4;
      if (space < 0 || end > rest.length) break;
      const word = rest.toString('utf8', at, space);
      if (gatherer.wants(word)) {
        const numbers = Array.from({ length: dimensions }, (_, d) => rest.readFloatLE(space + 1 + d * 4));
        gatherer.add(word, numbers);
      }
      read++;
      at = end;
    }
    rest = rest.subarray(at);
    if (read >= count || gatherer.full) break;
  }
  stream.destroy();
  if (read < count && !gatherer.full) {
    throw new InklingError(
      'invalidInput',
      `${path} ends after ${read} of its ${count} words; it is truncated: fetch it again.`,
    );
  }
  return gatherer.finish(path);
}

async function firstBytes(path: string): Promise<Buffer> {
  await checkRegular(path, path);
  const file = await fs.promises.open(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const buffer = Buffer.alloc(4096);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
