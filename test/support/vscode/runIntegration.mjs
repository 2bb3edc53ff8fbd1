// The suites inside VS Code:  node test/support/vscode/runIntegration.mjs [latest] [min] [restricted]
// Uses the stand-in for `code`; with INKLING_DOWNLOAD=1 the usual way instead: a desktop VS Code from the internet.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTests } from '@vscode/test-electron';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const output = path.join(root, 'test-output');
fs.mkdirSync(output, { recursive: true });

/** Each run: the channel, the suite's folder below out/test/integration, and further flags. */
const runs = {
  latest: { channel: 'latest', suite: 'suite', flags: [] },
  min: { channel: 'min', suite: 'suite', flags: [] },
  restricted: { channel: 'latest', suite: 'restricted', flags: ['--inkling-trust'] },
};
const benchmark = { bench: { channel: 'latest', suite: 'bench', flags: [] } }; // only when asked for
const wanted = process.argv.slice(2);
const sum = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const name of wanted.length > 0 ? wanted : Object.keys(runs)) {
  const { channel, suite, flags } = { ...runs, ...benchmark }[name];
  const result = path.join(output, `integration-${name}.json`);
  fs.rmSync(result, { force: true });
  const workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-workspace-'));
  fs.cpSync(path.join(root, 'test/integration/workspace'), workspace, { recursive: true });
  const options = {
    extensionDevelopmentPath: root,
    extensionTestsPath: path.join(root, 'out/test/integration/index'),
    launchArgs: [workspace, ...flags],
    extensionTestsEnv: {
      INKLING_RESULT: result,
      INKLING_OUTPUT: output,
      INKLING_SUITE: suite,
      INKLING_VSCODE: channel,
      INKLING_WORKSPACE: workspace,
    },
  };
  let failure;
  try {
    const standIn = { vscodeExecutablePath: fileURLToPath(new URL('code.mjs', import.meta.url)) };
    await runTests(process.env.INKLING_DOWNLOAD ? options : { ...options, ...standIn });
  } catch (error) {
    failure = error;
  }
  fs.rmSync(workspace, { recursive: true, force: true });
  // The exit code alone is not believed: a host that dies early reports success.
  const found = fs.existsSync(result) ? JSON.parse(fs.readFileSync(result, 'utf8')) : undefined;
  const stats = found?.stats;
  failures.push(...(found?.failures ?? []).map((test) => `${name}: ${test}`));
  const count = { passed: stats?.passes ?? 0, failed: stats?.failures ?? 0, skipped: stats?.pending ?? 0 };
  if ((failure || !stats) && count.failed === 0) {
    count.failed = 1;
    console.error(`integration (${name}): ${failure?.message ?? 'no result was written'}`);
  }
  console.log(`integration (${name}): ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  for (const key of Object.keys(sum)) sum[key] += count[key];
}
fs.writeFileSync(path.join(output, 'integration.json'), JSON.stringify({ ...sum, failures }));
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0);
