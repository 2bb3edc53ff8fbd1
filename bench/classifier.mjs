// `npm run bench:classifier`: the classifier's figures on the SMS Spam Collection, beside its baselines and its peers.
//   node bench/classifier.mjs [--data FILE] [--comments FOLDER] [--authors FOLDER] [--seeds 5] [--threads 2]
//     [--only peers,attacks,scores,recipe,lengths,check,tables] [--out FILE]
// Prints; asserts nothing. --comments: the five files of the UCI YouTube Spam Collection, on which nothing is trained
// or tuned. --authors: a folder with a folder of texts for each author. INKLING_KERAS_PYTHON and INKLING_LINEAR_PYTHON
// name a Python with Keras, and one with scikit-learn (and fastText); else one is made under .cache/.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { node24, peerPython } from './peers/environment.mjs';
import { buildRuns, median, root } from './runs.mjs';

const out = path.join(root, 'out', 'bench');
const shared = process.env.INKLING_SHARED ?? path.join(root, '..', 'shared');
const { values } = parseArgs({
  options: {
    data: { type: 'string', default: path.join(shared, 'data', 'SMSSpamCollection') },
    seeds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    comments: { type: 'string' },
    authors: { type: 'string' },
    only: { type: 'string', default: 'peers,attacks,scores,recipe,lengths,check,tables' },
    out: { type: 'string', default: path.join(root, 'bench', 'CLASSIFIER.md') },
  },
});
const parts = values.only.split(',');
const threads = Number(values.threads);
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const variants = ['rnn', 'birnn', 'lstm', 'bilstm', 'gru', 'bigru'];

const program = await buildRuns('classifier');
const lines = (command, args) =>
  execFileSync(command, args, { encoding: 'utf8', cwd: root, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const engine = (what, job) =>
  lines(node24(), [program, what, JSON.stringify({ data: values.data, threads, seeds, ...job })]);

const report = [];
const say = (line = '') => {
  report.push(line);
  console.log(line);
};
const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
const deviation = (numbers) =>
  Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean(numbers)) ** 2, 0) / Math.max(1, numbers.length - 1));
const figure = (numbers) => `${mean(numbers).toFixed(4)} ± ${deviation(numbers).toFixed(4)}`;
const f1 = (r) => r.perClass.spam.f1;
const lost = (r) => r.confusion[0][1] / r.perClass.ham.support;
const percent = (x) => `${(100 * x).toFixed(2)} %`;

say('# The classifier on the SMS Spam Collection');
say();
say(
  `${new Date().toISOString().slice(0, 10)}, ${os.cpus()[0].model}, ${threads} threads, load ${os.loadavg()[0].toFixed(1)} at the start. Written by \`npm run bench:classifier\`.`,
);

if (parts.includes('peers')) {
  say();
  say('## Trained on labels of its own, macro F1 on the same splits');
  say();
  say(
    'TF-IDF + SVM: scikit-learn, words 1–2 and characters 2–5 within words, LinearSVC with balanced classes. fastText:',
  );
  say('word pairs, 25 epochs, characters 3–5. Nothing of any of them is tuned on these sets.');
  say();
  const file = path.join(out, 'peers.json');
  const rows = engine('peers', { file, comments: values.comments, authors: values.authors });
  const peers = lines(peerPython('linear'), [path.join(root, 'bench/peers/linearTexts.py'), file]);
  const score = (numbers) => (numbers.some((x) => x === null || x === undefined) ? '–' : mean(numbers).toFixed(3));
  say(
    '| set | Inkling | kept | network | linear | average | TF-IDF + SVM | fastText | Inkling − SVM | processor s |\n|---|--:|---|--:|--:|--:|--:|--:|--:|--:|',
  );
  for (const name of new Set(rows.map(({ row }) => row))) {
    const own = rows.filter(({ row }) => row === name);
    const theirs = peers.filter(({ row }) => row === name);
    const part = (key) => score(own.map(({ parts }) => parts[key]));
    const kept = [...new Set(own.map((row) => row.kept))].map((key) => {
      return `${key} ${own.filter((row) => row.kept === key).length}`;
    });
    const [ours, svm] = [mean(own.map(({ macroF1 }) => macroF1)), mean(theirs.map((row) => row.svm))];
    say(
      `| ${name} | **${ours.toFixed(3)}** | ${kept.join(', ')} | ${part('network')} | ${part('linear')} | ${part('average')} | ${svm.toFixed(3)} | ${score(theirs.map((row) => row.fastText))} | ${(ours - svm).toFixed(3)} | ${mean(own.map((row) => row.processorSeconds)).toFixed(1)} |`,
    );
  }
}

if (parts.includes('attacks')) {
  say();
  say('## Spam hidden from the detector in ways that leave it readable: recall of held-out SMS spam');
  say();
  const rows = engine('attacks', { seeds: seeds.slice(0, 3) });
  say('| hidden by | recall (goal 0.85) |\n|---|--:|');
  for (const attack of new Set(rows.map((row) => row.attack))) {
    const own = rows.filter((row) => row.attack === attack).map(({ recall }) => recall);
    say(`| ${attack} | **${mean(own).toFixed(3)}** |`);
  }
}

