/** The recipes against the published systems: settings, counts on their texts, and system 3's figures in full. */
import * as assert from 'node:assert';
import * as fs from 'node:fs';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import type { TrainEvent } from '../../../../src/common/trainEvents';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { planBatches } from '../../../../src/engine/corpus/planBatches';
import { buildCorpus } from '../../../../src/engine/corpus/corpus';
import { findRecipe, recipeFor, recipes } from '../../../../src/engine/recipes/recipes';
import { networkSpecOf } from '../../../../src/engine/model/networkSpecOf';
import { Trainer } from '../../../../src/engine/training/trainer';
import { parameterCount } from '../../../../src/engine/model/networkSpec';
import { sharedFile } from '../../../support/shared';

/** What of a config was published, in a line. */
function line(config: TrainingConfig): string {
  const { text, network, objective, optimiser, budget } = config;
  const parts = [
    text.lowercase ? 'lowercase' : 'case kept',
    `${network.input.kind} ${network.cell} ${network.layers.map((l) => `${l.units}/${l.dropout}`).join('+')}`,
    `${objective.kind} ${objective.steps},${objective.stride}${objective.shuffle ? ' shuffled' : ''}`,
    `${optimiser.kind} ${optimiser.learningRate} batch ${config.batch}`,
    budget.epochs ? `${budget.epochs} epochs` : `${budget.maxSteps} steps`,
  ];
  return parts.join(' | ');
}

const published: Record<string, string> = {
  nietzsche: 'lowercase | one-hot lstm 128/0 | last-step 60,3 shuffled | rmsprop 0.01 batch 128 | 60 epochs',
  leopardi: 'case kept | one-hot lstm 128/0 | last-step 40,1 shuffled | adam 0.001 batch 128 | 100 epochs',
  'dinosaur-names': 'lowercase | one-hot rnn 50/0 | every-step 64,1 shuffled | sgd 0.01 batch 1 | 35000 steps',
  sonnets: 'lowercase | one-hot lstm 128/0.2+128/0.2 | last-step 40,3 shuffled | adam 0.001 batch 128 | 20 epochs',
  'shakespeare-words-rnn':
    'lowercase | embedding rnn 150/0 | last-step 16,1 shuffled | adam 0.001 batch 64 | 10 epochs',
  'shakespeare-words-lstm':
    'lowercase | embedding lstm 150/0 | last-step 16,1 shuffled | adam 0.001 batch 64 | 10 epochs',
  'shakespeare-words-stacked':
    'lowercase | embedding lstm 150/0+100/0 | last-step 16,1 shuffled | adam 0.001 batch 64 | 10 epochs',
  alice: 'lowercase | scalar lstm 256/0.2 | last-step 100,1 shuffled | adam 0.001 batch 128 | 20 epochs',
  'alice-large': 'lowercase | scalar lstm 256/0.2+256/0.2 | last-step 100,1 shuffled | adam 0.001 batch 64 | 50 epochs',
};

