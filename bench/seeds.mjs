// Full runs of the recipes on their texts, beside the figures that were published for them; then, for one character
// recipe, how much sooner its every-step twin reaches the same loss. Nothing is asserted, everything printed.
//
//   npm run bench:seeds                              everything (hours)
//   npm run bench:seeds -- dinosaur-names nietzsche  only these
//   npm run bench:seeds -- --epochs 4                no run longer than that
//   npm run bench:seeds -- --twin nietzsche          only the twin of this one
//   npm run bench:seeds -- --automatic nietzsche.txt --minutes 1
//                                                    the automatic configuration against every character recipe
//   npm run bench:seeds -- --spread 5 dinosaur-names sms-spam
//                                                    each figure over five seeds: mean, smallest and largest
//   npm run bench:seeds -- --spread 5 --objective every-step leopardi
//   npm run bench:seeds -- --spread 5 --variant rnn sms-spam
//   npm run bench:seeds -- --keras shakespeare-words-rnn --epochs 3
//                                                    Keras on the same examples, beside the engine; the benchmark makes
//                                                    its own Python environment under .cache/
//
// The texts are in the folder `data` of INKLING_SHARED, else of `shared` beside the checkout.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import { peerPython } from './peers/environment.mjs';
import { buildRuns, root } from './runs.mjs';

const cli = path.join(root, 'dist/cli.js');
const data = path.join(process.env.INKLING_SHARED ?? path.join(root, '..', 'shared'), 'data');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-recipes-'));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: 'string' },
    twin: { type: 'string' },
    automatic: { type: 'string' },
    minutes: { type: 'string' },
    threads: { type: 'string' },
    spread: { type: 'string' },
    objective: { type: 'string' },
    variant: { type: 'string' },
    keras: { type: 'string' },
  },
});
const threads = values.threads ? ['--threads', values.threads] : [];

/** Runs a command of the command line that prints one JSON value. */
function ask(...args) {
  const run = spawnSync(process.execPath, [cli, ...args, '--json'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(run.stderr.trim());
  return JSON.parse(run.stdout);
}

/** Runs a program that prints lines of JSON; returns all of them, and passes each to `onEvent` as it arrives. */
function eventsOf(program, args, onEvent) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const events = [];
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      events.push(event);
      onEvent(event);
    });
    child.on('close', (code) => (code === 0 ? resolve(events) : reject(new Error(`${program} ended with ${code}`))));
  });
}

const train = (args, onEvent = () => {}) =>
  eventsOf(process.execPath, [cli, 'train', ...args, ...threads, '--json'], onEvent);

/** The recipe and its text; throws if one of them is missing. */
function recipeAndText(id) {
  const recipe = recipes.find((candidate) => candidate.id === id);
  if (!recipe) throw new Error(`no recipe ${id}: ${recipes.map((candidate) => candidate.id).join(', ')}`);
  const file = path.join(data, recipe.text);
  if (!fs.existsSync(file)) throw new Error(`${file} is not there`);
  return { recipe, file };
}

/** The figures of an event of training: [place, measure, value]. */
function figuresOf({ step, epoch, complete, smoothedLoss, trainLoss, trainAccuracy, heldOutLoss, heldOutAccuracy }) {
  if (smoothedLoss !== undefined) return complete ? [] : [[`step ${step}`, 'smoothedLoss', smoothedLoss]];
  return Object.entries({ trainLoss, trainAccuracy, heldOutLoss, heldOutAccuracy })
    .filter(([, value]) => typeof value === 'number')
    .map(([measure, value]) => [`epoch ${epoch}`, measure, value]);
}

/** A recipe with several seeds, or the variants of the classifier: each figure's mean, smallest and largest. */
async function runSpread(id, count) {
  const seeds = Array.from({ length: count }, (_, i) => i + 1);
  const rows = new Map();
  const note = (at, measure, value) => {
    const key = `${at.padEnd(14)} ${measure.padEnd(15)}`;
    rows.set(key, [...(rows.get(key) ?? []), value]);
  };
  const out = path.join(folder, 'spread.safetensors');
  const { recipe, file } = recipeAndText(id);
  for (const seed of seeds) {
    if (id === 'sms-spam') {
      for (const variant of values.variant ? [values.variant] : recipe.variants) {
        const args = ['train-classifier', file, '--recipe', id, '--variant', variant, '--seed', String(seed)];
        const events = await eventsOf(process.execPath, [cli, ...args, '--out', out, ...threads, '--json'], () => {});
        const { accuracy, macroF1, perClass, seconds } = events.at(-1);
        for (const [measure, value] of Object.entries({ accuracy, macroF1, spamF1: perClass.spam.f1, seconds })) {
          note(variant, measure, value);
        }
      }
      continue;
    }
    const args = [file, '--recipe', id, '--seed', String(seed), '--set', 'samples.count=0', '--out', out];
    if (values.objective) args.push('--objective', values.objective);
    if (values.epochs) args.push('--epochs', values.epochs);
    const events = await train(args, (event) => {
      if (event.event !== 'epoch') return;
      for (const row of figuresOf(event)) note(...row);
    });
    note('run', 'seconds', events.at(-1).seconds);
  }
  console.log(`\n${id}${values.objective ? `, ${values.objective}` : ''}, seeds ${seeds.join(', ')}`);
  console.log(`${'at'.padEnd(14)} ${'measure'.padEnd(15)} ${['mean', 'smallest', 'largest'].map(column).join(' ')}`);
  for (const [key, list] of rows) {
    const mean = list.reduce((a, b) => a + b, 0) / list.length;
    console.log(`${key} ${[mean, Math.min(...list), Math.max(...list)].map(figure).join(' ')}`);
  }
}

