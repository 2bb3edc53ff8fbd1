/**
 * The automatic configuration: what it chooses for different texts, speeds and times, and that the result can be
 * trained.
 */
import * as assert from 'node:assert';
import { sayReason } from '../../../../src/common/reasons';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import { setPath, validateConfig } from '../../../../src/common/trainingConfigRules';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import {
  chooseAutomatically,
  chooseConfig,
  planBudgets,
  type TextFacts,
} from '../../../../src/engine/recipes/automatic';
import { operationsPerTarget, speedFrom } from '../../../../src/engine/recipes/speedProbe';
import { openFileRun } from '../../../../src/engine/training/fileRun';
import { readDataset } from '../../../support/shared';
import { madeText } from '../training/support';

const backend = createReferenceBackend();
const texts = [{ name: 'made.txt', text: madeText(4000) }];
/** A config from which only the text settings and the seed are taken. */
let draft: TrainingConfig;

const nietzsche: TextFacts = { trainTargets: 540_000, heldOutTargets: 60_000, vocabulary: 57 };
const speed = speedFrom([{ units: 256, rate: 100e9 }]);
const unitsFor = (facts: TextFacts, rate: number, minutes: number): number => {
  const { config } = chooseConfig(draft, facts, speedFrom([{ units: 256, rate }]), minutes * 60);
  return config.network.layers[0].units;
};

