/** Crashes, damage and trouble with disks, a few rounds of each; `npm run torture` runs many. And how rounds are run. */
import * as assert from 'node:assert';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { eventually } from '../support/eventually';
import { runScenario } from '../torture/scenario';
import { scenarios } from '../torture/scenarios';

const seed = 1;

describe(`Nothing is lost (seed ${seed})`, function () {
  this.timeout(0); // a round that hangs is ended by runScenario
  for (const { name, rounds, obstacle } of scenarios.filter(({ rounds }) => rounds.small > 0)) {
    it(name, async function () {
      if (obstacle?.() !== undefined) this.skip();
      const { tried, lost } = await runScenario(name, { seed, count: rounds.small });
      assert.equal(tried, rounds.small);
      assert.equal(lost.length, 0, lost.join('\n'));
    });
  }
});

describe('A scenario', function () {
  this.timeout(120_000);
  const before = process.env.TROUBLED;
  let folder: string;
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-troubled-'));
    process.env.TROUBLED = folder;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env.TROUBLED;
    else process.env.TROUBLED = before;
    await fs.rm(folder, { recursive: true });
  });

  const isThere = async (): Promise<void> => {
    const socket = net.connect(Number(await fs.readFile(path.join(folder, 'port'), 'utf8')), '127.0.0.1');
    await once(socket, 'connect').finally(() => socket.destroy());
  };
  const isGone = (): Promise<void> => eventually(() => assert.rejects(isThere(), { code: 'ECONNREFUSED' }));

  it('kills a round that hangs and what it has started, and goes on with the next', async () => {
    const { tried, lost } = await runScenario('hangs in its second round', { seed, count: 4, longestRoundMs: 10_000 });
    assert.equal(tried, 4);
    assert.equal(lost.length, 1);
    assert.match(lost[0], /^npm run torture -- --seed 1 --only "hangs in its second round" --round 1\nIt did not end/);
    await isGone();
  });

  it('counts a round that fails, and one that takes its process down', async () => {
    const { tried, lost } = await runScenario('fails, then exits', { seed, count: 5 });
    assert.equal(tried, 5);
    assert.match(lost.join('\n'), /--round 0\nError: a model was lost[^]*--round 1\nIts process ended with code 3\.$/);
    assert.equal(lost.length, 2);
  });

  it('ends with a fault if it cannot be prepared', async () => {
    const { tried, lost } = await runScenario('cannot be prepared', { seed, count: 5 });
    assert.equal(tried, 1);
    assert.match(lost.join('\n'), /Its process ended with code 1\.$/);
  });

  it('can be interrupted, with a tally of the rounds until then', async () => {
    const interruption = new AbortController();
    const running = runScenario('hangs in its second round', { seed, count: 4, signal: interruption.signal });
    await eventually(isThere);
    interruption.abort();
    assert.deepEqual(await running, { tried: 1, lost: [] });
    await isGone();
  });
});