function scoresTable(rows) {
  say(
    '| variant | F1 (spam) | ham lost | F1, duplicates left in | ham lost, duplicates left in | seconds |\n|---|--:|--:|--:|--:|--:|',
  );
  for (const variant of variants) {
    const own = rows.filter((row) => row.variant === variant);
    if (own.length === 0) continue;
    const of = (pick) => own.map(pick);
    say(
      `| ${variant} | ${figure(of((r) => f1(r.report)))} | ${percent(mean(of((r) => lost(r.report))))} | ${figure(of((r) => f1(r.withDuplicates)))} | ${percent(mean(of((r) => lost(r.withDuplicates))))} | ${mean(of((r) => r.seconds)).toFixed(1)} |`,
    );
  }
}

if (parts.includes('scores')) {
  say();
  say(`## Default settings, random 80/20, mean of ${seeds.length} seeds`);
  say();
  say(
    '"Duplicates left in" is the whole held-out fifth, as published figures have it; else held-out messages that also',
  );
  say('occur in the training part are removed. Seconds are the whole job: validation, refit, baselines, report.');
  say();
  const rows = engine('variants', { variants });
  scoresTable(rows);
  const first = rows.filter((row) => row.variant === variants[0]);
  for (const [name, key] of Object.entries({
    'naive Bayes': 'naiveBayes',
    'logistic regression': 'logisticRegression',
    'always ham': 'majority',
  })) {
    say(
      `| ${name} | ${figure(first.map((r) => f1(r.baselines[key])))} | ${percent(mean(first.map((r) => lost(r.baselines[key]))))} | | | |`,
    );
  }
}

if (parts.includes('recipe')) {
  say();
  say("## The recipe's own configuration: frozen vectors, 50 tokens padded, batch 512, 20 epochs, Adam 0.001");
  say();
  const file = path.join(out, 'spam.json');
  engine('export', { seeds: [1], file });
  const own = engine('variants', { variants, seeds: [1], asRecipe: true });
  const keras = lines(peerPython('keras'), [
    path.join(root, 'bench/peers/kerasSpam.py'),
    file,
    String(threads),
    variants.join(),
  ]);
  say(
    `| variant | engine, s | Keras ${keras[0].version}, s | ratio | engine F1 | Keras F1 |\n|---|--:|--:|--:|--:|--:|`,
  );
  for (const variant of variants) {
    const [a, b] = [own, keras].map((rows) => rows.find((row) => row.variant === variant));
    say(
      `| ${variant} | ${a.trainSeconds.toFixed(1)} | ${b.seconds.toFixed(1)} | ${(b.seconds / a.trainSeconds).toFixed(1)} | ${f1(a.report).toFixed(4)} | ${b.f1.toFixed(4)} |`,
    );
  }
  const sum = (rows) => rows.reduce((total, row) => total + (row.trainSeconds ?? row.seconds), 0);
  const processor = own.reduce((total, row) => total + row.processorSeconds, 0);
  say(
    `| together | **${sum(own).toFixed(1)}** (goal 60) | ${sum(keras).toFixed(1)} | ${(sum(keras) / sum(own)).toFixed(1)} | | |`,
  );
  say();
  say('Both measure the held-out part after every epoch, as the recipe draws it.');
  say(`The engine's whole runs used ${processor.toFixed(0)} processor seconds over ${threads} threads.`);
}

if (parts.includes('lengths')) {
  say();
  say('## Ragged against padded, 10 epochs of the same settings, medians of 3 rounds in turn');
  say();
  const job = { variants: ['lstm', 'bigru'], seeds: [1], asRecipe: true, settings: { epochs: 10 } };
  const rows = [1, 2, 3].flatMap(() => engine('lengths', job));
  say('| variant | padded to 50, s | ragged, s | ratio (goal 2) |\n|---|--:|--:|--:|');
  for (const variant of job.variants) {
    const [padded, ragged] = ['padded', 'ragged'].map((mode) =>
      median(rows.filter((row) => row.variant === variant && row.mode === mode).map((row) => row.seconds)),
    );
    say(`| ${variant} | ${padded.toFixed(2)} | ${ragged.toFixed(2)} | **${(padded / ragged).toFixed(2)}** |`);
  }
}

if (parts.includes('check')) {
  say();
  say('## A check of a 200-word selection, warm, median of 20');
  say();
  say('| variant | verdict, ms (goal 20) | with every word explained, ms |\n|---|--:|--:|');
  for (const row of engine('check', { variants: ['gru', 'bigru', 'lstm'], seeds: [1] })) {
    say(`| ${row.variant} | **${row.verdictMs.toFixed(1)}** | ${row.explainedMs.toFixed(0)} |`);
  }
}

if (parts.includes('tables')) {
  say();
  say('## Size of the shipped table of word vectors (GRU, mean over the seeds; vectors alone, and with evidence)');
  say();
  say('| words | dimensions | MB | F1, vectors alone | F1, default |\n|--:|--:|--:|--:|--:|');
  for (const [words, dimensions] of [
    [5000, 25],
    [10000, 50],
    [20000, 50],
    [20000, 100],
    [40000, 50],
  ]) {
    const table = path.join(out, `words-${words}-${dimensions}.inktable`);
    execFileSync(process.execPath, [
      path.join(root, 'scripts/word-vectors.mjs'),
      ...['--words', String(words), '--dimensions', String(dimensions), '--out', table],
    ]);
    const run = (settings) =>
      engine('variants', { variants: ['gru'], table, settings: { validationFraction: 0, ...settings } }).map((row) =>
        f1(row.report),
      );
    const size = (fs.statSync(table).size / 1e6).toFixed(2);
    say(`| ${words} | ${dimensions} | ${size} | ${figure(run({ evidence: false }))} | ${figure(run({}))} |`);
  }
}

if (values.out) fs.writeFileSync(values.out, `${report.join('\n')}\n`);
