// Figures of the editor side, printed and not asserted:  npm run bench:editor [-- --minutes 10]
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' } } });
const limitMs = (Number(values.minutes) + 5) * 60_000;

execFileSync(process.execPath, ['esbuild.js', '--tests'], { cwd: root, stdio: 'inherit' });
const run = spawnSync(process.execPath, ['test/support/vscode/runIntegration.mjs', 'bench'], {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, INKLING_BENCH_MINUTES: values.minutes, INKLING_HOST_LIMIT_MS: String(limitMs) },
});
const figures = [...run.stdout.matchAll(/figure: (.*?) = (.*)/g)];
for (const [, name, value] of figures) console.log(`${name}: ${value}`);
if (run.status !== 0) console.error(run.stdout + run.stderr);
execFileSync(process.execPath, ['scripts/package.mjs'], { cwd: root, stdio: 'ignore' });
console.log(`VSIX: ${(fs.statSync(path.join(root, 'inkling.vsix')).size / 1e6).toFixed(2)} MB`);
process.exit(run.status ?? 1);
