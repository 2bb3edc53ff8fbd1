/**
 * What the scripts of this folder share: the list of the works that the base models are trained on (works.tsv), and how
 * they end when something is missing.
 */
import * as fs from 'node:fs';

const rows = fs
  .readFileSync(new URL('works.tsv', import.meta.url), 'utf8')
  .split('\n')
  .slice(1)
  .map((row) => row.split('\t'))
  .filter(([language]) => language);

const languages = [...new Set(rows.map(([language]) => language))];

/** The works of a language, in the order of its text; the last two are held out. Ends the script if there are none. */
export function worksOf(language) {
  const works = rows
    .filter((row) => row[0] === language)
    .map(([, file, author, title, year, characters, sha256]) => ({ file, author, title, year, characters, sha256 }));
  if (works.length === 0) end(`works.tsv lists no works for "${language}". Choose one of ${languages.join(', ')}.`);
  return works;
}

/** Ends the script with one sentence. */
export function end(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

/** Ends the script if a file is missing; `remedy` says how to get it. */
export function need(file, remedy) {
  if (!fs.existsSync(file)) end(`${file} is missing. ${remedy}`);
}
