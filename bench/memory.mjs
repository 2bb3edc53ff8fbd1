// `npm run bench:memory`: what the memory beside the network costs, for the whole of Moby Dick, its beginnings, and as
// many characters of altered repetitions of it as are remembered of a text of any length. Prints; asserts nothing.
//   node bench/memory.mjs
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { readDataset } from '../scripts/datasets.mjs';
import { node24 } from './peers/environment.mjs';
import { buildRuns, root } from './runs.mjs';

const out = path.join(root, 'out', 'bench');
const program = await buildRuns('memory');
const whole = readDataset('moby-dick')
  .map(({ title, text }) => `${title}\n\n${text}`)
  .join('\n\n');
const file = path.join(out, 'memory.txt');
console.log(
  '| characters | symbols | learned in, s | held, MB | stored, bytes a character | a distribution, µs | whole process, MB |',
);
console.log('|--:|--:|--:|--:|--:|--:|--:|');
for (const [length, repetitions] of [
  [5_000, 1],
  [20_000, 1],
  [200_000, 1],
  [1_000_000, 1],
  [1_000_000, 8],
]) {
  fs.writeFileSync(file, whole.slice(40_000, 40_000 + length));
  const run = JSON.parse(execFileSync(node24(), [program, file, String(repetitions)]));
  const figures = [run.learnSeconds, run.heldMegabytes, run.storedBytesPerCharacter, run.distributionMicroseconds];
  console.log(
    `| ${run.characters} | ${run.symbols} | ${figures.map((figure) => figure.toFixed(2)).join(' | ')} | ${run.peakMegabytes.toFixed(0)} |`,
  );
}
fs.rmSync(file);
