/** Threads that sit out a job must neither do it nor disturb it, whatever moment they wake up at. */
import * as assert from 'node:assert';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { initialiseParameters } from '../../../../src/engine/model/initialisation';
import type { NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { randomBatch } from '../../../support/numeric';

describe('the team of training threads', function () {
  // Waiting threads spin for a moment: where others want the processors, thousands of jobs take minutes.
  this.timeout(300_000);

  it('does thousands of jobs for changing numbers of threads, with more threads than processors', async () => {
    const wasm = await createWasmBackend({ kernel: 'scalar', threads: 8, threadedWork: 0 });
    const spec: NetworkSpec = {
      cell: 'rnn',
      input: { kind: 'one-hot', vocabulary: 3 },
      layers: [{ units: 2, dropout: 0 }],
      output: { kind: 'softmax', classes: 3 },
    };
    const limits = { batch: 16, steps: 1, streams: 1 };
    const network = await wasm.createNetwork(spec, initialiseParameters(spec, { kind: 'keras' }, 1), limits);
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
