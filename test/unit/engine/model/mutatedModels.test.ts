/** Altered model files, some hundreds of them: each is read or refused in words, none is believed by half. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { storedClassifier } from '../../../../src/engine/classification/classifierFile';
import { parseLabelledText } from '../../../../src/engine/classification/labelledData';
import { defaultClassifierSettings } from '../../../../src/engine/classification/settings';
import { trainClassifier } from '../../../../src/engine/classification/trainClassifier';
import { hashedSource, type VectorSource } from '../../../../src/engine/classification/vectorSource';
import { WordVectors } from '../../../../src/engine/classification/wordVectors';
import { writeModelFile, type StoredModel } from '../../../../src/engine/model/modelFile';
import { Random } from '../../../../src/engine/random';
import { openFileRun } from '../../../../src/engine/training/fileRun';
import { tortureModels, useModel } from '../../../support/mutateModel';
import { smallConfig } from '../../../support/trainingConfig';
import { madeText } from '../training/support';

const seed = 17;
const rounds = 300;
const text = madeText(600);

describe(`Altered model files (seed ${seed})`, () => {
  const backend = createReferenceBackend();
  let folder: string;
  let models: Buffer[];

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

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-altered-'));
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
      { ...characters, checkpoint: undefined, extraTensors: undefined, precision: 'int8' as const },
      await classifier(['ham', 'spam'], hashedSource({ dimensions: 4, buckets: 16, seed: 3 }), false),
      await classifier(['home', 'sport', 'news'], { kind: 'file', name: 'own.vec', vectors: own }, true),
    ];
    models = [];
    for (const model of stored) models.push(await bytesOf(model));
  });
  after(() => fs.rm(folder, { recursive: true }));

  it('are whole before they are altered', async () => {
    const file = path.join(folder, 'unaltered');
    for (const bytes of models) {
      await fs.writeFile(file, bytes);
      assert.equal(await useModel(file, backend, text), undefined);
    }
  });

  it('are read or refused, by every reader', async () => {
    const file = path.join(folder, 'altered');
    const { read, refused } = await tortureModels(models, { rounds, random: new Random(seed), file, backend, text });
    // Were all of them refused, what lies behind the first check would not have been reached.
    assert.ok(read > rounds / 20 && refused > rounds / 2, `${read} read, ${refused} refused`);
  });
});
