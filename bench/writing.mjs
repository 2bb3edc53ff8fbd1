// `npm run bench:writing`: what a model's writing is worth. Trains on the first nine tenths of each text and types the
// last tenth with its offers; then lets it write 6,000 characters with and without its memory, and measures the shares
// of copied runs and of real words.
//   node bench/writing.mjs [--texts tinyshakespeare.txt:3,moby-dick:1] [--characters 10000] [--eagerness balanced] [--base none|auto|en]
//     [--models FOLDER]
// The number after a text is the minutes of training. Models that are in FOLDER are not trained again, and new ones are
// kept there. Texts are in the folder `data` of INKLING_SHARED, else of `shared` beside the checkout; moby-dick comes from
// npm. Prints; asserts nothing.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readDataset } from '../scripts/datasets.mjs';
import { node24 } from './peers/environment.mjs';
import { buildRuns, root } from './runs.mjs';

const data = path.join(process.env.INKLING_SHARED ?? path.join(root, '..', 'shared'), 'data');
const { values } = parseArgs({
  options: {
    texts: { type: 'string', default: 'tinyshakespeare.txt:3,nietzsche.txt:1,wonderland.txt:1,moby-dick:1' },
    characters: { type: 'string', default: '10000' },
    eagerness: { type: 'string', default: 'balanced' },
    base: { type: 'string', default: 'none' },
    models: { type: 'string' },
  },
});
const folder = values.models ?? fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-writing-'));
fs.mkdirSync(folder, { recursive: true });
const node = node24();
const program = await buildRuns('writing');
const runs = (what, ...args) =>
  JSON.parse(execFileSync(node, [program, what, ...args], { encoding: 'utf8', cwd: root }));

function readText(name) {
  if (name !== 'moby-dick') return fs.readFileSync(path.join(data, name), 'utf8');
  const chapters = readDataset('moby-dick');
  return chapters.map(({ title, text }) => `${title}\n\n${text}`).join('\n\n');
}

const percent = (value) => (value === null ? 'none' : (100 * value).toFixed(1));
const spread = (value, plusMinus, factor = 1) =>
  value === null ? 'none' : `${(factor * value).toFixed(1)} ± ${((plusMinus ?? NaN) * factor).toFixed(1)}`;

for (const [name, minutes] of values.texts.split(',').map((text) => text.split(':'))) {
  const whole = readText(name).replace(/\r\n?/g, '\n');
  const cut = Math.floor(whole.length * 0.9);
  const title = path.parse(name).name;
  const train = path.join(folder, `${title}.train.txt`);
  const test = path.join(folder, `${title}.test.txt`);
  fs.writeFileSync(train, whole.slice(0, cut));
  fs.writeFileSync(test, whole.slice(cut));
  const model = path.join(folder, `${title}.safetensors`);
  if (!fs.existsSync(model)) {
    const cli = path.join(root, 'dist', 'cli.js');
    execFileSync(node, [
      cli,
      'train',
      train,
      '--minutes',
      minutes,
      '--base',
      values.base,
      '--seed',
      '1',
      '--out',
      model,
      '--json',
    ]);
  }
  console.log(`\n## ${title}, ${minutes} minutes of training, base ${values.base}, ${values.eagerness}\n`);
  console.log(
    '| what offers | keys saved, % | right, % | wrong per 100 | offers per 100 | first 1, 2, 3, 4 words right, % | p50, p95 ms |',
  );
  console.log('|---|--:|--:|--:|--:|--:|--:|');
  for (const mode of ['frequent words', 'network', 'memory', 'both', 'online']) {
    const r = runs('type', mode, model, train, test, values.characters, values.eagerness);
    console.log(
      `| ${mode} | ${spread(r.saved, r.plusMinus.saved, 100)} | ${spread(r.precision, r.plusMinus.precision, 100)} | ` +
        `${spread(r.wrongPer100, r.plusMinus.wrongPer100)} | ${spread(r.offersPer100, r.plusMinus.offersPer100)} | ` +
        `${r.exactMatch.map(percent).join(', ')} | ${r.p50Ms.toFixed(1)}, ${r.p95Ms.toFixed(1)} |`,
    );
  }
  console.log('\n| memory | temperature | in copied runs of 30 and more, % | real words, % |');
  console.log('|---|--:|--:|--:|');
  for (const { memory, temperature, copied, realWords } of runs('write', model, train, test)) {
    console.log(`| ${memory} | ${temperature} | ${percent(copied)} | ${percent(realWords)} |`);
  }
}
if (!values.models) fs.rmSync(folder, { recursive: true, force: true });
