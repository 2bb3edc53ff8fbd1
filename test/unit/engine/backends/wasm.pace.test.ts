/** How many threads a training run uses on simulated machines that are busy with other programs, too. */
import * as assert from 'node:assert';
import { Pace } from '../../../../src/engine/backends/wasm/pace';
import { Random } from '../../../../src/engine/random';

/** Mean time of a step on 1, 2, … threads. */
type Machine = readonly number[];

/** The time of `steps` steps, and how often each number of threads was used. */
function simulate(
  pace: Pace,
  machine: Machine,
  steps: number,
  random = new Random(1),
): { time: number; taken: number[] } {
  let time = 0;
  const taken: number[] = new Array<number>(machine.length).fill(0);
  for (let i = 0; i < steps; i++) {
    const { threads } = pace;
    // Noise of a fifth of a step, and occasionally a step that another program delays.
    const noise = 1 + 0.2 * (random.uniform() - 0.5) + (random.integer(40) === 0 ? 1 : 0);
    const milliseconds = machine[threads - 1] * noise;
    pace.note(1000, milliseconds);
    time += milliseconds;
    taken[threads - 1]++;
  }
  return { time, taken };
}

const quiet: Machine = [1, 0.55];
const busy: Machine = [1, 1.5];

describe('the number of training threads', () => {
  /** Speed as a share of that of the best fixed number of threads. */
  const share = (machine: Machine, { time }: { time: number }, steps: number): number => {
    const fixed = machine.map((mean) => {
      const always = new Pace(1);
      return simulate(always, [mean], steps).time;
    });
    return Math.min(...fixed) / time;
  };

  it('is within a twentieth of the best fixed number on any machine', () => {
    const steps = 3000;
    const machines: Machine[] = [
      quiet,
      busy,
      [1, 1],
      [1, 0.9],
      [1, 0.6, 0.45, 0.38],
      [1, 0.6, 0.45, 0.8],
      [1, 1.4, 2, 3],
    ];
    for (const machine of machines) {
      const result = simulate(new Pace(machine.length), machine, steps);
      assert.ok(share(machine, result, steps) >= 0.95, `${machine.join()}: ${share(machine, result, steps)}`);
    }
  });

  it('follows a machine that becomes busy, and idle again', () => {
    const pace = new Pace(2);
    const random = new Random(3);
    simulate(pace, quiet, 1000, random);
    const { taken: whileBusy } = simulate(pace, busy, 1000, random);
    assert.ok(whileBusy[0] > 900, whileBusy.join());
    const { taken: after } = simulate(pace, quiet, 1000, random);
    assert.ok(after[1] > 850, after.join());
  });

  it('never leaves its bounds', () => {
    const random = new Random(5);
    for (const most of [1, 2, 5]) {
      const pace = new Pace(most);
      for (let i = 0; i < 5000; i++) {
        assert.ok(pace.threads >= 1 && pace.threads <= most);
        pace.note(1 + random.integer(9), random.uniform());
      }
    }
  });
});
