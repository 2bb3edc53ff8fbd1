// The unit suite: mocha on out/test/unit, with a line for each failed test, and a file with the count
// and the slowest tests.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Mocha from 'mocha';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = path.join(root, 'out/test/unit');
// On a busy machine, a test may be held up for a minute. One that fails for that reason passes the second time, and is
// named.
const mocha = new Mocha({ ui: 'bdd', reporter: 'dot', timeout: 240_000, retries: 1, color: false });
const source = (file) => path.join(root, 'test/unit', file.replace(/\.js$/, '.ts'));
for (const name of fs.readdirSync(folder, { recursive: true }).sort()) {
  // A bundle whose source is gone is left over from an earlier build.
  if (name.endsWith('.test.js') && fs.existsSync(source(name))) mocha.addFile(path.join(folder, name));
}
process.chdir(root);
const failures = [];
const times = [];
const runner = mocha.run(() => {
  fs.mkdirSync(path.join(root, 'test-output'), { recursive: true });
  const slowest = times.sort((a, b) => b.ms - a.ms).slice(0, 10);
  fs.writeFileSync(
    path.join(root, 'test-output/unit.json'),
    JSON.stringify({ stats: runner.stats, failures, slowest }),
  );
  // Threads of a backend under test must not keep a finished run alive.
  process.exit(failures.length > 0 ? 1 : 0);
});
runner.on('retry', (test, error) => console.log(`\ntried again: ${test.fullTitle()}: ${error.message}`));
runner.on('fail', (test, error) => failures.push(`${test.fullTitle()}: ${error.message}`));
runner.on('test end', (test) => times.push({ title: test.fullTitle(), ms: test.duration ?? 0 }));