describe('Recipes', () => {
  it('are the published ones, with their settings', () => {
    const configured = Object.fromEntries(recipes.map(({ id, config }) => [id, line(config)]));
    assert.deepEqual(configured, published);
    for (const { id, config } of recipes) assert.equal(config.recipe, id);
  });

  it('sample like the published systems', () => {
    const samples = (id: string): unknown[] => {
      const { every, temperatures, length, prompt, count } = recipeFor(id).samples;
      return [every, temperatures, length, prompt.kind, count];
    };
    assert.deepEqual(samples('nietzsche'), ['epoch', [0.2, 0.5, 1, 1.2], 400, 'window', 1]);
    assert.deepEqual(samples('leopardi'), ['epoch', [0.5], 400, 'window', 1]);
    assert.equal(recipeFor('leopardi').objective.padding, 'space');
    assert.deepEqual(samples('dinosaur-names'), [2000, [1], 50, 'none', 7]);
    assert.deepEqual(samples('alice'), ['epoch', [0], 1000, 'window', 1]);
    assert.deepEqual(samples('shakespeare-words-stacked').slice(1, 2), [[0.2, 1, 1.5]]);
  });

  it('have every-step twins of the same network on the same text', () => {
    for (const { id, objectives, config } of recipes) {
      if (!objectives.includes('every-step') || config.objective.kind === 'every-step') continue;
      const twin = recipeFor(id, 'every-step');
      assert.equal(twin.objective.kind, 'every-step');
      assert.equal(twin.objective.carryState, true);
      assert.deepEqual(twin.network, config.network);
      assert.deepEqual(twin.text, config.text);
    }
  });

  it('are copies: changing one changes no other', () => {
    recipeFor('nietzsche').network.layers[0].units = 1;
    assert.equal(recipeFor('nietzsche').network.layers[0].units, 128);
  });

  it('list what exists, and the objective of each', () => {
    assert.throws(() => findRecipe('nietzche'), /There is no recipe "nietzche"; there are: nietzsche, leopardi/);
    assert.throws(() => recipeFor('dinosaur-names', 'last-step'), /every-step only/);
    assert.throws(() => recipeFor('shakespeare-words-rnn', 'every-step'), /last-step only/);
  });

  const counts: [id: string, vocabulary: number, train: number, heldOut: number][] = [
    ['nietzsche', 57, 200_278, 0],
    ['sonnets', 38, 31_412, 0],
    ['alice', 45, 144_419, 0],
    ['alice-large', 45, 144_419, 0],
    ['leopardi', 71, 123_712, 0],
    ['shakespeare-words-stacked', 12_634, 16_000, 4_000],
  ];
  for (const [id, vocabulary, train, heldOut] of counts) {
    it(`${id}: the published counts on its text`, function () {
      const { text, config } = findRecipe(id);
      const file = sharedFile(this, `data/${text}`);
      const corpus = buildCorpus([{ name: text, text: fs.readFileSync(file, 'utf8') }], config.text);
      assert.equal(corpus.vocabulary.size, vocabulary);
      assert.equal(planBatches(corpus, config).trainTargets, train);
      assert.equal(planBatches(corpus, config).heldOutTargets, heldOut);
    });
  }

  it('dinosaur-names: from the published weights and order, the published smoothed loss', async function () {
    const file = sharedFile(this, 'fixtures/dinosaurs/training-run.json');
    const { initial, order, trajectory } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
      initial: Record<'Wax' | 'Waa' | 'b' | 'Wya' | 'by', number[]>;
      order: string[];
      trajectory: { iteration: number; smoothedLoss: number }[];
    };
    const recipe = recipeFor('dinosaur-names');
    // The text in the order that was drawn stands for the draw.
    const config: TrainingConfig = {
      ...recipe,
      objective: { ...recipe.objective, shuffle: false },
      budget: { maxSteps: 2001 },
      evaluation: { ...recipe.evaluation, atStart: false },
      samples: { ...recipe.samples, every: 1 + 2000 },
    };
    const corpus = buildCorpus([{ name: 'dinos.txt', text: order.join('\n') }], config.text);
    assert.equal(corpus.vocabulary.idOf('\n'), 0);
    const { Wax, Waa, b, Wya, by } = initial;
    const initialParameters = Float32Array.from([Wax, Waa, b, Wya, by].flat());
    assert.equal(initialParameters.length, parameterCount(networkSpecOf(config, 27)));
    const plan = planBatches(corpus, config);
    const backend = await createWasmBackend({ threads: 1 });
    const events: TrainEvent[] = [];
    try {
      const trainer = new Trainer({
        config,
        corpus,
        plan,
        network: await backend.createNetwork(networkSpecOf(config, 27), initialParameters, plan.limits),
        modelPath: '',
        onEvent: (event) => events.push(event),
      });
      const { done } = await trainer.run();
      const expected = trajectory.find((point) => point.iteration === 2000)!.smoothedLoss;
      assert.ok(Math.abs(done.smoothedLoss! - expected) < 0.01, `${done.smoothedLoss} is not ${expected}`);
      const names = events.filter((event) => event.event === 'sample');
      assert.equal(names.length, 7);
      assert.ok(names.every(({ text }) => text.length <= 50 && !text.includes('\n')));
    } finally {
      await backend.dispose();
    }
  });
});
