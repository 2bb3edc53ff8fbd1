/** Small complete models of every kind, as files, for tests that alter them. */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { Backend } from '../../src/engine/backends/backend';
import { storedClassifier } from '../../src/engine/classification/classifierFile';
import { parseLabelledText } from '../../src/engine/classification/labelledData';
import { defaultClassifierSettings } from '../../src/engine/classification/settings';
import { trainClassifier } from '../../src/engine/classification/trainClassifier';
import { hashedSource, type VectorSource } from '../../src/engine/classification/vectorSource';
import { WordVectors } from '../../src/engine/classification/wordVectors';
import { writeModelFile, type StoredModel } from '../../src/engine/model/modelFile';
import { openFileRun } from '../../src/engine/training/fileRun';
import { smallConfig } from './trainingConfig';

/** Trains them on `text` with `backend`; `folder` is for files in between. */
export async function originalModels(folder: string, backend: Backend, text: string): Promise<Buffer[]> {
  async function bytesOf(model: StoredModel): Promise<Buffer> {
    const file = path.join(folder, 'whole');
    await writeModelFile(file, model);
    return fs.readFile(file);
  }

  async function languageModel(changes: Parameters<typeof smallConfig>[0]): Promise<StoredModel> {
    const config = smallConfig({ budget: { maxSteps: 6 }, evaluation: { every: 3, maximumTargets: 100 }, ...changes });
    const modelPath = path.join(folder, 'trained');
    const texts = [{ name: 'a.txt', text }];
    const run = await openFileRun({ texts, config, compute: backend, modelPath, onEvent: () => {} });
    return run.run();
  }

  async function classifier(classes: string[], vectors: VectorSource, learned: boolean): Promise<StoredModel> {
    const lines = Array.from({ length: 60 }, (_, i) => `${classes[i % classes.length]}\tword${i % 7} cash ${i} for me`);
    const data = parseLabelledText(lines.join('\n'), 'made.txt', 'refuse');
    const settings = { ...defaultClassifierSettings, units: 4, epochs: 2, maximumTokens: 12 };
    const changes = learned ? ({ vectors: 'tuned', evidence: false } as const) : {};
    return storedClassifier(
      await trainClassifier({ data, settings: { ...settings, ...changes }, vectors, backend }),
      'made',
    );
  }

  const own = new WordVectors(
    3,
    ['cash', 'me'],
    Float32Array.from({ length: 6 }, (_, i) => i),
    new Float32Array(12),
  );
  const characters = await languageModel({});
  const words = await languageModel({
    text: { ...smallConfig().text, unit: 'word', examples: 'line-prefixes' },
    objective: { ...smallConfig().objective, kind: 'last-step', carryState: false },
    network: { ...smallConfig().network, cell: 'gru', input: { kind: 'embedding', dimensions: 4 } },
  });
  const stored = [
    characters,
    words,
    await languageModel({ memory: 'on' }),
    await languageModel({ memory: 'on', text: { ...smallConfig().text, unit: 'word' } }),
    await languageModel({
      network: { ...smallConfig().network, input: { kind: 'scalar' } },
      objective: { ...smallConfig().objective, kind: 'last-step', carryState: false },
    }),
    { ...characters, checkpoint: undefined, extraTensors: undefined, precision: 'int8' as const },
    await classifier(['ham', 'spam'], hashedSource({ dimensions: 4, buckets: 16, seed: 3 }), false),
    await classifier(['home', 'sport', 'news'], { kind: 'file', name: 'own.vec', vectors: own }, true),
  ];
  const models: Buffer[] = [];
  for (const model of stored) models.push(await bytesOf(model));
  return models;
}
