// Writes src/engine/classification/confusables.ts, the letters that look like Latin ones, from Unicode's table of
// confusable characters (UTS #39). The table is taken from the Python package confusable-homoglyphs, fetched once into
// .cache/.
//
//   node scripts/confusables.mjs
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const version = '3.3.1';
const sha256 = '84c92cb79dc7f55aa290d0762b2349abd8dee4c16fbe6f99eac978d394e2e6a1';
const cache = path.join(root, '.cache/confusables');
const wheel = path.join(cache, `confusable_homoglyphs-${version}-py2.py3-none-any.whl`);

fs.mkdirSync(cache, { recursive: true });
if (!fs.existsSync(wheel)) {
  const pinned = `confusable-homoglyphs==${version}`;
  execFileSync('python3', ['-m', 'pip', 'download', '-q', '--no-deps', pinned, '-d', cache]);
}
if (createHash('sha256').update(fs.readFileSync(wheel)).digest('hex') !== sha256) {
  throw new Error(`${wheel} is not the pinned package; delete it and try again.`);
}
execFileSync('python3', ['-m', 'zipfile', '-e', wheel, cache]);
const table = JSON.parse(fs.readFileSync(path.join(cache, 'confusable_homoglyphs/confusables.json'), 'utf8'));

const lookalikes = {};
for (const [latin, others] of Object.entries(table)) {
  if (!/^[a-z]$/i.test(latin)) continue;
  for (const { c } of others) {
    // NFKC has already removed compatibility forms; the dotless i is a letter of Turkish.
    if (!/^\p{L}$/u.test(c) || /^[\x20-\x7e]$/.test(c) || c.normalize('NFKC') !== c || c === 'ı') continue;
    // A capital letter that looks like a small l stands for an I.
    const letter = latin === 'l' && /\p{Lu}/u.test(c) ? 'I' : latin;
    lookalikes[letter] = `${lookalikes[letter] ?? ''}${c}`;
  }
}
const rows = Object.keys(lookalikes)
  .sort()
  .map((letter) => `  ${letter}: '${lookalikes[letter]}',`);
fs.writeFileSync(
  path.join(root, 'src/engine/classification/confusables.ts'),
  `/**
 * Letters that look like Latin ones, by the letter they look like. Written by scripts/confusables.mjs from Unicode's
 * confusables.txt (UTS #39; Unicode License v3).
 */
export const lookalikes: Readonly<Record<string, string>> = {
${rows.join('\n')}
};
`,
);
