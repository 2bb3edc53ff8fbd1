/**
 * Trains the base model of one language on the text that prepare.mjs made, or goes on where an earlier run was cut off.
 *
 *   node scripts/base/train.mjs LANGUAGE FOLDER [--threads N]
 *
 * FOLDER holds LANGUAGE.train.txt and LANGUAGE.json; the model, or its checkpoint until it is finished, is written there
 * as LANGUAGE.safetensors. Needs a build (`npm run build`). One core takes about 80 minutes for 38 million characters.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const [language, folder, ...further] = process.argv.slice(2);
if (!folder) {
  process.stderr.write('usage: node scripts/base/train.mjs LANGUAGE FOLDER [--threads N]\n');
  process.exit(2);
}
const at = (ending) => path.join(folder, `${language}.${ending}`);
const { heldOutFraction } = JSON.parse(fs.readFileSync(at('json'), 'utf8'));
const settings = {
  // As much as a file of 1.5 MB holds in eight bits a weight.
  'network.layers.0.units': 512,
  'network.layers.0.dropout': 0,
  batch: 16,
  'objective.steps': 64,
  'optimiser.learningRate': 0.004,
  'schedule.kind': 'cosine',
  'schedule.warmupSteps': 300,
  'schedule.finalFraction': 0.02,
  'schedule.epochs': 1,
  'evaluation.every': 2000,
  'evaluation.maximumTargets': 50_000,
  'text.heldOut.fraction': heldOutFraction,
  'samples.every': 4000,
};
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const isCutOff = fs.existsSync(`${at('safetensors')}.checkpoint`);
const start = isCutOff
  ? ['--resume', at('safetensors')]
  : Object.entries(settings).flatMap(([setting, value]) => ['--set', `${setting}=${value}`]);
const run = spawnSync(
  process.execPath,
  [
    cli,
    'train',
    at('train.txt'),
    '--out',
    at('safetensors'),
    '--title',
    language,
    '--epochs',
    '1',
    '--seed',
    '1',
    ...start,
    ...further,
  ],
  { stdio: 'inherit' },
);
process.exit(run.status ?? 1);