describe('Automatic configuration', () => {
  before(async () => {
    draft = (
      await chooseAutomatically({
        texts,
        compute: backend,
        adjust: (config) => ({ ...config, budget: { maxSteps: 10 } }),
      })
    ).config;
  });

  it('gives a minute of two cores on a book a network that can be trained in that time', () => {
    const { config, expectedSeconds, reasons } = chooseConfig(draft, nietzsche, speed, 60);
    validateConfig(config);
    const [{ units }] = config.network.layers;
    assert.ok(units >= 128 && units <= 384, `${units} units`);
    assert.ok(expectedSeconds <= 60);
    assert.ok(config.budget.maxSeconds! > 50 && config.budget.maxSeconds! < 60);
    assert.ok(reasons.length > 0 && reasons.every((reason) => sayReason(reason).endsWith('.')));
  });

  it('chooses more units for more time and for a faster machine, never fewer', () => {
    let before = 0;
    for (const minutes of [0.1, 0.5, 1, 3, 10, 30, 120]) {
      const units = unitsFor(nietzsche, 100e9, minutes);
      assert.ok(units >= before, `${units} units in ${minutes} minutes`);
      before = units;
    }
    assert.ok(before > unitsFor(nietzsche, 100e9, 0.1));
    assert.ok(unitsFor(nietzsche, 1e9, 1) < unitsFor(nietzsche, 100e9, 1));
  });

  it('does not give a short text more than it can use, and ends when there is no more to gain', () => {
    const page: TextFacts = { trainTargets: 10_000, heldOutTargets: 1_000, vocabulary: 60 };
    const { config, expectedSeconds } = chooseConfig(draft, page, speed, 3600);
    validateConfig(config);
    assert.ok(unitsFor(page, 100e9, 60) <= 128);
    assert.ok(config.budget.epochs !== undefined && expectedSeconds < 600);
    assert.ok(config.network.layers[0].dropout > 0);
  });

  it('leaves at least ten samples to look back at, however long the text and the run', () => {
    for (const trainTargets of [2_000, 10_000, 540_000, 5e6]) {
      for (const minutes of [1, 30]) {
        const facts = { ...nietzsche, trainTargets, heldOutTargets: trainTargets / 9 };
        const { config } = chooseConfig(draft, facts, speed, minutes * 60);
        const { epochs, maxSeconds = 0 } = config.budget;
        const targets = epochs
          ? epochs * trainTargets
          : maxSeconds / speed.secondsPerTarget(config.network.layers, facts.vocabulary);
        const steps = Math.floor(targets / (config.batch * config.objective.steps));
        const { every } = config.samples;
        assert.ok(every !== 'epoch');
        const times = Math.floor(steps / every);
        assert.ok(times >= 10 && times <= 16, `${times} times in ${steps} steps`);
      }
    }
  });

  it('holds nothing out of a few words', async () => {
    const few = [{ name: 'few.txt', text: madeText(200) }];
    const { config } = await chooseAutomatically({
      texts: few,
      compute: backend,
      adjust: (c) => ({ ...c, budget: { epochs: 2 } }),
    });
    validateConfig(config);
    assert.equal(config.text.heldOut.kind, 'none');
    assert.equal(config.keep, 'last');
  });

  it('starts from the base that reads the text well, unless the user wants another network or none', async () => {
    const novel = readDataset('moby-dick')[0].text;
    const choose = async (text: string, base: string, ...settings: [string, string][]): Promise<TrainingConfig> => {
      const adjust = (config: TrainingConfig): TrainingConfig =>
        settings.reduce<TrainingConfig>((changed, [path, value]) => setPath(changed, path, value), {
          ...config,
          budget: { maxSteps: 3 },
        });
      const choice = await chooseAutomatically({
        texts: [{ name: 'a.txt', text }],
        compute: backend,
        base,
        adjust,
      });
      assert.equal(choice.base?.language, choice.config.base);
      return choice.config;
    };
    const english = await choose(novel, 'auto');
    assert.equal(english.base, 'en');
    assert.deepEqual(english.network.layers, [{ units: 512, dropout: 0 }]);
    assert.equal((await choose(novel, 'none')).base, undefined);
    assert.equal((await choose(novel, 'auto', ['network.layers.0.units', '24'])).base, undefined);
    assert.equal((await choose(novel, 'auto', ['text.lowercase', 'true'])).base, undefined);
    assert.equal((await choose('x[i] = y[j] + 1;\n'.repeat(200), 'auto')).base, undefined);
    await assert.rejects(choose(novel, 'xx'), /Choose one of auto, .*none\.$/);
  });

  it('says which base a run starts from, or why it starts from random weights', async () => {
    const novel = readDataset('moby-dick')[0].text.slice(0, 20_000);
    const reasonsFor = async (text: string, ...settings: [string, string][]): Promise<string[]> => {
      const { reasons } = await chooseAutomatically({
        texts: [{ name: 'a.txt', text }],
        compute: backend,
        base: 'auto',
        adjust: (config) =>
          settings.reduce<TrainingConfig>((changed, [path, value]) => setPath(changed, path, value), {
            ...config,
            budget: { maxSteps: 3 },
          }),
      });
      return reasons.map(({ kind }) => kind);
    };
    assert.deepEqual(await reasonsFor(novel), ['base-fits', 'starts-from-base']);
    assert.deepEqual(await reasonsFor(novel, ['network.layers.0.units', '24']), [
      'settings-without-base',
      'bounded-by-steps',
    ]);
    assert.deepEqual(await reasonsFor('x[i] = y[j] + 1;\n'.repeat(200)), ['no-base-fits', 'bounded-by-steps']);
  });

  it('depends on no clock and no budget if bounded by steps', async () => {
    const choose = async (maxSteps: number): Promise<TrainingConfig> => {
      const adjust = (config: TrainingConfig): TrainingConfig => ({ ...config, budget: { maxSteps } });
      const { config, expectedSeconds } = await chooseAutomatically({ texts, compute: backend, adjust, seed: 9 });
      assert.equal(expectedSeconds, undefined);
      return config;
    };
    const [short, long] = [await choose(10), await choose(1000)];
    assert.deepEqual({ ...short, budget: {} }, { ...long, budget: {} });
    assert.notEqual(short.schedule.kind, 'cosine');
    assert.equal(short.seed, 9);
  });

  it('lets the user override settings', async () => {
    const choose = (...settings: [string, string][]): Promise<{ config: TrainingConfig }> =>
      chooseAutomatically({
        texts,
        compute: backend,
        adjust: (config) =>
          settings.reduce<TrainingConfig>((c, [path, value]) => setPath(c, path, value), {
            ...config,
            budget: { maxSteps: 3 },
          }),
      });
    const cases: [string, string][][] = [
      [
        ['text.lowercase', 'true'],
        ['network.layers.0.units', '24'],
        ['network.cell', 'gru'],
      ],
      [['text.examples', 'lines']],
      [
        ['text.unit', 'word'],
        ['text.examples', 'line-prefixes'],
      ],
      [['text.unit', 'word']],
    ];
    for (const settings of cases) {
      const { config } = await choose(...settings);
      validateConfig(config);
      const run = await openFileRun({ texts, config, compute: backend, modelPath: 'unused', onEvent: () => {} });
      assert.ok(run.corpus.vocabulary.size > 2);
    }
    const { config } = await choose(...cases[0]);
    assert.deepEqual([config.network.cell, config.network.layers[0].units, config.text.lowercase], ['gru', 24, true]);
  });

  it('measures the machine and plans several budgets', async () => {
    const wasm = await createWasmBackend({ threads: 1 });
    try {
      const plans = await planBudgets(texts, wasm, [1, 5]);
      assert.deepEqual(
        plans.map(({ minutes }) => minutes),
        [1, 5],
      );
      for (const plan of plans) {
        validateConfig(plan.config);
        assert.match(plan.summary, /^LSTM 1 × \d+$/);
        assert.ok(plan.expectedSeconds > 0 && plan.expectedSeconds <= plan.minutes * 60);
      }
    } finally {
      await wasm.dispose();
    }
  });

  it('counts the operations of a step', () => {
    // 4·8·8 recurrent weights and 8·10 of the output, 6 operations each; a one-hot input is no product.
    assert.equal(operationsPerTarget([{ units: 8 }], 10), 6 * (256 + 80));
    assert.equal(operationsPerTarget([{ units: 8 }, { units: 4 }], 10), 6 * (256 + 4 * 4 * 12 + 40));
  });

  it('interpolates between the speeds it measured', () => {
    const probed = speedFrom([
      { units: 100, rate: 50e9 },
      { units: 400, rate: 100e9 },
    ]);
    const rate = (units: number): number =>
      operationsPerTarget([{ units }], 50) / probed.secondsPerTarget([{ units }], 50);
    [
      [50, 50e9],
      [100, 50e9],
      [200, 75e9],
      [400, 100e9],
      [900, 100e9],
    ].forEach(([units, expected]) => assert.ok(Math.abs(rate(units) / expected - 1) < 1e-9));
  });
});
