// Builds and packs the extension into inkling.vsix; fails if it is larger than allowed.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSampleText } from './sampleText.mjs';
import { repositoryFields, tooLarge, vsixEntries, zip } from './vsix.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (name) => fs.readFileSync(path.join(root, name));
const readJson = (name) => JSON.parse(read(name).toString());
const maximumBytes = 10_000_000;

/** What is packed as it is. VS Code has English in the code, and asks for the other languages only. */
const wanted = [
  /^package\.nls(\.\w+)?\.json$/,
  /^CHANGELOG\.md$/,
  /^docs\/course\.md$/,
  /^l10n\/bundle\.l10n\.\w+\.json$/,
  /^dist\/((extension|engine|webview|\w+Thread)\.js|\w+\.css|kernels\/\w+\.wasm|samples\/.*)$/,
  /^media\/(icon\.(png|svg)|walkthrough\/.*\.svg|(samples|classifier|base)\/.*)$/,
];

/** Files below a folder, as paths with forward slashes from the root. */
const below = (folder) =>
  fs
    .readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'));

/** The address of the repository that this is a clone of; empty if there is none. */
function remote() {
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['remote', 'get-url', 'origin'], options);
  } catch {
    return '';
  }
}

// Nothing left behind by an earlier build is packed, except the kernels, which are compiled only if their source has
// changed.
for (const name of fs.existsSync(path.join(root, 'dist')) ? fs.readdirSync(path.join(root, 'dist')) : []) {
  if (name !== 'kernels') fs.rmSync(path.join(root, 'dist', name), { recursive: true });
}
execFileSync(process.execPath, ['esbuild.js'], { cwd: root, stdio: 'inherit' });
makeSampleText();

const manifest = { ...readJson('package.json'), ...repositoryFields(remote()) };
// Of no use in the installed package.
for (const key of ['bin', 'scripts', 'devDependencies']) delete manifest[key];
// The extension page shows only pictures with an https address, which those of the checkout do not have.
const readme = read('README.md')
  .toString()
  .replace(/^!\[[^\]]*\]\(media\/[^)]*\)\n\n?/gm, '');
const files = [
  { name: 'README.md', data: Buffer.from(readme) },
  { name: 'LICENSE.txt', data: read('LICENSE') },
  { name: 'ThirdPartyNotices.txt', data: read('dist/ThirdPartyNotices.txt') },
  ...[...fs.readdirSync(root), ...['l10n', 'dist', 'docs', 'media'].flatMap(below)]
    .filter((name) => wanted.some((pattern) => pattern.test(name)))
    .sort()
    .map((name) => ({ name, data: read(name) })),
];
const { file, packed } = zip(vsixEntries(manifest, readJson('package.nls.json'), files));
const problem = tooLarge(packed, maximumBytes);
if (problem) {
  console.error(problem);
  process.exit(1);
}
fs.writeFileSync(path.join(root, 'inkling.vsix'), file);
console.log(`inkling.vsix: ${(file.length / 1e6).toFixed(2)} MB`);