/** Keras on a recipe's own examples, after the engine: published, measured here, measured with Keras. */
async function besideKeras(id) {
  const { recipe, file } = recipeAndText(id);
  if (id === 'sms-spam') throw new Error('npm run bench:classifier runs Keras beside the variants of sms-spam');
  const python = peerPython('keras');
  const { budget } = recipe.config;
  const epochs = Math.min(budget.epochs ?? 1, Number(values.epochs ?? Infinity));
  const maxSteps = budget.maxSteps ?? 0;
  const here = new Map();
  const limit = budget.epochs ? ['--epochs', String(epochs)] : [];
  const model = path.join(folder, 'beside.safetensors');
  await train([file, '--recipe', id, ...limit, '--set', 'samples.count=0', '--out', model], (event) => {
    if (event.event !== 'epoch') return;
    for (const [at, measure, value] of figuresOf(event)) here.set(`${at} ${measure}`, value);
  });
  spawnSync(process.execPath, [await buildRuns('seeds'), file, id, folder], { stdio: 'inherit' });
  const program = [path.join(root, 'bench/peers/kerasRecipe.py'), folder];
  await eventsOf(python, [...program, String(recipe.config.seed), String(epochs), String(maxSteps)], (event) => {
    if (event.version) {
      console.log(`\n${id}: this engine and Keras ${event.version}, one seed each`);
      console.log(
        `${'at'.padEnd(14)} ${'measure'.padEnd(15)} ${['published', 'engine', 'Keras'].map(column).join(' ')}`,
      );
    }
    for (const [at, measure, value] of figuresOf(event)) {
      const expected = recipe.published.find(
        (row) =>
          row.measure === measure &&
          (event.epoch === undefined ? row.at.step === event.step + 1 : row.at.epoch === event.epoch),
      );
      const cells = [expected?.value, here.get(`${at} ${measure}`), value].map(figure);
      console.log(`${at.padEnd(14)} ${measure.padEnd(15)} ${cells.join(' ')}`);
    }
  });
}

const column = (name) => name.padStart(10);
const figure = (value) => column(value === undefined ? '' : value.toFixed(4));

async function runRecipe({ id, title, text, published, config }) {
  const file = path.join(data, text);
  if (!fs.existsSync(file)) return console.log(`${id}: skipped, ${file} is not there`);
  console.log(`\n${id}: ${title}`);
  console.log(`${'at'.padEnd(14)} ${'measure'.padEnd(13)} ${'published'.padStart(10)} ${'measured'.padStart(10)}`);
  const row = (at, measure, expected, measured) =>
    console.log(`${at.padEnd(14)} ${measure.padEnd(13)} ${figure(expected)} ${figure(measured)}`);
  const expected = (measure, key, value) => published.find((p) => p.measure === measure && p.at[key] === value)?.value;
  const limit =
    config.budget.epochs && values.epochs ? Math.min(config.budget.epochs, Number(values.epochs)) : undefined;
  const budget = limit ? ['--epochs', String(limit)] : [];
  // A smoothed loss is published after certain steps: evaluate at those.
  const steps = published.filter((p) => p.at.step).map((p) => p.at.step);
  const often = steps.length ? ['--set', 'evaluation.every=2000', '--set', 'budget.maxSteps=34001'] : [];
  const events = await train(
    [file, '--recipe', id, ...budget, ...often, '--out', path.join(folder, `${id}.safetensors`)],
    (event) => {
      if (event.event === 'guard' || event.event === 'notice') console.log(`  ! ${event.message}`);
      if (event.event !== 'epoch') return;
      if (event.smoothedLoss !== undefined) {
        if (!event.complete)
          row(
            `step ${event.step}`,
            'smoothedLoss',
            expected('smoothedLoss', 'step', event.step + 1),
            event.smoothedLoss,
          );
        return;
      }
      row(`epoch ${event.epoch}`, 'trainLoss', expected('trainLoss', 'epoch', event.epoch), event.trainLoss);
      if (event.heldOutLoss !== undefined) {
        row(`epoch ${event.epoch}`, 'heldOutLoss', expected('heldOutLoss', 'epoch', event.epoch), event.heldOutLoss);
        console.log(
          `${''.padEnd(14)} accuracy: training ${event.trainAccuracy.toFixed(3)}, held out ${event.heldOutAccuracy.toFixed(3)}`,
        );
      }
    },
  );
  const done = events.at(-1);
  const msAStep = (done.seconds * 1000) / done.steps;
  console.log(
    `${done.seconds.toFixed(1)} s, ${msAStep.toFixed(2)} ms per step, ${Math.round(done.charactersPerSecond)} targets/s, ${done.backend} (${done.kernel}), ${done.threads} threads`,
  );
}

