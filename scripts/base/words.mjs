/**
 * Makes the word list of a language from the text that prepare.mjs made: the most frequent words with how often they
 * are used. It is used for the rule "only real words" and for finding what a writer repeats.
 *
 *   node scripts/base/words.mjs LANGUAGE FOLDER OUT
 *
 * OUT is compressed with brotli. Its lines are in alphabetical order; each says how many leading characters the word shares
 * with the one before (a letter, a = 0), how frequent it is (a letter, see `frequencyClass`), and the rest of the word.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as zlib from 'node:zlib';
import { need } from './works.mjs';

const [language, folder, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write('usage: node scripts/base/words.mjs LANGUAGE FOLDER OUT\n');
  process.exit(2);
}

const listed = 50_000;
/** A word that occurs less often may just as well be an error of the edition. */
const fewestOccurrences = 3;

const at = (ending) => path.join(folder, `${language}.${ending}`);
need(at('json'), 'Make it with scripts/base/prepare.mjs.');
const { trainedCharacters } = JSON.parse(fs.readFileSync(at('json'), 'utf8'));
// The rest is the beginning of a held-out novel.
const text = fs.readFileSync(at('train.txt'), 'utf8').slice(0, trainedCharacters);
const counts = new Map();
let total = 0;
for (const [word] of text.matchAll(/\p{L}[\p{L}\p{M}]*(?:['’]\p{L}+)*/gu)) {
  const key = word.replaceAll('’', "'");
  counts.set(key, (counts.get(key) ?? 0) + 1);
  total++;
}

// A capital at the beginning of a sentence says nothing: a word counts in lower case where that is its usual form.
const merged = new Map();
for (const [word, count] of counts) {
  const lower = word.toLowerCase();
  const isUsuallyLower = word !== lower && (counts.get(lower) ?? 0) >= count;
  const key = isUsuallyLower ? lower : word;
  merged.set(key, (merged.get(key) ?? 0) + count);
}

/** 'a' for one word in two or more, 'b' for one in four, and so on: -log2 of the share, rounded down. */
function frequencyClass(count) {
  return String.fromCharCode(97 + Math.min(25, Math.floor(Math.log2(total / count))));
}

const words = [...merged]
  .filter(([, count]) => count >= fewestOccurrences)
  .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  .slice(0, listed)
  .sort((a, b) => (a[0] < b[0] ? -1 : 1));
let before = '';
const lines = words.map(([word, count]) => {
  let shared = 0;
  while (shared < 25 && shared < before.length && before[shared] === word[shared]) shared++;
  before = word;
  return String.fromCharCode(97 + shared) + frequencyClass(count) + word.slice(shared);
});
const compressed = zlib.brotliCompressSync(lines.join('\n'), {
  params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_LGWIN]: 22 },
});
fs.mkdirSync(path.dirname(out), { recursive: true });
fs.writeFileSync(out, compressed);
process.stdout.write(`${words.length} of ${merged.size} words, ${compressed.length} bytes\n`);
