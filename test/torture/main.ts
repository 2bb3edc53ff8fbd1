/**
 * `npm run torture [-- --seed N] [--only NAME] [--round N] [--share S]`: every scenario in full, or a share of its
 * rounds, or one of them. Prints a table, also when it is interrupted, and ends with 1 if anything was lost.
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
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interruption.abort());
  const { signal } = interruption;
  const chosen = scenarios.filter(({ name }) => name.includes(values.only));
  const lost: string[] = [];
  const line = (name: string, ...cells: (string | number)[]): void =>
    console.log(name.padEnd(28) + cells.map((cell) => String(cell).padStart(10)).join(''));
  line('scenario', 'tried', 'survived', 'lost', 'seconds');
  for (const { name, rounds, obstacle } of chosen) {
    if (signal.aborted) break;
    const reason = obstacle?.();
    if (reason !== undefined) {
      line(name, 'skipped: ' + reason);
      continue;
    }
    const start = performance.now();
    const which =
      values.round === undefined
        ? { count: Math.ceil(rounds.full * Number(values.share)) }
        : { first: Number(values.round), count: 1 };
    const tally = await runScenario(name, { seed: Number(values.seed), ...which, signal });
    const seconds = Math.round((performance.now() - start) / 1000);
    const cells = [tally.tried, tally.tried - tally.lost.length, tally.lost.length, seconds];
    line(name, ...cells, ...(signal.aborted ? ['  interrupted'] : []));
    lost.push(...tally.lost);
  }
  for (const what of lost) console.log(`\n${what}`);
  process.exit(signal.aborted ? 130 : lost.length > 0 ? 1 : 0);
}

void main();
