import * as assert from 'node:assert';
import { trainBestVariant } from '../../../../src/engine/classification/bestVariant';
import { parseLabelledText } from '../../../../src/engine/classification/labelledData';
import { defaultClassifierSettings } from '../../../../src/engine/classification/settings';
import { hashedSource } from '../../../../src/engine/classification/vectorSource';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import type { ClassifierStartEvent } from '../../../../src/common/classifierProtocol';

describe('The six variants compared', () => {
  it('share split, settings and epochs; the best one on the validation part is kept with all scores', async () => {
    const lines = Array.from({ length: 90 }, (_, i) =>
      i % 2 ? `spam\twin a prize now ${i}` : `ham\tlunch at home today ${i}`,
    );
    const starts: ClassifierStartEvent[] = [];
    const backend = await createWasmBackend({ threads: 1 });
    const model = await trainBestVariant({
      data: parseLabelledText(lines.join('\n'), 'made.txt', 'refuse'),
      settings: {
        ...defaultClassifierSettings,
        leastUpdates: 0,
        units: 4,
        epochs: 3,
        batch: 16,
        learningRate: 0.01,
        seed: 3,
      },
      vectors: hashedSource({ dimensions: 8, buckets: 64, seed: 3 }),
      backend,
      onEvent: (event) => event.event === 'start' && starts.push(event),
    });
    await backend.dispose();
    const { comparison, settings, report } = model.record;
    assert.deepStrictEqual(
      comparison?.map(({ variant }) => variant),
      ['rnn', 'birnn', 'lstm', 'bilstm', 'gru', 'bigru'],
    );
    assert.strictEqual(new Set(starts.map(({ settings: s }) => JSON.stringify({ ...s, variant: '' }))).size, 1);
    assert.strictEqual(new Set(starts.map((start) => start.heldOutExamples)).size, 1);
    const kept = comparison.find(({ variant }) => variant === settings.variant)!;
    assert.strictEqual(kept.validationMacroF1, Math.max(...comparison.map((s) => s.validationMacroF1)));
    assert.strictEqual(kept.macroF1, report.macro.f1);
    const size = (variant: string): number => comparison.find((s) => s.variant === variant)!.parameters;
    assert.ok(size('rnn') < size('gru') && size('gru') < size('lstm') && size('lstm') < size('bilstm'));
  });
});
