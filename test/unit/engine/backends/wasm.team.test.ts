/** Threads that do not take part in a job must neither do it nor disturb it, whenever they wake up. */
import * as assert from 'node:assert';
import { Control } from '../../../../src/engine/backends/wasm/control';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { initialiseParameters } from '../../../../src/engine/model/initialisation';
import type { NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { randomBatch } from '../../../support/numeric';

/** Positions in the control array. */
const arrived = 1;
const barrier = 2;

describe('the patience of a training thread', () => {
  const { now } = performance;
  const { wait } = Atomics;
  afterEach(() => {
    performance.now = now;
    Atomics.wait = wait;
  });

  it('outlasts a machine that slept for an hour while it waited to give up a step', () => {
    const control = new Control();
    let questions = 0;
    let slept = 0;
    performance.now = () => now.call(performance) + slept;
    const done = control.attempt(
      1,
      2,
      () => undefined,
      () => {
        questions++;
        if (questions === 10) slept = 3_600_000;
        if (questions === 20) Atomics.add(control.words, arrived, 1); // the other thread is at the barrier
        return false;
      },
    );
    assert.strictEqual(done, true);
    assert.strictEqual(questions, 20);
  });

  it('waits at a barrier for two minutes in slices, of which a sleep is one', () => {
    for (const [timeouts, survives] of [
      [100, true],
      [200, false],
    ] as const) {
      const control = new Control();
      let waited = 0;
      Atomics.wait = () => {
        if (++waited < timeouts) return 'timed-out';
        Atomics.add(control.words, barrier, 1);
        return 'ok';
      };
      if (survives) control.barrier(2);
      else assert.throws(() => control.barrier(2), /thread has failed/);
    }
  });
});

describe('the team of training threads', function () {
  // Waiting threads spin for a moment: if other programs use the processors, thousands of jobs take minutes.
  this.timeout(300_000);

  it('does thousands of jobs for changing numbers of threads, with more threads than processors', async () => {
    const wasm = await createWasmBackend({ kernel: 'scalar', threads: 8, threadedWork: 0 });
    const spec: NetworkSpec = {
      cell: 'rnn',
      input: { kind: 'one-hot', vocabulary: 3 },
      layers: [{ units: 2, dropout: 0 }],
      output: { kind: 'softmax', classes: 3 },
    };
    const limits = { batch: 16, steps: 1 };
    const network = await wasm.createNetwork(spec, await initialiseParameters(spec, { kind: 'keras' }, 1), limits);
    // A job takes one thread for every two rows: 1, 2, 3 … 8 threads.
    const batches = Array.from({ length: 16 }, (_, rows) => randomBatch(new Random(rows), spec, rows + 1, 1));
    const expected = await Promise.all(batches.map(async (batch) => (await network.evaluate(batch)).lossSum));
    const random = new Random(7);
    for (let i = 0; i < 20_000; i++) {
      const which = random.integer(batches.length);
      assert.strictEqual((await network.evaluate(batches[which])).lossSum, expected[which]);
    }
    network.dispose();
    await wasm.dispose();
  });
});
