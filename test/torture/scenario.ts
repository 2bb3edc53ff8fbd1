/**
 * Scenarios of crashes, damage and trouble with disks: rounds, each seeded on its own, in which nothing may be lost.
 * `npm run torture` runs them in full, the unit suite in a small form.
 */
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Random } from '../../src/engine/random';
import { repositoryRoot } from '../support/shared';

export interface Scenario {
  name: string;
  rounds: { full: number; small: number };
  /** Why the scenario cannot run on this machine; undefined if it can. */
  obstacle?: () => string | undefined;
  /** Prepares what all rounds share, in `folder`. */
  prepare: (folder: string) => Promise<Round>;
}

/** One round in an empty folder. Throws if something was lost; all random choices come from `random`. */
export type Round = (folder: string, random: Random, round: number) => Promise<void>;

export interface Tally {
  /** Rounds that came to an end, or were ended because they took too long. */
  tried: number;
  /** What was lost, one entry a round: the command that repeats it, and the fault. */
  lost: string[];
}

/** What a process of rounds.ts is asked to do, and what it reports. */
export interface RoundsOrder {
  scenario: string;
  seed: number;
  first: number;
  count: number;
  /** An empty folder for all its files. */
  root: string;
}
export type RoundsReport = { event: 'ready' } | { event: 'round'; fault?: string };

export interface RunOptions {
  seed: number;
  /** Rounds `first` to `first + count - 1`; `first` is 0 by default. */
  first?: number;
  count: number;
  /** A round that takes longer hangs. Rounds take seconds: the default allows for a machine that is busy with other things. */
  longestRoundMs?: number;
  /** Ends the scenario; the rounds until then are tallied. */
  signal?: AbortSignal;
}

/**
 * Runs rounds of the scenario, one after the other, in a process group of their own. If a round hangs or takes its
 * process down with it, the whole group is killed, the round is lost, and another process goes on with the next round.
 */
export async function runScenario(
  name: string,
  { seed, count, first = 0, longestRoundMs = 600_000, signal }: RunOptions,
): Promise<Tally> {
  const tally: Tally = { tried: 0, lost: [] };
  const lose = (round: number, fault: string): void =>
    void tally.lost.push(`npm run torture -- --seed ${seed} --only "${name}" --round ${round}\n${fault}`);
  while (tally.tried < count && !signal?.aborted) {
    const root = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-torture-'));
    let isReady = false;
    const order = { scenario: name, seed, first: first + tally.tried, count: count - tally.tried, root };
    const end = await playRounds(order, { longestRoundMs, signal }, (report) => {
      isReady = true;
      if (report.event === 'ready') return;
      if (report.fault !== undefined) lose(first + tally.tried, report.fault);
      tally.tried++;
    });
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 });
    if (signal?.aborted || tally.tried === count) break;
    lose(first + tally.tried, end);
    tally.tried++;
    if (!isReady) break; // no round can be prepared
  }
  return tally;
}

/** Resolves with how the process ended. */
function playRounds(
  order: RoundsOrder,
  { longestRoundMs, signal }: { longestRoundMs: number; signal?: AbortSignal },
  onReport: (report: RoundsReport) => void,
): Promise<string> {
  return new Promise((resolve) => {
    const child = fork(path.join(repositoryRoot, 'out/test/torture/rounds.js'), [JSON.stringify(order)], {
      detached: process.platform !== 'win32',
    });
    let end: string | undefined;
    const hangs = (): void => {
      end = `It did not end within ${longestRoundMs / 1000} seconds and was killed.`;
      killGroup(child);
    };
    let timer = setTimeout(hangs, longestRoundMs);
    child.on('message', (report: RoundsReport) => {
      clearTimeout(timer);
      timer = setTimeout(hangs, longestRoundMs);
      onReport(report);
    });
    const abort = (): void => killGroup(child);
    signal?.addEventListener('abort', abort);
    child.on('exit', (code, killedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      killGroup(child); // what its rounds have started
      resolve(end ?? `Its process ended with ${killedBy ?? `code ${code}`}.`);
    });
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(pid), '/t', '/f']);
  else {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  }
}
