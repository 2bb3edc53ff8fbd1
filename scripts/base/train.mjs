/**
 * Trains the base model of one language on the text that prepare.mjs made.
 *
 *   node scripts/base/train.mjs LANGUAGE FOLDER [--threads N]
 *   node scripts/base/train.mjs LANGUAGE FOLDER --job MINUTES [--weights FILE]
 *
 * FOLDER holds LANGUAGE.train.txt and LANGUAGE.json. Needs a build (`npm run build`).
 *
 * Without --job, the engine trains one epoch, or continues an interrupted run; one core takes about 80 minutes for 38
 * million characters. The model, or its checkpoint until it is finished, is written to FOLDER as LANGUAGE.safetensors.
 *
 * With --job, FOLDER/LANGUAGE.job becomes a job for PyTorch (`inkling job`) that reads the text as often as possible in
 * these minutes, which requires a graphics card. --weights continues from the model of an earlier job, at half its
 * learning rate. Copy the model that the job writes to FOLDER/LANGUAGE.safetensors, and that of an earlier job to
 * FOLDER/LANGUAGE.first.safetensors, where build.mjs looks for them.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string' }, job: { type: 'string' }, weights: { type: 'string' } },
});
const [language, folder] = positionals;
if (!folder) {
  process.stderr.write('usage: node scripts/base/train.mjs LANGUAGE FOLDER [--threads N | --job MINUTES]\n');
  process.exit(2);
}
const at = (ending) => path.join(folder, `${language}.${ending}`);
const { heldOutFraction } = JSON.parse(fs.readFileSync(at('json'), 'utf8'));
const isJob = values.job !== undefined;
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
const common = ['--title', language, '--seed', '1'];
const set = Object.entries(settings).flatMap(([setting, value]) => ['--set', `${setting}=${value}`]);
const threads = values.threads === undefined ? [] : ['--threads', values.threads];
const isCutOff = fs.existsSync(`${at('safetensors')}.checkpoint`);
const weights = values.weights === undefined ? [] : ['--weights', values.weights];
const args = isJob
  ? [
      'job',
      at('train.txt'),
      '--out',
      at('job'),
      '--max-seconds',
      `${60 * values.job}`,
      '--memory',
      'off',
      ...weights,
      ...set,
    ]
  : ['train', at('train.txt'), '--out', at('safetensors'), '--epochs', '1', ...threads].concat(
      isCutOff ? ['--resume', at('safetensors')] : ['--base', 'none', ...set],
    );
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const run = spawnSync(process.execPath, [cli, ...args, ...common], { stdio: 'inherit' });
process.exit(run.status ?? 1);
