/**
 * Looks for passages of evaluation texts in the texts that a base model was trained on: prints how many of each text's
 * runs of 30 characters, letters and digits only, also occur in the training text, and the first few of them.
 *
 *   node scripts/base/overlap.mjs LANGUAGE FOLDER TEXT…
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { need } from './works.mjs';

const [language, folder, ...files] = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write('usage: node scripts/base/overlap.mjs LANGUAGE FOLDER TEXT…\n');
  process.exit(2);
}
const length = 30;

/** Typography and line breaks must not hide a copy. */
const bare = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ');

/** A rolling hash of every run of `length` code units, passed to `use` with the run's position. */
function eachRun(text, use) {
  const base = 16777619;
  let power = 1;
  for (let i = 1; i < length; i++) power = Math.imul(power, base);
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    if (i >= length) hash = (hash - Math.imul(text.charCodeAt(i - length), power)) | 0;
    hash = (Math.imul(hash, base) + text.charCodeAt(i)) | 0;
    if (i >= length - 1) use(hash, i - length + 1);
  }
}

need(path.join(folder, `${language}.json`), 'Make it with scripts/base/prepare.mjs.');
for (const file of files) need(file, 'Name texts that exist.');
const prepared = JSON.parse(fs.readFileSync(path.join(folder, `${language}.json`), 'utf8'));
const whole = fs.readFileSync(path.join(folder, `${language}.train.txt`), 'utf8');
const trained = bare(whole.slice(0, prepared.trainedCharacters));
for (const file of files) {
  const text = bare(fs.readFileSync(file, 'utf8'));
  const wanted = new Map();
  eachRun(text, (hash, at) => wanted.set(hash, at));
  const found = new Map();
  eachRun(trained, (hash, at) => {
    const place = wanted.get(hash);
    if (place === undefined || found.has(place)) return;
    const run = text.slice(place, place + length);
    if (trained.startsWith(run, at)) found.set(place, run);
  });
  // Neighbouring runs belong to one passage.
  const passages = [...found.keys()].sort((a, b) => a - b).filter((at) => !found.has(at - 1));
  process.stdout.write(
    `${path.basename(file)}: ${found.size} of ${wanted.size} runs, in ${passages.length} passages\n` +
      passages
        .slice(0, 5)
        .map((at) => `  "${text.slice(at, at + 60)}"\n`)
        .join(''),
  );
}
