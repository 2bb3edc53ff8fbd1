/**
 * The classifiers of the engine process: loaded once and kept, trained on request. Uses backends only through the
 * function that is passed in.
 */
import * as fs from 'node:fs/promises';
import type {
  ClassifierEvent,
  ClassifierRecord,
  ClassifyRequest,
  LabelledColumns,
  LabelledSource,
  TrainClassifierRequest,
  Verdict,
} from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import { SerialQueue } from '../../common/serialQueue';
import type { Backend } from '../backends/backend';
import { keepModel, versionOf } from '../model/keepModel';
import { readModelMetadata } from '../model/modelFile';
import { trainBestVariant } from './bestVariant';
import { Classifier } from './classifier';
import { loadClassifier, recordOf, storedClassifier } from './classifierFile';
import type { WantedColumns } from './labelledColumns';
import {
  joinLabelledData,
  labelledColumns,
  parseLabelledText,
  readLabelledData,
  type BadRows,
  type LabelledData,
} from './labelledData';
import { columnsOf } from './labelledText';
import { checkClassifierSettings, defaultClassifierSettings, withGiven } from './settings';
import { detectorToStartFrom } from './shippedStart';
import { trainClassifier } from './trainClassifier';
import { shippedSpamModel, vectorsFor } from './vectorSource';

/** The number of classifiers that are kept loaded. */
const keptClassifiers = 4;

export class ClassifierService {
  private backend: Promise<Backend> | undefined;
  /** By path, the least recently used first. */
  private readonly loaded = new Map<string, { changed: number; classifier: Promise<Classifier> }>();
  /** Verdicts are computed one after the other: the network of a classifier processes one text at a time. */
  private readonly queue = new SerialQueue();

  constructor(private readonly createBackend: (threads?: number) => Promise<Backend>) {}

  /** The verdicts on the texts of a request, in order. */
  classify(request: ClassifyRequest, signal?: AbortSignal): Promise<Verdict[]> {
    const { modelPath, texts, explain, corrections, threshold } = request;
    return this.queue.run(async () => {
      const classifier = await this.open(modelPath);
      const verdicts: Verdict[] = [];
      for (const text of texts) {
        if (signal?.aborted) throw new InklingError('cancelled', 'The check was cancelled.');
        if (text.trim() === '')
          throw new InklingError('invalidInput', sentence('The text is empty; select some words first.'));
        verdicts.push(await classifier.classify(text, { explain, corrections, threshold }));
      }
      return verdicts;
    });
  }

  /** Trains and writes the model; returns what the Classifier tab shows. */
  async train(
    { sources, columns, settings, compare, modelPath, title, threads }: TrainClassifierRequest,
    onEvent: (event: ClassifierEvent) => void,
    signal?: AbortSignal,
  ): Promise<ClassifierRecord> {
    const whole = withGiven(defaultClassifierSettings, settings);
    checkClassifierSettings(whole);
    const seen = await versionOf(modelPath);
    const data = await readSources(sources, whole.badRows, columns);
    const vectors = await vectorsFor(whole, data);
    const backend = await this.createBackend(threads);
    try {
      const shipped = await detectorToStartFrom(whole, data);
      const task = { data, settings: whole, vectors, backend, shipped, onEvent, signal };
      const model = await (compare ? trainBestVariant(task) : trainClassifier(task));
      await keepModel(modelPath, storedClassifier(model, title), seen);
      return model.record;
    } finally {
      await backend.dispose();
    }
  }

  /** The record of a classifier, without loading its weights. */
  async record(modelPath = shippedSpamModel()): Promise<ClassifierRecord> {
    const known = await fs.stat(modelPath).catch(() => undefined);
    if (!known && modelPath === shippedSpamModel()) throw missingShippedModel();
    const metadata = await readModelMetadata(modelPath);
    if (metadata.kind !== 'classifier') {
      throw new InklingError('incompatibleModel', sentence('{0} is a language model; choose a classifier.', modelPath));
    }
    return recordOf(metadata);
  }

  async dispose(): Promise<void> {
    await this.queue.run(() => undefined);
    this.loaded.clear();
    await (await this.backend)?.dispose();
    this.backend = undefined;
  }

  private async open(modelPath = shippedSpamModel()): Promise<Classifier> {
    const stat = await fs.stat(modelPath).catch(() => undefined);
    if (!stat && modelPath === shippedSpamModel()) throw missingShippedModel();
    const changed = stat?.mtimeMs ?? 0;
    const kept = this.loaded.get(modelPath);
    this.loaded.delete(modelPath);
    if (kept && kept.changed !== changed) (await kept.classifier).dispose();
    const entry = kept?.changed === changed ? kept : { changed, classifier: this.load(modelPath) };
    // A failure is not kept: the next request tries again.
    const classifier = await entry.classifier;
    this.loaded.set(modelPath, entry);
    const [oldest] = this.loaded;
    if (this.loaded.size > keptClassifiers) {
      this.loaded.delete(oldest[0]);
      (await oldest[1].classifier).dispose();
    }
    return classifier;
  }

  private async load(modelPath: string): Promise<Classifier> {
    const model = await loadClassifier(modelPath);
    // One text is too little work for several threads.
    this.backend ??= this.createBackend(1);
    return new Classifier(await this.backend, model);
  }
}

/** The columns of a labelled text, and which would be read; null for folders and formats without columns. */
export async function describeColumnsOf(source: LabelledSource): Promise<LabelledColumns | null> {
  return ('path' in source ? await labelledColumns(source.path, source) : columnsOf(source.text, source.name)) ?? null;
}

async function readSources(
  sources: LabelledSource[],
  badRows: BadRows,
  columns?: WantedColumns,
): Promise<LabelledData> {
  const parts: LabelledData[] = [];
  for (const source of sources) {
    parts.push(
      'path' in source
        ? await readLabelledData(source.path, badRows, columns, source)
        : parseLabelledText(source.text, source.name, badRows, columns),
    );
  }
  return joinLabelledData(parts);
}

function missingShippedModel(): InklingError {
  return new InklingError(
    'invalidInput',
    sentence(
      'The spam detector that comes with Inkling is missing here. Install Inkling again, or train your own with "Inkling: Train Classifier on This File".',
    ),
  );
}
