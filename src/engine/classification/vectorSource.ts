/** Where a classifier's word vectors come from, and the table and model that are shipped with the program. */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { ClassifierSettings } from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import { distFolder } from '../paths';
import type { LabelledData } from './labelledData';
import { readTexts } from './reading';
import { tokenize } from './tokens';
import { readVectorFile } from './vectorFiles';
import { decodeWordTable, type WordTable } from './wordTable';
import { WordVectors } from './wordVectors';

export type VectorSource =
  /** The shipped table; a model refers to it by its hash. */
  | { kind: 'table'; sha256: string; vectors: WordVectors }
  /** Random n-gram vectors, generated from these numbers each time. */
  | { kind: 'hashed'; dimensions: number; buckets: number; seed: number; vectors: WordVectors }
  /** A user's file; the vectors that the texts need are stored in the model. */
  | { kind: 'file'; name: string; vectors: WordVectors };

const hashedDimensions = 50;
const hashedBuckets = 4096;

let shippedTable: Promise<WordTable> | undefined;

/** The shipped table; read once. */
export function loadShippedTable(): Promise<WordTable> {
  const file = path.join(shippedFolder(), 'words.inktable');
  shippedTable ??= fs.readFile(file).then((bytes) => decodeWordTable(bytes, file));
  shippedTable.catch(() => (shippedTable = undefined));
  return shippedTable;
}

/** The shipped spam model. */
export function shippedSpamModel(): string {
  return path.join(shippedFolder(), 'spam.safetensors');
}

function shippedFolder(): string {
  return path.join(distFolder(), '..', 'media', 'classifier');
}

/** The vectors that the settings specify. */
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

/** The shipped table. Throws `incompatibleModel` if its hash is not `sha256`. */
export async function tableSource(sha256?: string): Promise<VectorSource> {
  const table = await loadShippedTable();
  if (sha256 !== undefined && table.sha256 !== sha256) {
    throw new InklingError(
      'incompatibleModel',
      sentence('This classifier was trained with the word vectors of another version of Inkling; train it again.'),
    );
  }
  return { kind: 'table', sha256: table.sha256, vectors: table.vectors };
}

export function hashedSource(of: { dimensions: number; buckets: number; seed: number }): VectorSource {
  return { kind: 'hashed', ...of, vectors: WordVectors.hashed(of.dimensions, of.buckets, of.seed) };
}
