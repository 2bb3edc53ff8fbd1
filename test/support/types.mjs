// Type-checks every room with its own tsconfig: the settings differ on purpose (the page has a DOM, the engine does
// not).
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

let failed = false;
for (const project of ['src/common', 'src/engine', 'src/extension', 'src/webview', 'test']) {
  const files = fs.readdirSync(project, { recursive: true }).filter((f) => /\.tsx?$/.test(String(f)));
  if (files.length === 0) continue;
  const run = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', project], {
    stdio: 'inherit',
  });
  if (run.status !== 0) failed = true;
}
process.exit(failed ? 1 : 0);
