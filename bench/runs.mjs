// What the benchmarks share: each builds its own program (bench/<name>Runs.ts) that is run in fresh processes.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Bundles bench/<name>Runs.ts; returns the file to run. */
export async function buildRuns(name) {
  const outfile = path.join(root, 'out', 'bench', `${name}Runs.js`);
  const entryPoints = [path.join(root, 'bench', `${name}Runs.ts`)];
  await build({ entryPoints, bundle: true, platform: 'node', outfile, logLevel: 'warning' });
  return outfile;
}

/** The upper of the two middle numbers of an even count. */
export const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
