/** A run's clock counts training, including earlier sittings, but no pauses and no sleep of the machine. */
import * as assert from 'node:assert/strict';
import { RunClock } from '../../../../src/engine/training/runClock';

describe("a run's clock", () => {
  let now = 0;
  const clock = (): RunClock => new RunClock(() => now);
  const turns = (of: RunClock, count: number, ms: number): number[] =>
    Array.from({ length: count }, () => {
      now += ms;
      return of.turn();
    });

  it('continues from earlier sessions and leaves pauses out', () => {
    now = 5000;
    const run = clock();
    run.continueFrom(100);
    now += 2500;
    const paused = run.seconds;
    assert.equal(paused, 102.5);
    now += 60_000;
    run.continueFrom(paused);
    now += 500;
    assert.equal(run.seconds, 103);
    assert.equal(run.ms, 102_500, 'until the last turn');
    run.turn();
    assert.equal(run.ms, 103_000);
  });

  it('leaves out a sleep, but neither a long step nor the first ones', () => {
    const run = clock();
    run.continueFrom(0);
    assert.deepEqual(turns(run, 1, 90_000), [0], 'the first turn of a huge network');
    turns(run, 12, 10_000);
    assert.equal(run.seconds, 210);
    assert.deepEqual(turns(run, 1, 180_000), [0], 'twice the longest turn so far');
    const before = run.ms;
    now += 20 * 180_000;
    assert.equal(run.ms, before, 'a sleep that is not known yet');
    assert.equal(run.turn(), 3_600_000);
    assert.equal(run.ms, before);
    assert.equal(run.seconds, 390);
  });

  it('does not mistake a pause for a sleep', () => {
    const run = clock();
    run.continueFrom(0);
    turns(run, 12, 100);
    now += 3_600_000;
    run.continueFrom(run.seconds - 3600);
    assert.deepEqual(turns(run, 1, 100), [0]);
    assert.ok(Math.abs(run.seconds - 1.3) < 1e-9);
  });
});
