// The script of a job against the engine: the same first weights and batches give the same losses.
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import type { TrainEvent } from '../../../../../src/common/trainEvents';
import type { CellKind, TrainingConfig } from '../../../../../src/common/trainingConfig';
import { withCompute } from '../../../../../src/engine/backends';
import { writeJob } from '../../../../../src/engine/exchange/jobs/writeJob';
import { readLanguageModel } from '../../../../../src/engine/model/modelFile';
import { openFileRun } from '../../../../../src/engine/training/fileRun';
import { pythonWithTorch, runPython } from '../../../../support/python';
import { everyStep, lstm, smallConfig } from '../../../../support/trainingConfig';

const cases: { cell: CellKind; input: TrainingConfig['network']['input']; more?: Partial<TrainingConfig> }[] = [
  { cell: 'lstm', input: { kind: 'one-hot' } },
  {
    cell: 'gru',
    input: { kind: 'embedding', dimensions: 5 },
    more: { optimiser: { kind: 'rmsprop', learningRate: 0.003, clipValue: 0.02 } },
  },
  {
    cell: 'rnn',
    input: { kind: 'one-hot' },
    more: {
      optimiser: { kind: 'adam', learningRate: 0.01, clipNorm: 0.5, weightDecay: 0.5 },
      schedule: { kind: 'constant' },
    },
  },
];

/** What the engine and `train.py` report, with the same settings, texts and first weights; their models are in `folder`. */
async function trainTwice(
  python: string,
  folder: string,
  config: TrainingConfig,
  texts: { name: string; text: string }[],
): Promise<{ engine: TrainEvent[]; script: TrainEvent[] }> {
  const at = (name: string): string => path.join(folder, name);
  for (const { name, text } of texts) await fs.writeFile(at(name), text);
  const engine: TrainEvent[] = [];
  await withCompute({ backend: 'wasm' }, async (compute) => {
    const modelPath = at('engine.inkling.safetensors');
    const run = await openFileRun({ texts, config, compute, modelPath, onEvent: (event) => engine.push(event) });
    await run.run();
  });
  await writeJob({
    sources: texts.map(({ name }) => ({ name, path: at(name) })),
    folder: at('job'),
    draft: () => config,
    choose: () => ({ config, reasons: [] }),
  });
  const lines = (await runPython(python, [at('job/train.py'), '--precision', 'fp32'])).trim().split('\n');
  return { engine, script: lines.map((line) => JSON.parse(line) as TrainEvent) };
}

describe('train.py', () => {
  for (const { cell, input, more } of cases) {
    it(`trains ${cell} networks of two layers as the engine does`, async function () {
      this.timeout(600_000);
      const python = pythonWithTorch(this);
      const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-train-'));
      const at = (name: string): string => path.join(folder, name);
      const config = smallConfig({
        network: {
          cell,
          input,
          layers: [
            { units: 20, dropout: 0 },
            { units: 12, dropout: 0 },
          ],
          initialisation: { kind: 'keras' },
        },
        objective: everyStep(16),
        optimiser: { kind: 'adam', learningRate: 0.01, clipNorm: 0.5 },
        schedule: { kind: 'cosine', warmupSteps: 5, finalFraction: 0.1 },
        budget: { maxSteps: 20 },
        evaluation: { every: 1, maximumTargets: 1000 },
        keep: 'last',
        samples: { every: 1000, temperatures: [], length: 1, prompt: { kind: 'none' }, count: 1 },
        ...more,
      });
      // Two files, so that rows start afresh in the middle of an epoch, and an epoch ends within the steps.
      const texts = ['The sea and the ship. ', 'A whale, a whale! '].map((text, i) => ({
        name: `${i}.txt`,
        text: text.repeat(40) + 'xyz'.repeat(i),
      }));
      const { engine, script } = await trainTwice(python, folder, config, texts);

      const lossesOf = (events: TrainEvent[]): number[][] =>
        events.flatMap((event) => (event.event === 'progress' ? [[event.step, event.trainLoss]] : []));
      const heldOutOf = (events: TrainEvent[]): number[] =>
        events.flatMap((event) => (event.event === 'epoch' ? [event.heldOutLoss ?? NaN] : []));
      const normsOf = (events: TrainEvent[]): number[] =>
        events.flatMap((event) => (event.event === 'progress' ? [event.gradientNorm] : []));
      const near = (ours: number[], theirs: number[], tolerance: number): void => {
        assert.equal(theirs.length, ours.length);
        ours.forEach((x, i) => assert.ok(Math.abs(theirs[i] - x) <= tolerance, `${i}: ${theirs[i]}, not ${x}`));
      };
      assert.equal(lossesOf(engine).length, 20);
      near(lossesOf(engine).flat(), lossesOf(script).flat(), 1e-4);
      near(heldOutOf(engine), heldOutOf(script), 1e-4);
      near(normsOf(engine), normsOf(script), 1e-3);
      const ours = await readLanguageModel(at('engine.inkling.safetensors'));
      const theirs = await readLanguageModel(at('job/model.inkling.safetensors'));
      near([...ours.parameters], [...theirs.parameters], 1e-3);
      assert.equal(theirs.history.at(-1)?.event, 'done');
      await fs.rm(folder, { recursive: true });
    });
  }

  const decisions: Record<string, Partial<TrainingConfig>> = {
    'lowers the learning rate and stops early': {
      optimiser: { kind: 'adam', learningRate: 0.05 },
      schedule: { kind: 'plateau', warmupSteps: 3, factor: 0.5, patience: 1, minimum: 1e-3 },
      evaluation: { every: 5, maximumTargets: 1000 },
      earlyStopping: { patience: 3 },
      keep: 'best-held-out',
      budget: { maxSteps: 300 },
    },
    'goes back to the best weights when the loss explodes': {
      optimiser: { kind: 'sgd', learningRate: 1000 },
      schedule: { kind: 'constant' },
      // The script looks at the losses where it evaluates; else some steps later than the engine.
      evaluation: { every: 1, maximumTargets: 200 },
      budget: { maxSteps: 40 },
    },
  };
  for (const [what, changes] of Object.entries(decisions)) {
    it(`${what} where the engine does`, async function () {
      this.timeout(600_000);
      const python = pythonWithTorch(this);
      const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-train-'));
      const samples = { every: 1000, temperatures: [], length: 1, prompt: { kind: 'none' as const }, count: 1 };
      const config = smallConfig({ network: lstm(12), objective: everyStep(16), samples, ...changes });
      const text =
        'The sea and the ship. A whale, a whale! '.repeat(30) + 'Quite another end, with vexed jackdaws. '.repeat(4);
      const { engine, script } = await trainTwice(python, folder, config, [{ name: 'a.txt', text }]);
      const decided = (events: TrainEvent[]): unknown[] =>
        events.flatMap((event): unknown[] => {
          if (event.event === 'guard') return [[event.step, event.reason, event.restoredStep]];
          if (event.event === 'notice') return [[event.step, event.kind]];
          return event.event === 'done' ? [[event.steps, event.reason]] : [];
        });
      const ofEngine = decided(engine);
      assert.ok(ofEngine.length > 2, JSON.stringify(ofEngine));
      assert.deepEqual(decided(script), ofEngine);
      await fs.rm(folder, { recursive: true });
    });
  }
});
