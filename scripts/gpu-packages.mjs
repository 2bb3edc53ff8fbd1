// Puts the package `webgpu` where the tests and benchmarks look for it (.cache/gpu). It is not a dependency of the
// project.
//   node scripts/gpu-packages.mjs
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { retry } from './retry.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = path.join(root, '.cache', 'gpu');
const version = '0.6.2';

const manifest = path.join(folder, 'node_modules', 'webgpu', 'package.json');
const there = fs.existsSync(manifest) && JSON.parse(fs.readFileSync(manifest, 'utf8')).version === version;
if (!there) {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  // npm's timeout is reduced to a third: without a network, the tests continue without the package.
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1', `webgpu@${version}`];
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  retry(() => execFileSync(npm, args, { cwd: folder, stdio: 'inherit' }));
}
console.log(`webgpu ${version} in ${path.relative(root, folder)}`);
