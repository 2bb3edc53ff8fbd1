/** The engine's side of bench/engine.mjs: `train CASES SECONDS`, `generate CASES TOKENS`, `peak WASM`; JSON lines. */
import * as fs from 'node:fs';
import { createWasmBackend } from '../src/engine/backends/wasm/wasmBackend';
import { createWasmStepper } from '../src/engine/backends/wasm/wasmStepper';
import { kernelModule } from '../src/engine/backends/wasm/runtime';
import { noTarget, updateDefaults, type Batch } from '../src/engine/backends/backend';
import { initialiseParameters } from '../src/engine/model/initialisation';
import { stateSize, type NetworkSpec } from '../src/engine/model/networkSpec';
import { Random } from '../src/engine/random';
import { TokenSampler } from '../src/engine/generation/sampler';

export interface Case {
  layers: number;
  units: number;
  batch: number;
  steps: number;
  last: boolean;
  vocabulary: number;
  threads: number;
  streams?: number;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];
const specOf = ({ layers, units, vocabulary }: Case): NetworkSpec => ({
  cell: 'lstm',
  input: { kind: 'one-hot', vocabulary },
  layers: Array.from({ length: layers }, () => ({ units, dropout: 0 })),
  output: { kind: 'softmax', classes: vocabulary },
});

async function train(c: Case, seconds: number): Promise<number> {
  const backend = await createWasmBackend({ threads: c.threads });
  const spec = specOf(c);
  const network = await backend.createNetwork(spec, await initialiseParameters(spec, { kind: 'keras' }, 1), c);
  const random = new Random(1);
  const count = c.batch * c.steps;
  const targets = Int32Array.from({ length: count }, (_, i) =>
    c.last && i < count - c.batch ? noTarget : random.integer(c.vocabulary),
  );
  const inputs = Uint16Array.from({ length: count }, () => random.integer(c.vocabulary));
  const batch: Batch = { batch: c.batch, steps: c.steps, inputs, targets, state: 'zero' };
  const update = {
    ...updateDefaults,
    kind: 'adam',
    learningRate: 1e-3,
    lossScale: 1 / (c.last ? c.batch : count),
  } as const;
  await network.trainStep(batch, update);
  const times: number[] = [];
  for (const start = performance.now(); performance.now() - start < seconds * 1000 || times.length < 3;) {
    const began = performance.now();
    await network.trainStep(batch, update);
    times.push((performance.now() - began) / 1000);
  }
  network.dispose();
  await backend.dispose();
  return median(times);
}

/** Seconds for one token of every stream, sampled at temperature 1. */
async function generate(c: Case, tokens: number): Promise<number> {
  const spec = specOf(c);
  const streams = c.streams ?? 1;
  const stepper = createWasmStepper(spec, await initialiseParameters(spec, { kind: 'keras' }, 1));
  const samplers = Array.from(
    { length: streams },
    (_, seed) => new TokenSampler(c.vocabulary, { temperature: 1, seed, length: 1 }),
  );
  const states = new Float32Array(streams * stateSize(spec));
  const ids = new Uint16Array(streams);
  const logits = new Float32Array(streams * c.vocabulary);
  const times: number[] = [];
  for (let round = 0; round < 6; round++) {
    const began = performance.now();
    for (let i = 0; i < tokens; i++) {
      stepper.step(ids, states, logits);
      for (let s = 0; s < streams; s++) ids[s] = samplers[s].next(logits, s * c.vocabulary);
    }
    // The first round compiles.
    if (round > 0) times.push((performance.now() - began) / 1000 / tokens);
  }
  return median(times);
}

/** Floating-point operations per second of a loop that uses registers only. */
function peak(file: string): number {
  // Loading the kernels sets V8's flags; the yardstick is measured with the same flags.
  kernelModule('relaxed');
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(file)), { env: { memory } });
  const run = instance.exports.peak as (rounds: number, p: number) => void;
  const floats = new Float32Array(memory.buffer);
  let best = Infinity;
  for (let i = 0; i < 200; i++) {
    floats.fill(1);
    floats[0] = 1e-9;
    const began = performance.now();
    run(100_000, 0);
    best = Math.min(best, performance.now() - began);
  }
  return (24 * 8 * 100_000) / (best / 1000);
}

const [what, argument, amount] = process.argv.slice(2);
void (async () => {
  if (what === 'peak') {
    console.log(JSON.stringify({ flops: peak(argument) }));
    return;
  }
  for (const c of JSON.parse(argument) as Case[]) {
    const seconds = what === 'train' ? await train(c, Number(amount)) : await generate(c, Number(amount));
    console.log(JSON.stringify({ seconds }));
  }
  process.exit(0);
})();
