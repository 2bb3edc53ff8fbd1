/**
 * Trains the base model of one language on the text that prepare.mjs made.
 *
 *   node scripts/base/train.mjs LANGUAGE FOLDER [--threads N]
 *   node scripts/base/train.mjs LANGUAGE FOLDER --job MINUTES [--weights FILE]
 *
 * FOLDER holds LANGUAGE.train.txt and LANGUAGE.json. Needs a build (`npm run build`).
 *
 * Without --job, the engine trains one epoch at low priority; one core takes about 80 minutes for 38 million characters.
 * Ctrl-C stops it; the same command then continues where it stopped, also after a crash. The model, and its checkpoint
 * until it is finished, are written to FOLDER as LANGUAGE.safetensors and LANGUAGE.safetensors.checkpoint; delete both
 * to begin again.
 *
 * With --job, FOLDER/LANGUAGE.job becomes a job for PyTorch (`inkling job`) that reads the text as often as possible in
 * these minutes, which requires a graphics card. --weights continues from the model of an earlier job, at half its
 * learning rate. Copy the model that the job writes to FOLDER/LANGUAGE.safetensors, and that of an earlier job to
 * FOLDER/LANGUAGE.first.safetensors, where build.mjs looks for them.
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { end, need, worksOf } from './works.mjs';

const usage = `usage: node scripts/base/train.mjs LANGUAGE FOLDER [--threads N]
       node scripts/base/train.mjs LANGUAGE FOLDER --job MINUTES [--weights FILE]`;
const options = { threads: { type: 'string' }, job: { type: 'string' }, weights: { type: 'string' } };
const { values, positionals } = parse();
const [language, folder] = positionals;
const isJob = values.job !== undefined;
if (!folder || (!isJob && values.weights !== undefined)) end(usage);
if (isJob && !(values.job > 0)) end(`--job takes a number of minutes, not "${values.job}".`);
worksOf(language);
const at = (ending) => path.join(folder, `${language}.${ending}`);
need(at('json'), 'Make it with scripts/base/prepare.mjs.');
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
need(cli, 'Build it with "npm run build".');

const { heldOutFraction } = JSON.parse(fs.readFileSync(at('json'), 'utf8'));
const settings = {
  // As much as fits into a file of 1.5 MB with eight bits per weight.
  'network.layers.0.units': 512,
  'network.layers.0.dropout': 0,
  batch: isJob ? 128 : 16,
  'objective.steps': isJob ? 128 : 64,
  'optimiser.learningRate': values.weights === undefined ? 0.004 : 0.002,
  'schedule.kind': 'cosine',
  'schedule.warmupSteps': 300,
  'schedule.finalFraction': 0.02,
  ...(!isJob && { 'schedule.epochs': 1 }),
  'evaluation.every': 2000,
  'evaluation.maximumTargets': isJob ? 200_000 : 50_000,
  'text.heldOut.fraction': heldOutFraction,
  'samples.every': isJob ? 8000 : 4000,
};
const set = Object.entries(settings).flatMap(([setting, value]) => ['--set', `${setting}=${value}`]);
const optional = (name) => (values[name] === undefined ? [] : [`--${name}`, values[name]]);
const isBegun = ['safetensors', 'safetensors.checkpoint'].some((ending) => fs.existsSync(at(ending)));
// build.mjs gives the base an empty memory.
const start = ['--memory', 'off', '--title', language, '--seed', '1', ...set];
const args = isJob
  ? [
      'job',
      at('train.txt'),
      '--out',
      at('job'),
      '--max-seconds',
      `${60 * values.job}`,
      ...optional('weights'),
      ...start,
    ]
  : [
      ...['train', at('train.txt'), '--out', at('safetensors'), '--epochs', '1', ...optional('threads')],
      ...(isBegun ? ['--resume', at('safetensors')] : ['--base', 'none', ...start]),
    ];
os.setPriority(10);
// Ctrl-C also reaches the engine, which then writes what it has learned.
process.on('SIGINT', () => {});
const run = spawn(process.execPath, [cli, ...args], { stdio: 'inherit' });
process.on('SIGTERM', () => run.kill('SIGTERM'));
run.on('exit', (code) => process.exit(code ?? 1));

function parse() {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch {
    return end(usage);
  }
}
