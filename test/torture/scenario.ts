/**
 * Scenarios of crashes, damage and trouble with disks: rounds, each seeded on its own, in which nothing may be lost.
 * `npm run torture` runs them in full, the unit suite in a small form.
 */
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { Random } from '../../src/engine/random';

export interface Scenario {
  name: string;
  rounds: { full: number; small: number };
  /** Why the scenario cannot run on this machine; undefined where it can. */
  obstacle?: () => string | undefined;
  /** Makes what all rounds share, in `folder`. */
  prepare: (folder: string) => Promise<Round>;
}

/** One round in an empty folder. Throws where something was lost; all chance comes from `random`. */
export type Round = (folder: string, random: Random, round: number) => Promise<void>;

export interface Tally {
  tried: number;
  /** What was lost, one line a round. */
  lost: string[];
}

/** A round that takes longer hangs: a round takes seconds, and this allows for a machine that other programs keep busy. */
const longestRoundMs = 600_000;

/** Runs rounds `first` to `first + count - 1`. */
export async function runScenario(
  { name, prepare }: Scenario,
  { seed, count, first = 0 }: { seed: number; count: number; first?: number },
): Promise<Tally> {
  const tally: Tally = { tried: 0, lost: [] };
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-torture-'));
  try {
    const shared = path.join(root, 'shared');
    await fs.mkdir(shared);
    const play = await prepare(shared);
    for (let round = first; round < first + count; round++) {
      const folder = path.join(root, `round-${round}`);
      await fs.mkdir(folder);
      tally.tried++;
      try {
        await inTime(play(folder, new Random(seed, round), round));
      } catch (error) {
        const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
        tally.lost.push(`${name}, round ${round} (seed ${seed}): ${what}`);
      }
      await fs.rm(folder, { recursive: true, force: true });
    }
  } finally {
    await fs.rm(root, { recursive: true, force: true });
  }
  return tally;
}

async function inTime(round: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), longestRoundMs);
  });
  await Promise.race([round, late]).finally(() => clearTimeout(timer));
}
