// `npm run bench:busy`: how much of its speed training keeps while another program uses one core. Every fixed number of
// threads takes turns with the number that training chooses; the last column compares that with the best fixed.
//   node bench/busy.mjs [--rounds N] [--seconds S] [--units 128,256]
// Prints; asserts nothing.
import { execFileSync, spawn } from 'node:child_process';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { node24 } from './peers/environment.mjs';
import { buildRuns, median, root } from './runs.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    units: { type: 'string', default: '128,256' },
  },
});
const node = node24();
const cores = os.availableParallelism();
const program = await buildRuns('busy');
const run = (threads, mode, units) =>
  Number(execFileSync(node, [program, String(threads), mode, units, values.seconds], { encoding: 'utf8', cwd: root }));

const fixed = Array.from({ length: Math.min(cores, 8) }, (_, i) => i + 1);
console.log(`${os.cpus()[0].model}, ${cores} cores, ${values.rounds} rounds of ${values.seconds} s; steps a second`);
console.log(
  `| units | other programs | ${fixed.map((n) => `${n} fixed`).join(' | ')} | chosen | chosen / best fixed |`,
);
console.log(`|--:|---|${'--:|'.repeat(fixed.length + 2)}`);
for (const units of values.units.split(',')) {
  for (const isBusy of [false, true]) {
    const other = isBusy ? spawn(node, ['-e', 'for (;;);'], { stdio: 'ignore' }) : undefined;
    const speeds = [...fixed, 'chosen'].map(() => []);
    for (let round = 0; round < Number(values.rounds); round++) {
      fixed.forEach((threads, i) => speeds[i].push(run(threads, 'fixed', units)));
      speeds.at(-1).push(run(Math.min(cores, 8), 'adaptive', units));
    }
    other?.kill();
    const medians = speeds.map(median);
    const best = Math.max(...medians.slice(0, -1));
    const figures = medians.map((speed) => speed.toFixed(1)).join(' | ');
    console.log(`| ${units} | ${isBusy ? 'one core' : 'none'} | ${figures} | ${(medians.at(-1) / best).toFixed(2)} |`);
  }
}
