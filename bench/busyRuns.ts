/** What bench/busy.mjs measures: training steps on a fixed number of threads, or on as many as are worthwhile. */
import { createWasmBackend } from '../src/engine/backends/wasm/wasmBackend';
import { initialiseParameters } from '../src/engine/model/initialisation';
import type { NetworkSpec } from '../src/engine/model/networkSpec';
import { Random } from '../src/engine/random';
import { randomBatch, updateWith } from '../test/support/numeric';

/** `busyRuns threads fixed|adaptive units seconds`: prints the steps per second. */
async function main([threads, mode, units, seconds]: string[]): Promise<void> {
  const spec: NetworkSpec = {
    cell: 'lstm',
    input: { kind: 'one-hot', vocabulary: 60 },
    layers: [{ units: Number(units), dropout: 0 }],
    output: { kind: 'softmax', classes: 60 },
  };
  const backend = await createWasmBackend({ threads: Number(threads), fixedThreads: mode === 'fixed' });
  const limits = { batch: 32, steps: 64 };
  const network = await backend.createNetwork(spec, await initialiseParameters(spec, { kind: 'keras' }, 1), limits);
  const batch = randomBatch(new Random(1), spec, limits.batch, limits.steps);
  const update = updateWith({ learningRate: 1e-4 });
  for (let i = 0; i < 20; i++) await network.trainStep(batch, update);
  let steps = 0;
  const start = performance.now();
  while (performance.now() - start < Number(seconds) * 1000) {
    await network.trainStep(batch, update);
    steps++;
  }
  console.log((steps / (performance.now() - start)) * 1000);
  process.exit(0);
}

void main(process.argv.slice(2));
