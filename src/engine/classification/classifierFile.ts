/**
 * A classifier as one model file: the recurrent network's tensors under PyTorch's names, and as further tensors the
 * counts of the evidence, the baselines, and word vectors that are not the shipped table's. The embedding in
 * the file is a single row of zeros: the real one is made for the texts at hand (encoder.ts).
 */
import * as path from 'node:path';
import type { ClassifierRecord } from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import { floatTensor, readModelFile, writeModelFile } from '../model/modelFile';
import { engineVersion } from '../version';
import { BagOfWords } from './bagOfWords';
import type { Calibration } from './calibration';
import { specFor, withoutEmbedding, type ClassifierModel } from './classifier';
import { Encoder } from './encoder';
import { Evidence } from './evidence';
import { LogisticRegression } from './logisticRegression';
import { curvesOf } from './metrics';
import { NaiveBayes } from './naiveBayes';
import { hashedSource, tableSource, type VectorSource } from './vectorSource';
import { WordVectors } from './wordVectors';

/** What of a classifier is JSON in the file. */
interface ClassifierDetails {
  record: ClassifierRecord;
  calibration: Calibration;
  /** Numbers in an input vector. */
  inputSize: number;
  vectors:
    | { kind: 'table'; sha256: string }
    | { kind: 'hashed'; dimensions: number; buckets: number; seed: number }
    | { kind: 'file'; name: string; dimensions: number; words: string[] };
  evidence?: { words: string[]; messages: number[] };
  /** Token keys of the input vectors that training changed. */
  learned?: string[];
  bag: { words: string[]; logPriors: number[] };
}

/** Writes the classifier to `file`; `textHash` is that of its examples. Throws as `writeModelFile`. */
export async function saveClassifier(
  file: string,
  model: ClassifierModel,
  title: string,
  textHash = '',
): Promise<void> {
  const { record, spec, encoder, vectors, bag, naiveBayes, logisticRegression } = model;
  const { size, evidence, learned } = encoder;
  const tensors: Record<string, Float32Array> = {
    'naiveBayes.logLikelihoods': concatenate(naiveBayes.logLikelihoods),
    'logisticRegression.idf': Float32Array.from(logisticRegression.idf),
    'logisticRegression.weights': Float32Array.from(logisticRegression.weights),
  };
  if (evidence) tensors['evidence.counts'] = concatenate(evidence.counts);
  if (learned) tensors['learned.rows'] = concatenate([...learned.values()]);
  if (vectors.kind === 'file') {
    tensors['vectors.rows'] = vectors.vectors.rows;
    tensors['vectors.buckets'] = vectors.vectors.buckets;
  }
  const details: ClassifierDetails = {
    // The curves follow from the scores: they are drawn again on reading.
    record: { ...record, curves: null },
    calibration: model.calibration,
    inputSize: size,
    vectors: describeVectors(vectors),
    ...(evidence && { evidence: { words: evidence.words, messages: evidence.messages } }),
    ...(learned && { learned: [...learned.keys()] }),
    bag: { words: bag.words, logPriors: naiveBayes.logPriors },
  };
  const parameters = new Float32Array(size + model.parameters.length);
  parameters.set(model.parameters, size);
  const last = record.history.at(-1);
  await writeModelFile(file, {
    kind: 'classifier',
    title,
    spec: specFor(spec, 1, size, false),
    vocabulary: null,
    history: [],
    provenance: {
      engineVersion,
      created: record.created,
      seed: record.settings.seed,
      files: record.sources,
      textHash,
    },
    results: {
      steps: 0,
      epochs: record.history.length,
      seconds: record.seconds,
      trainLoss: last?.trainLoss ?? null,
      heldOutLoss: null,
      heldOutBitsPerCharacter: null,
    },
    details,
    parameters,
    extraTensors: tensors,
  });
}

/** Reads a classifier. Throws as `readModelFile`, and `incompatibleModel` for a language model. */
export async function loadClassifier(file: string): Promise<ClassifierModel> {
  const stored = await readModelFile(file);
  if (stored.kind !== 'classifier') {
    throw new InklingError(
      'incompatibleModel',
      `${path.basename(file)} is a language model; choose a classifier, or use it with "inkling sample".`,
    );
  }
  const details = stored.details as ClassifierDetails;
  const { inputSize } = details;
  const tensor = (name: string): Float32Array => {
    const values = floatTensor(stored, name);
    if (!values) {
      throw new InklingError('corruptModel', `${path.basename(file)} lacks its tensor "${name}"; train it again.`);
    }
    return values;
  };
  const source = await restoreVectors(details.vectors, tensor);
  const rowsOf = (name: string, length: number): Float32Array[] => {
    const values = tensor(name);
    return Array.from({ length: length === 0 ? 0 : values.length / length }, (_, r) =>
      values.subarray(r * length, (r + 1) * length),
    );
  };
  const evidence =
    details.evidence &&
    new Evidence(
      details.evidence.words,
      rowsOf('evidence.counts', details.evidence.words.length).map((row) => Array.from(row)),
      details.evidence.messages,
    );
  const rows = details.learned && rowsOf('learned.rows', inputSize);
  const learned = rows && new Map(details.learned!.map((key, r) => [key, rows[r]]));
  const likelihoods = rowsOf('naiveBayes.logLikelihoods', details.bag.words.length).map((row) =>
    Float64Array.from(row),
  );
  return {
    record: recordOf(details),
    spec: stored.spec,
    parameters: withoutEmbedding(stored.spec, stored.parameters),
    encoder: new Encoder(source.vectors, evidence, learned),
    vectors: source,
    calibration: details.calibration,
    bag: new BagOfWords(details.bag.words),
    naiveBayes: new NaiveBayes(details.bag.logPriors, likelihoods),
    logisticRegression: new LogisticRegression(
      details.record.classes.length,
      details.bag.words.length,
      Float64Array.from(tensor('logisticRegression.idf')),
      Float64Array.from(tensor('logisticRegression.weights')),
    ),
  };
}

/** The record in a file's header, for lists and pages. */
export function recordOf(details: unknown): ClassifierRecord {
  const { record } = details as ClassifierDetails;
  return { ...record, curves: curvesOf(record) };
}

function describeVectors(source: VectorSource): ClassifierDetails['vectors'] {
  switch (source.kind) {
    case 'table':
      return { kind: 'table', sha256: source.sha256 };
    case 'hashed':
      return { kind: 'hashed', dimensions: source.dimensions, buckets: source.buckets, seed: source.seed };
    case 'file': {
      const { dimensions, words } = source.vectors;
      return { kind: 'file', name: source.name, dimensions, words };
    }
  }
}

async function restoreVectors(
  described: ClassifierDetails['vectors'],
  tensor: (name: string) => Float32Array,
): Promise<VectorSource> {
  switch (described.kind) {
    case 'table':
      return tableSource(described.sha256);
    case 'hashed':
      return hashedSource(described);
    case 'file': {
      const { dimensions, words, name } = described;
      const vectors = new WordVectors(dimensions, words, tensor('vectors.rows'), tensor('vectors.buckets'));
      return { kind: 'file', name, vectors };
    }
  }
}

function concatenate(parts: ArrayLike<number>[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
