import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { ClassifierEvent } from '../../../../src/common/classifierProtocol';
import { InklingError } from '../../../../src/common/errors';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { ClassifierService } from '../../../../src/engine/classification/classifierService';

const lines = Array.from({ length: 120 }, (_, i) =>
  i % 2 ? `spam\twin a prize now ${i}` : `ham\tlunch at home today ${i}`,
).join('\n');
const settings = { variant: 'gru', units: 8, epochs: 8, batch: 16, learningRate: 0.02, vectors: 'learned' } as const;

describe('The classifier service', () => {
  let folder: string;
  let service: ClassifierService;
  let file: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    file = path.join(folder, 'made.inkling.safetensors');
    service = new ClassifierService((threads) => createWasmBackend({ threads: threads ?? 1 }));
  });
  afterEach(async () => {
    await service.dispose();
    fs.rmSync(folder, { recursive: true });
  });
  const train = (seed: number, onEvent: (event: ClassifierEvent) => void = () => {}) =>
    service.train(
      {
        sources: [{ name: 'made', text: lines }],
        settings: { ...settings, seed },
        modelPath: file,
        title: 'made',
        threads: 1,
      },
      onEvent,
    );

  it('trains on the text of an editor, keeps the model, gives verdicts and its record', async () => {
    const events: ClassifierEvent[] = [];
    const record = await train(1, (event) => events.push(event));
    assert.strictEqual(events.filter((event) => event.event === 'epoch').length, 8);
    const [spam, ham] = await service.classify({
      modelPath: file,
      texts: ['win a prize', 'lunch at home'],
      explain: true,
    });
    assert.deepStrictEqual([spam.label, ham.label], ['spam', 'ham']);
    assert.ok(spam.contributions.length === 3 && ham.engineMs > 0);
    assert.deepStrictEqual((await service.record(file)).report, record.report);
    assert.deepStrictEqual((await service.record(file)).curves, record.curves);
  });

  it('has learned its examples, and notices that a model was retrained', async () => {
    await train(1);
    const [labels, texts] = [0, 1].map((i) => lines.split('\n').map((line) => line.split('\t')[i]));
    const request = { modelPath: file, texts, explain: false };
    const before = await service.classify(request);
    assert.ok(before.filter(({ label }, i) => label === labels[i]).length > 0.9 * 120);
    await train(2);
    fs.utimesSync(file, new Date(), new Date(Date.now() + 5000));
    const probabilities = (verdicts: typeof before): number[] => verdicts.map(({ probability }) => probability);
    assert.notDeepStrictEqual(probabilities(await service.classify(request)), probabilities(before));
  });

  it('refuses empty text and a missing model by name, and carries on', async () => {
    const failing = (promise: Promise<unknown>, pattern: RegExp): Promise<void> =>
      assert.rejects(promise, (error) => error instanceof InklingError && pattern.test(error.message));
    await failing(service.classify({ modelPath: file, texts: ['x'], explain: false }), /no model file/);
    await train(1);
    await failing(service.classify({ modelPath: file, texts: [' '], explain: false }), /is empty/);
    assert.strictEqual((await service.classify({ modelPath: file, texts: ['x'], explain: false })).length, 1);
  });

  it('cancels between texts', async () => {
    await train(1);
    const stop = new AbortController();
    stop.abort();
    await assert.rejects(
      service.classify({ modelPath: file, texts: ['x'], explain: false }, stop.signal),
      (error) => error instanceof InklingError && error.code === 'cancelled',
    );
  });
});
