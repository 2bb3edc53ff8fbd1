/**
 * `npm run torture [-- --seed N] [--only NAME] [--round N] [--share S]`: every scenario in full, or a share of its
 * rounds, or one of them. Prints a table and ends with 1 if anything was lost.
 */
import { parseArgs } from 'node:util';
import { runScenario } from './scenario';
import { scenarios } from './scenarios';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      round: { type: 'string' },
      share: { type: 'string', default: '1' },
    },
  });
  const chosen = scenarios.filter(({ name }) => name.includes(values.only));
  const lost: string[] = [];
  const line = (name: string, ...cells: (string | number)[]): void =>
    console.log(name.padEnd(28) + cells.map((cell) => String(cell).padStart(10)).join(''));
  line('scenario', 'tried', 'survived', 'lost', 'seconds');
  for (const scenario of chosen) {
    const obstacle = scenario.obstacle?.();
    if (obstacle !== undefined) {
      line(scenario.name, 'skipped: ' + obstacle);
      continue;
    }
    const start = performance.now();
    const rounds =
      values.round === undefined
        ? { count: Math.ceil(scenario.rounds.full * Number(values.share)) }
        : { first: Number(values.round), count: 1 };
    const tally = await runScenario(scenario, { seed: Number(values.seed), ...rounds });
    const seconds = Math.round((performance.now() - start) / 1000);
    line(scenario.name, tally.tried, tally.tried - tally.lost.length, tally.lost.length, seconds);
    lost.push(...tally.lost);
  }
  for (const what of lost) console.log(`\n${what}`);
  process.exit(lost.length > 0 ? 1 : 0);
}

void main();
