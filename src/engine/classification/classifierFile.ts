/**
 * A classifier as one model file: the recurrent network's tensors under PyTorch's names, and as further tensors the
 * counts of the evidence, the baselines, and word vectors that are not the shipped table's. The embedding in the file
 * is a single row of zeros: the real one is built for each set of texts (encoder.ts).
 */
import * as path from 'node:path';
import type { ClassifierRecord } from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import { floatTensor, readModelFile, writeModelFile, type StoredModel } from '../model/modelFile';
import type { ClassifierMetadata } from '../model/modelMetadata';
import type { TensorValues } from '../model/safetensors';
import { engineVersion } from '../version';
import { BagOfWords } from './bagOfWords';
import { withoutEmbedding, type ClassifierModel } from './classifier';
import { detailsOf, type ClassifierDetails, type StoredVectors } from './classifierDetails';
import { Encoder } from './encoder';
import { Evidence } from './evidence';
import { LinearModel } from './linearModel';
import { LogisticRegression } from './logisticRegression';
import { curvesOf } from './metrics';
import { NaiveBayes } from './naiveBayes';
import { specFor } from './networkScorer';
import { hashBuckets } from './textFeatures';
import { hashedSource, tableSource, type VectorSource } from './vectorSource';
import { WordVectors } from './wordVectors';

/** Writes the classifier to `file`. Throws like `writeModelFile`. */
export async function saveClassifier(file: string, model: ClassifierModel, title: string): Promise<void> {
  await writeModelFile(file, storedClassifier(model, title));
}

/** The classifier in the form of a model file; `textHash` is the hash of its examples. */
export function storedClassifier(model: ClassifierModel, title: string, textHash = ''): StoredModel {
  const { record, spec, encoder, vectors, bag, naiveBayes, logisticRegression, linear } = model;
  const { size, evidence, learned } = encoder;
  const tensors: Record<string, TensorValues> = {
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
  if (linear) {
    tensors['linear.buckets'] = Uint32Array.from(linear.buckets);
    tensors['linear.idf'] = linear.idf;
    tensors['linear.weights'] = linear.weights;
    tensors['linear.biases'] = linear.biases;
  }
  const details: ClassifierDetails = {
    // The curves follow from the scores: they are recomputed on reading.
    record: { ...record, curves: null },
    calibration: model.calibration,
    mix: model.mix,
    inputSize: size,
    vectors: describeVectors(vectors),
    ...(evidence && { evidence: { words: evidence.words, messages: evidence.messages } }),
    ...(learned && { learned: [...learned.keys()] }),
    bag: { words: bag.words, logPriors: naiveBayes.logPriors },
  };
  const parameters = new Float32Array(size + model.parameters.length);
  parameters.set(model.parameters, size);
  const last = record.history.at(-1);
  return {
    kind: 'classifier',
    title,
    spec: specFor(spec, 1, size),
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
  };
}

/** Reads a classifier. Throws like `readModelFile`, and `incompatibleModel` for a language model. */
export async function loadClassifier(file: string): Promise<ClassifierModel> {
  const stored = await readModelFile(file);
  if (stored.kind !== 'classifier') {
    throw new InklingError(
      'incompatibleModel',
      `${path.basename(file)} is a language model; choose a classifier, or use it with "inkling sample".`,
    );
  }
  const { record, calibration, mix, inputSize, ...details } = detailsOf(stored);
  const damaged = (what: string): InklingError =>
    new InklingError('corruptModel', `${path.basename(file)} cannot be loaded: ${what}. Train it again.`);
  /** A tensor of `length` numbers, all finite. */
  const tensor = (name: string, length?: number): Float32Array => {
    const values = floatTensor(stored, name);
    if (!values) throw damaged(`its tensor "${name}" is missing`);
    if (length !== undefined && values.length !== length)
      throw damaged(`its tensor "${name}" does not have ${length} numbers`);
    if (!values.every(Number.isFinite)) throw damaged(`its tensor "${name}" holds numbers that are not finite`);
    return values;
  };
  const rowsOf = (name: string, rows: number, length: number): Float32Array[] => {
    const values = tensor(name, rows * length);
    return Array.from({ length: rows }, (_, r) => values.subarray(r * length, (r + 1) * length));
  };
  const vectors = await restoreVectors(details.vectors, tensor);
  const evidence =
    details.evidence &&
    new Evidence(
      details.evidence.words,
      rowsOf('evidence.counts', details.evidence.messages.length, details.evidence.words.length).map((row) =>
        Array.from(row),
      ),
      details.evidence.messages,
    );
  const learnedRows = details.learned && rowsOf('learned.rows', details.learned.length, inputSize);
  const learned = learnedRows && new Map(details.learned!.map((key, r) => [key, learnedRows[r]]));
  const encoder = new Encoder(vectors.vectors, evidence, learned);
  if (encoder.size !== inputSize) throw damaged(`its words have ${encoder.size} inputs, its network ${inputSize}`);
  const { words, logPriors } = details.bag;
  const classes = record.classes.length;
  const likelihoods = rowsOf('naiveBayes.logLikelihoods', classes, words.length);
  const buckets = stored.extraTensors?.['linear.buckets'];
  let linear: LinearModel | undefined;
  if (buckets) {
    const rises =
      buckets instanceof Uint32Array && buckets.every((b, i) => b < hashBuckets && (i === 0 || b > buckets[i - 1]));
    if (!rises) throw damaged('its features are not in order');
    const outputs = classes === 2 ? 1 : classes;
    linear = new LinearModel(
      classes,
      Int32Array.from(buckets),
      tensor('linear.idf', buckets.length),
      tensor('linear.weights', outputs * buckets.length),
      tensor('linear.biases', outputs),
    );
  }
  if (mix.linear !== 0 && !linear) throw damaged('its linear model is missing');
  return {
    record: { ...record, curves: curvesOf(record) },
    ...(linear && { linear }),
    mix,
    spec: stored.spec,
    parameters: withoutEmbedding(stored.spec, stored.parameters),
    encoder,
    vectors,
    calibration,
    bag: new BagOfWords(words),
    naiveBayes: new NaiveBayes(
      logPriors,
      likelihoods.map((row) => Float64Array.from(row)),
    ),
    logisticRegression: new LogisticRegression(
      classes,
      words.length,
      Float64Array.from(tensor('logisticRegression.idf', words.length)),
      Float64Array.from(tensor('logisticRegression.weights', (classes === 2 ? 1 : classes) * (words.length + 1))),
    ),
  };
}

/** The record in a file's header, for lists and pages. Throws `corruptModel`. */
export function recordOf(metadata: ClassifierMetadata): ClassifierRecord {
  const { record } = detailsOf(metadata);
  return { ...record, curves: curvesOf(record) };
}

function describeVectors(source: VectorSource): StoredVectors {
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
  described: StoredVectors,
  tensor: (name: string, length?: number) => Float32Array,
): Promise<VectorSource> {
  switch (described.kind) {
    case 'table':
      return tableSource(described.sha256);
    case 'hashed':
      return hashedSource(described);
    case 'file': {
      const { dimensions, words, name } = described;
      const rows = tensor('vectors.rows', words.length * dimensions);
      const buckets = tensor('vectors.buckets');
      if (buckets.length === 0 || buckets.length % dimensions !== 0) {
        throw new InklingError(
          'corruptModel',
          sentence('The word vectors "{0}" of this classifier are incomplete. Train it again.', name),
        );
      }
      const vectors = new WordVectors(dimensions, words, rows, buckets);
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
