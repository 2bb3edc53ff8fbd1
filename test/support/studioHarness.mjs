// Pictures of every screen of the Studio at 200, 240, 400 and 900 px in four themes, in English and German, without VS Code,
// and what is cut, empty or of low contrast in them:
//   node test/support/studioHarness.mjs [folder] [only]      e.g. … test-output/studio dark-400-de
// Needs a Chromium at /usr/bin/chromium or at INKLING_CHROMIUM.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
process.chdir(root);
const [out = 'test-output/studio', only = ''] = process.argv.slice(2);
const built = 'out/studioHarness';

await build({
  entryPoints: { webview: 'src/webview/main.ts' },
  bundle: true,
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  outdir: built,
});
await build({
  entryPoints: ['test/support/studioHarness/screenshots.ts'],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  external: ['playwright-core'],
  outdir: built,
});
const run = spawnSync(process.execPath, [`${built}/screenshots.js`, built, out, only], { stdio: 'inherit' });
process.exit(run.status ?? 1);
