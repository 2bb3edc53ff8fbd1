// Loads a module of src/ into a script: bundled by esbuild into out/scripts, then required.
import { build } from 'esbuild';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** @param {Record<string, string>} entries name → path below the root; gives the modules under the same names. */
export async function load(entries) {
  const outdir = path.join(root, 'out/scripts');
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'warning',
  });
  const require = createRequire(import.meta.url);
  return Object.fromEntries(Object.keys(entries).map((name) => [name, require(path.join(outdir, `${name}.js`))]));
}