/** Seconds of training until the loss over the recipe's own windows is at most `target`, one epoch after another. */
async function secondsUntil(target, file, id, objective, windows, evaluations) {
  const model = path.join(folder, `${id}-${objective}.safetensors`);
  const stepsPerEpoch = evaluations.stepsPerEpoch;
  let score = Infinity;
  for (let i = 1; i <= evaluations.most; i++) {
    const steps = Math.round((stepsPerEpoch * i) / evaluations.anEpoch);
    const start = i === 1 ? ['--recipe', id, '--objective', objective] : ['--resume', model];
    const events = await train([
      file,
      ...start,
      '--max-steps',
      String(steps),
      '--set',
      'samples.count=0',
      '--out',
      model,
    ]);
    const { seconds } = events.at(-1);
    score = ask('score', model, file, '--windows', windows).lossNats;
    console.log(`${objective.padEnd(11)} ${seconds.toFixed(1).padStart(8)} s  ${score.toFixed(4)}`);
    if (score <= target) return seconds;
  }
  return undefined;
}

async function compareTwin(id) {
  const recipe = recipes.find((candidate) => candidate.id === id);
  const file = path.join(data, recipe.text);
  const { steps, stride } = recipe.config.objective;
  const target = id === 'nietzsche' ? 1.4824 : undefined;
  if (target === undefined) throw new Error('Only nietzsche has a published loss to reach.');
  console.log(`\n${id}: training time until score --windows ${steps},${stride} is at most ${target}`);
  const seconds = {};
  for (const [objective, anEpoch, most] of [
    ['every-step', 4, 40],
    ['last-step', 2, 24],
  ]) {
    const probe = await train([
      file,
      '--recipe',
      id,
      '--objective',
      objective,
      '--max-steps',
      '1',
      '--out',
      path.join(folder, 'probe'),
    ]);
    const { stepsPerEpoch } = probe.find((event) => event.event === 'start');
    seconds[objective] = await secondsUntil(target, file, id, objective, `${steps},${stride}`, {
      stepsPerEpoch,
      anEpoch,
      most,
    });
  }
  const ratio = seconds['last-step'] / seconds['every-step'];
  console.log(`every-step is ${ratio.toFixed(1)} times sooner (goal: 20)`);
}

/** Each configuration gets the same time on the first nine tenths of a text, and is scored on the last tenth. */
async function compareAutomatic(name, minutes) {
  const text = [...fs.readFileSync(path.join(data, name), 'utf8')];
  const cut = Math.floor(text.length * 0.9);
  const trainFile = path.join(folder, 'train.txt');
  const heldOutFile = path.join(folder, 'heldOut.txt');
  fs.writeFileSync(trainFile, text.slice(0, cut).join(''));
  fs.writeFileSync(heldOutFile, text.slice(cut).join(''));
  console.log(`\n${name}: held-out loss (nats) after ${minutes} min on the first nine tenths`);
  const character = recipes.filter((recipe) => recipe.config.text.examples === 'text');
  const runs = [
    ['automatic', []],
    ...character.flatMap(({ id }) => [
      [id, ['--recipe', id]],
      [`${id} every-step`, ['--recipe', id, '--objective', 'every-step']],
    ]),
  ];
  for (const [label, args] of runs) {
    const model = path.join(folder, 'compared.safetensors');
    // All in the same case; otherwise the losses would not be comparable.
    const settings = ['--set', 'text.lowercase=true', '--set', 'samples.count=0', '--minutes', String(minutes)];
    await train([trainFile, ...args, ...settings, '--out', model]);
    const { lossNats } = ask('score', model, heldOutFile, '--windows', '100,20');
    console.log(`${label.padEnd(24)} ${lossNats.toFixed(4)}`);
  }
}

const recipes = ask('recipes');
try {
  if (values.automatic) await compareAutomatic(values.automatic, Number(values.minutes ?? 1));
  else if (values.twin) await compareTwin(values.twin);
  else if (values.keras) await besideKeras(values.keras);
  else if (values.spread) for (const id of positionals) await runSpread(id, Number(values.spread));
  else {
    // npm run bench:classifier runs the variants of the spam detector.
    for (const recipe of recipes.filter(({ variants }) => !variants)) {
      if (positionals.length === 0 || positionals.includes(recipe.id)) await runRecipe(recipe);
    }
    if (positionals.length === 0) await compareTwin('nietzsche');
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
