// Builds and packs the extension into inkling.vsix, and refuses to when it is larger than it may be.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = path.join(root, 'inkling.vsix');
const maximumBytes = 10_000_000;

// Nothing that an earlier build left behind is packed; the kernels are built anew only when their source changed.
for (const name of fs.existsSync(path.join(root, 'dist')) ? fs.readdirSync(path.join(root, 'dist')) : []) {
  if (name !== 'kernels') fs.rmSync(path.join(root, 'dist', name), { recursive: true });
}
execFileSync(process.execPath, ['esbuild.js'], { cwd: root, stdio: 'inherit' });
// The extension page shows only pictures with an https address, which those of the checkout do not have.
const packedReadme = 'dist/README.md';
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8').replace(/^!\[[^\]]*\]\(media\/[^)]*\)\n\n?/gm, '');
fs.writeFileSync(path.join(root, packedReadme), readme);
const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
const args = [
  'package',
  '--no-dependencies',
  '--allow-missing-repository',
  '--no-rewrite-relative-links',
  '--readme-path',
  packedReadme,
  '-o',
  file,
];
try {
  // Its own build step (vscode:prepublish) is not used: the build above is the same one that the tests run on.
  execFileSync(process.execPath, [vsce, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
} catch (error) {
  console.error(`${error.stdout ?? ''}${error.stderr ?? error.message}`);
  process.exit(1);
}
const { size } = fs.statSync(file);
console.log(`inkling.vsix: ${(size / 1e6).toFixed(2)} MB`);
if (size > maximumBytes) {
  console.error(
    `That is more than ${maximumBytes / 1e6} MB: see which file grew with "npx vsce ls --no-dependencies".`,
  );
  process.exit(1);
}
