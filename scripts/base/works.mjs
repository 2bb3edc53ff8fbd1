/** The list of the works that the base models are trained on (works.tsv). */
import * as fs from 'node:fs';

/** The works of a language, in the order of its text; the last two are held out. */
export function worksOf(language) {
  return fs
    .readFileSync(new URL('works.tsv', import.meta.url), 'utf8')
    .split('\n')
    .map((row) => row.split('\t'))
    .filter((row) => row[0] === language)
    .map(([, file, author, title, year, characters, sha256]) => ({ file, author, title, year, characters, sha256 }));
}
