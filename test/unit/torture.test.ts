/** Crashes, damage and trouble with disks, a few rounds of each; `npm run torture` runs many. */
import * as assert from 'node:assert';
import { runScenario } from '../torture/scenario';
import { scenarios } from '../torture/scenarios';

const seed = 1;

describe(`Nothing is lost (seed ${seed})`, function () {
  this.timeout(300_000);
  for (const scenario of scenarios.filter(({ rounds }) => rounds.small > 0)) {
    const { name, rounds, obstacle } = scenario;
    it(name, async function () {
      if (obstacle?.() !== undefined) this.skip();
      const { tried, lost } = await runScenario(scenario, { seed, count: rounds.small });
      assert.equal(tried, rounds.small);
      assert.equal(lost.length, 0, lost.join('\n'));
    });
  }
});
