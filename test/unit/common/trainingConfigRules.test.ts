/** The rules of a training config: what is accepted, what is refused and how, and how a path sets a value. */
import * as assert from 'node:assert';
import { InklingError } from '../../../src/common/errors';
import type { TrainingConfig } from '../../../src/common/trainingConfig';
import { configProblems, setPath, validateConfig } from '../../../src/common/trainingConfigRules';
import { recipeFor, recipes } from '../../../src/engine/recipes/recipes';

const config = recipeFor('nietzsche');

/** The config with one of its parts replaced. */
function broken(change: (copy: Record<string, Record<string, unknown>>) => void): unknown {
  const copy = structuredClone(config) as unknown as Record<string, Record<string, unknown>>;
  change(copy);
  return copy;
}

const refuses =
  (message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof InklingError);
    assert.equal(error.code, 'invalidInput');
    assert.match(error.message, message);
    return true;
  };

describe('Rules of a training config', () => {
  it('accept every recipe and every twin', () => {
    for (const { id, objectives } of recipes) {
      for (const objective of objectives) assert.deepEqual(configProblems(recipeFor(id, objective)), []);
    }
  });

  it('name the setting and what it must be', () => {
    const cases: [unknown, string, RegExp][] = [
      [
        broken((c) => (c.text.unit = 'letter')),
        'text.unit',
        /"text\.unit" must be one of character, word, not "letter"/,
      ],
      [broken((c) => (c.objective.steps = 0)), 'objective.steps', /a whole number from 1 to 4096, not 0/],
      [broken((c) => (c.objective.steps = 1.5)), 'objective.steps', /whole number/],
      [broken((c) => (c.optimiser.learningRate = 0)), 'optimiser.learningRate', /a number above 0/],
      [broken((c) => (c.optimiser.learningRate = NaN)), 'optimiser.learningRate', /a number above 0/],
      [broken((c) => (c.network.layers = [])), 'network.layers', /a list of 1 to 4 items/],
      [broken((c) => (c.network.layers = [{ units: 8, dropout: 1 }])), 'network.layers.0.dropout', /to below 1/],
      [broken((c) => (c.network.input = { kind: 'embedding' })), 'network.input.dimensions', /is missing/],
      [broken((c) => (c.optimiser.momentum = 0.9)), 'optimiser.momentum', /There is no setting "optimiser\.momentum"/],
      [broken((c) => delete c.text.lowercase), 'text.lowercase', /is missing: true or false/],
      [broken((c) => (c.schedule.kind = 'linear')), 'schedule.kind', /one of constant, cosine, plateau/],
      [broken((c) => (c.batch = 0 as never)), 'batch', /a whole number from 1 to 4096, not 0/],
      [
        broken((c) => (c.text.heldOut = { kind: 'tail', fraction: 0.6 })),
        'text.heldOut.fraction',
        /from 0 to 0\.5, not 0\.6/,
      ],
      [
        broken((c) => Object.assign(c.text, { examples: 'lines', maximumExamples: 1 })),
        'text.maximumExamples',
        /from 2/,
      ],
      [broken((c) => (c.evaluation.every = 'day')), 'evaluation.every', /epoch or a whole number of steps/],
      [null, '', /A training config must be an object, not null/],
    ];
    for (const [value, path, message] of cases) {
      const problems = configProblems(value);
      assert.equal(problems.length, 1, JSON.stringify(problems));
      assert.equal(problems[0].path, path);
      assert.match(problems[0].message, message);
    }
  });

  it('detect settings that contradict one another', () => {
    const cases: [(copy: Record<string, Record<string, unknown>>) => void, RegExp][] = [
      [(c) => Object.assign(c, { keep: 'best-held-out' }), /Without a held-out part/],
      [(c) => Object.assign(c, { earlyStopping: { patience: 2 } }), /Early stopping needs a held-out part/],
      [(c) => Object.assign(c, { budget: {} }), /A run needs an end/],
      [(c) => (c.objective.carryState = true), /Windows begin from an empty state/],
      [(c) => (c.text.examples = 'lines'), /set objective\.kind=every-step/],
      [(c) => (c.text.examples = 'line-prefixes'), /set text\.unit=word/],
      [(c) => Object.assign(c.text, { examples: 'lines', unit: 'word' }), /or text\.examples=line-prefixes\./],
      [
        (c) => {
          Object.assign(c.text, { examples: 'line-prefixes', unit: 'word' });
          c.objective.kind = 'every-step';
        },
        /set objective\.kind=last-step/,
      ],
      [
        (c) => {
          c.text.heldOut = { kind: 'random', fraction: 0.1 };
          c.objective.kind = 'every-step';
        },
        /set text\.heldOut\.kind=tail/,
      ],
      [
        (c) => {
          c.text.examples = 'lines';
          Object.assign(c.objective, { kind: 'every-step', carryState: true });
        },
        /set batch=1, or objective\.carryState=false/,
      ],
      [(c) => (c.text.maximumExamples = 5), /counts lines or prefixes/],
      [
        (c) => (c.text.heldOut = { kind: 'tail', fraction: 0 }),
        /set text\.heldOut\.fraction=0\.1, or text\.heldOut\.kind=none/,
      ],
    ];
    for (const [change, message] of cases) {
      assert.throws(() => validateConfig(broken(change)), refuses(message));
    }
  });

  it('name changes that each solve the problem alone, without causing a new one', () => {
    // A recipe for each kind of example, with each pair of these settings.
    const settings: [path: string, value: string][] = [
      ['text.heldOut.kind', 'none'],
      ['text.heldOut.kind', 'random'],
      ['text.heldOut.kind', 'tail'],
      ['text.heldOut.fraction', '0'],
      ['text.examples', 'text'],
      ['text.examples', 'lines'],
      ['text.examples', 'line-prefixes'],
      ['text.unit', 'word'],
      ['text.unit', 'character'],
      ['text.maximumExamples', '100'],
      ['objective.kind', 'last-step'],
      ['objective.kind', 'every-step'],
      ['objective.carryState', 'true'],
      ['batch', '2'],
      ['keep', 'best-held-out'],
      ['earlyStopping.patience', '2'],
      ['schedule.kind', 'plateau'],
      ['memory', 'on'],
      ['budget', '{}'],
    ];
    const mended = new Set<string>();
    const pairs = settings.flatMap((one, i) => settings.slice(i).map((other) => [one, other]));
    for (const id of ['nietzsche', 'dinosaur-names', 'shakespeare-words-rnn']) {
      for (const [[a, valueA], [b, valueB]] of pairs) {
        const wrong = setPath(setPath(recipeFor(id), a, valueA), b, valueB);
        const problems = configProblems(wrong);
        for (const { message } of problems) {
          const [what, changes = ''] = message.split(/: set (.+)\.$/);
          const remedies = changes.split(', or ');
          for (const remedy of remedies) {
            const right = remedy
              .split(' and ')
              .map((change) => change.split('='))
              .reduce((config, [where, value]) => setPath(config, where, value), wrong);
            const left = configProblems(right).map((problem) => problem.message.split(': set ')[0]);
            const before = problems.map((problem) => problem.message.split(': set ')[0]);
            assert.ok(!left.includes(what), `still after ${remedy}: ${message}`);
            assert.ok(
              left.every((problem) => before.includes(problem)),
              `after ${remedy}: ${left.join('. ')}`,
            );
          }
          mended.add(what);
        }
      }
    }
    assert.ok(mended.size === 14, [...mended].join());
  });

  describe('setPath', () => {
    const set = (path: string, text: string, from: TrainingConfig = config): TrainingConfig =>
      setPath(from, path, text);

    it('reads each kind of value and does not change the config it was given', () => {
      const before = structuredClone(config);
      assert.equal(set('network.layers.0.units', '256').network.layers[0].units, 256);
      assert.equal(set('optimiser.learningRate', '2e-3').optimiser.learningRate, 0.002);
      assert.equal(set('text.lowercase', 'false').text.lowercase, false);
      assert.equal(set('network.cell', 'gru').network.cell, 'gru');
      assert.equal(set('samples.every', '100').samples.every, 100);
      assert.equal(set('samples.every', 'epoch').samples.every, 'epoch');
      assert.equal(set('recipe', '007').recipe, '007');
      assert.deepEqual(set('samples.temperatures', '[0.1, 2]').samples.temperatures, [0.1, 2]);
      assert.deepEqual(config, before);
    });

    it('adds and removes optional settings', () => {
      const stopping = set('earlyStopping.patience', '5');
      assert.deepEqual(stopping.earlyStopping, { patience: 5 });
      assert.equal('earlyStopping' in set('earlyStopping', 'none', stopping), false);
      assert.equal(set('optimiser.clipNorm', '5').optimiser.clipNorm, 5);
      assert.deepEqual(set('smoothedLoss.decay', '0.99').smoothedLoss, { decay: 0.99, startLength: 7 });
    });

    it('gives another kind its other settings', () => {
      assert.deepEqual(set('schedule.kind', 'cosine').schedule, { kind: 'cosine', finalFraction: 0.05 });
      const warm = set('schedule.warmupSteps', '10');
      assert.deepEqual(set('schedule.kind', 'cosine', warm).schedule, {
        kind: 'cosine',
        warmupSteps: 10,
        finalFraction: 0.05,
      });
      assert.deepEqual(set('network.input.kind', 'embedding').network.input, { kind: 'embedding', dimensions: 64 });
    });

    it('adds a layer after the last as a copy of it', () => {
      const two = set('network.layers.1.dropout', '0.5');
      assert.deepEqual(two.network.layers, [
        { units: 128, dropout: 0 },
        { units: 128, dropout: 0.5 },
      ]);
    });

    it('refuses what does not exist or is not allowed, and says what is', () => {
      assert.throws(() => set('network.unit', '1'), refuses(/"network" has no setting "unit"; there are: cell, input/));
      assert.throws(
        () => set('nothing', '1'),
        refuses(/A training config has no setting "nothing"; there are: recipe/),
      );
      assert.throws(() => set('network.layers.3.units', '1'), refuses(/has items 0 to 0/));
      assert.throws(() => set('batch', 'many'), refuses(/"batch" must be a whole number from 1 to 4096, not "many"/));
      assert.throws(() => set('batch', ''), refuses(/whole number/));
      assert.throws(() => set('batch.size', '1'), refuses(/has no parts/));
      assert.throws(() => set('text.lowercase', 'yes'), refuses(/true or false/));
      assert.throws(() => set('seed', 'none'), refuses(/whole number/));
      assert.throws(() => set('network.layers', '2x128'), refuses(/written as JSON/));
      assert.throws(() => set('__proto__.polluted', '1'), refuses(/no setting "__proto__"/));
      assert.throws(() => set('constructor', '1'), refuses(/no setting "constructor"/));
    });
  });
});
