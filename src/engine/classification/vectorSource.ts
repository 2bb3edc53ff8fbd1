/** Where a classifier's word vectors come from, and the table and model that come with the program. */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { ClassifierSettings } from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import { distFolder } from '../paths';
import type { LabelledData } from './labelledData';
import { readTexts } from './reading';
import { tokenize } from './tokens';
import { readVectorFile } from './vectorFiles';
import { decodeWordTable, type WordTable } from './wordTable';
import { WordVectors } from './wordVectors';

export type VectorSource =
  /** The table that comes with the program; a model refers to it by its hash. */
  | { kind: 'table'; sha256: string; vectors: WordVectors }
  /** Random n-gram vectors, made again from these numbers. */
  | { kind: 'hashed'; dimensions: number; buckets: number; seed: number; vectors: WordVectors }
  /** A user's file; what the texts need of it is kept in the model. */
  | { kind: 'file'; name: string; vectors: WordVectors };

const hashedDimensions = 50;
const hashedBuckets = 4096;

let shippedTable: Promise<WordTable> | undefined;

/** The table that comes with the program; read once. */
export function loadShippedTable(): Promise<WordTable> {
  const file = path.join(shippedFolder(), 'words.inktable');
  shippedTable ??= fs.readFile(file).then((bytes) => decodeWordTable(bytes, file));
  shippedTable.catch(() => (shippedTable = undefined));
  return shippedTable;
}

/** The spam model that comes with the program. */
export function shippedSpamModel(): string {
  return path.join(shippedFolder(), 'spam.safetensors');
}

function shippedFolder(): string {
  return path.join(distFolder(), '..', 'media', 'classifier');
}

/** The vectors that the settings ask for. */
export async function vectorsFor(settings: ClassifierSettings, data: LabelledData): Promise<VectorSource> {
  if (settings.vectors === 'learned') {
    return hashedSource({ dimensions: hashedDimensions, buckets: hashedBuckets, seed: settings.seed });
  }
  if (settings.vectorFile === undefined) return tableSource();
  const texts = await readTexts(data.examples.map((example) => example.text));
  const wanted = new Set(texts.flatMap((text) => tokenize(text).map((token) => token.text.toLowerCase())));
  const vectors = await readVectorFile(settings.vectorFile, { wanted });
  return { kind: 'file', name: path.basename(settings.vectorFile), vectors };
}

/** The shipped table. Throws `incompatibleModel` when it is not the one of hash `sha256`. */
export async function tableSource(sha256?: string): Promise<VectorSource> {
  const table = await loadShippedTable();
  if (sha256 !== undefined && table.sha256 !== sha256) {
    throw new InklingError(
      'incompatibleModel',
      'This classifier was trained with the word vectors of another version of Inkling; train it again.',
    );
  }
  return { kind: 'table', sha256: table.sha256, vectors: table.vectors };
}

export function hashedSource(of: { dimensions: number; buckets: number; seed: number }): VectorSource {
  return { kind: 'hashed', ...of, vectors: WordVectors.hashed(of.dimensions, of.buckets, of.seed) };
}
