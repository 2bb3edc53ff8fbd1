/** Entry that VS Code calls inside its extension host: runs one suite with mocha and writes its result. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import Mocha from 'mocha';

export async function run(): Promise<void> {
  const folder = path.join(__dirname, process.env.INKLING_SUITE ?? 'suite');
  const mocha = new Mocha({ ui: 'bdd', timeout: 180_000, color: false, grep: process.env.INKLING_GREP });
  for (const name of fs.readdirSync(folder).sort()) {
    if (name.endsWith('.test.js')) mocha.addFile(path.join(folder, name));
  }
  const failures: string[] = [];
  const results: { title: string; state: string; detail?: string; ms?: number }[] = [];
  await new Promise<void>((resolve, reject) => {
    const runner = mocha.run((failed) => {
      const file = process.env.INKLING_RESULT;
      if (file) fs.writeFileSync(file, JSON.stringify({ stats: runner.stats, failures, results }, null, 1));
      if (failed > 0) reject(new Error(`${failed} of the tests failed`));
      else resolve();
    });
    runner.on('pass', (test) => results.push({ title: test.fullTitle(), state: 'passed', ms: test.duration }));
    runner.on('fail', (test, error) => {
      const { stack, message } = error as Error;
      results.push({ title: test.fullTitle(), state: 'failed', detail: stack });
      failures.push(`${test.fullTitle()}: ${message}`);
    });
    runner.on('pending', (test) => results.push({ title: test.fullTitle(), state: 'skipped' }));
  });
}
