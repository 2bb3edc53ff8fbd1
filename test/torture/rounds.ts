/** Plays rounds of one scenario and reports each to the parent: `rounds <JSON of RoundsOrder>`. */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { Random } from '../../src/engine/random';
import type { RoundsOrder, RoundsReport } from './scenario';
import { scenarios } from './scenarios';
import { troubled } from './troubled';

// Without its parent, nobody would end what a round has started.
process.on('disconnect', () => {
  if (process.platform === 'win32') process.exit(1);
  process.kill(-process.pid, 'SIGKILL');
});

function report(message: RoundsReport): Promise<unknown> {
  return new Promise((resolve) => process.send!(message, resolve));
}

async function play({ scenario: name, seed, first, count, root }: RoundsOrder): Promise<void> {
  const scenario = [...scenarios, ...troubled].find((known) => known.name === name)!;
  const shared = path.join(root, 'shared');
  await fs.mkdir(shared);
  const playRound = await scenario.prepare(shared);
  await report({ event: 'ready' });
  for (let round = first; round < first + count; round++) {
    const folder = path.join(root, `round-${round}`);
    await fs.mkdir(folder);
    let fault: string | undefined;
    try {
      await playRound(folder, new Random(seed, round), round);
    } catch (error) {
      fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    await fs.rm(folder, { recursive: true, force: true });
    await report({ event: 'round', fault });
  }
  process.exit(0);
}

void play(JSON.parse(process.argv[2]) as RoundsOrder);
