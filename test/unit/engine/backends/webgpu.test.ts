/**
 * What the ladder does not cover of the WebGPU backend: the recurrent step shaders in all widths, large vocabularies,
 * 16-bit activations, the same numbers each time, and the messages if the package, the GPU or its memory is missing.
 */
import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { say } from '../../../../src/common/l10n';
import { createBackend, withCompute } from '../../../../src/engine/backends';
import type { Backend, Batch, Network } from '../../../../src/engine/backends/backend';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { createWebgpuBackend } from '../../../../src/engine/backends/webgpu/webgpuBackend';
import { parameterCount, type NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { initialiseParameters } from '../../../../src/engine/model/initialisation';
import { Random } from '../../../../src/engine/random';
import { gpuModules } from '../../../support/gpu';
import { close } from '../../../support/ladder';
import { assertClose, describeSpec, randomBatch, randomParameters, updateWith } from '../../../support/numeric';

const network = (cell: NetworkSpec['cell'], units: number[], vocabulary = 11): NetworkSpec => ({
  cell,
  input: { kind: 'one-hot', vocabulary },
  layers: units.map((n) => ({ units: n, dropout: 0.2 })),
  output: { kind: 'softmax', classes: vocabulary },
});

/** Gradients of one batch of `rows` × 3 beside the reference's. */
async function compare(backend: Backend, spec: NetworkSpec, rows: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const parameters = randomParameters(random, spec, 0.2);
  const batch = randomBatch(random, spec, rows, 3);
  const limits = { batch: rows, steps: 3 };
  const results = [];
  for (const each of [backend, createReferenceBackend()]) {
    const own = await each.createNetwork(spec, parameters, limits);
    results.push(await own.gradients(batch, 0.5, seed));
    own.dispose();
  }
  const what = `seed ${seed}, ${describeSpec(spec)}, ${rows} rows`;
  assertClose(results[0].gradients, results[1].gradients, close, `gradients, ${what}`);
  assertClose([results[0].lossSum], [results[1].lossSum], close, `loss, ${what}`);
}

describe('webgpu backend, in addition to the ladder', function () {
  // A software adapter takes seconds to compile each shader.
  this.timeout(300_000);
  let modulesFolder: string;
  before(function () {
    modulesFolder = gpuModules(this);
  });

  /** Uses a backend and disposes of it. */
  async function withBackend(
    options: Parameters<typeof createWebgpuBackend>[0],
    use: (backend: Backend) => Promise<void>,
  ): Promise<void> {
    const backend = await createWebgpuBackend({ modulesFolder, ...options });
    try {
      await use(backend);
    } finally {
      await backend.dispose();
    }
  }

  for (const [cell, rowsEach] of [
    ['lstm', 1],
    ['gru', 2],
    ['rnn', 4],
    ['lstm', 4],
  ] as const) {
    it(`gives the reference gradients with one dispatch per step, ${cell}, ${rowsEach} rows per invocation`, async () => {
      await withBackend({ tuning: { persistent: false, rowsEach } }, async (backend) => {
        // More rows than one workgroup takes, and units on both sides of its 16 and of the strip of 32.
        await compare(backend, network(cell, [37, 17]), 16 * rowsEach + 3, 20 + rowsEach);
      });
    });
  }

  it('gives the reference gradients if a layer is too large for the persistent shaders, and for many classes', async () => {
    await withBackend({}, async (backend) => {
      await compare(backend, network('lstm', [131]), 3, 31);
      await compare(backend, network('rnn', [200]), 5, 32);
      await compare(backend, network('gru', [9], 1500), 4, 33);
    });
  });

  it('gives the reference gradients of a table that both directions read', async () => {
    await withBackend({}, async (backend) => {
      const spec: NetworkSpec = {
        cell: 'gru',
        input: { kind: 'embedding', vocabulary: 7, dimensions: 5, trainable: true },
        layers: [{ units: 6, dropout: 0.2, bidirectional: true }],
        output: { kind: 'sigmoid' },
      };
      await compare(backend, spec, 50, 34);
    });
  });

  it('chooses the lowest of equally likely classes', async () => {
    await withBackend({}, async (backend) => {
      for (const classes of [11, 300, 1500]) {
        const spec = network('rnn', [4], classes);
        const limits = { batch: 5, steps: 1 };
        const own = await backend.createNetwork(spec, new Float32Array(parameterCount(spec)), limits);
        const batch: Batch = {
          batch: 5,
          steps: 1,
          inputs: new Uint16Array(5),
          targets: Int32Array.of(0, 1, 0, classes - 1, 2),
          state: 'zero',
        };
        assert.strictEqual((await own.evaluate(batch)).correct, 2, `${classes} classes`);
        own.dispose();
      }
    });
  });

  it('computes the same numbers each time', async () => {
    await withBackend({}, async (backend) => {
      const spec = network('lstm', [20]);
      const outcomes: Float32Array[] = [];
      for (let i = 0; i < 2; i++) {
        const random = new Random(41);
        const own = await backend.createNetwork(spec, randomParameters(random, spec), {
          batch: 6,
          steps: 5,
        });
        for (let step = 0; step < 3; step++) {
          await own.trainStep(randomBatch(random, spec, 6, 5, 'carry'), updateWith({ kind: 'adam', clipNorm: 1 }));
        }
        outcomes.push(await own.readParameters());
        own.dispose();
      }
      assert.deepStrictEqual(outcomes[0], outcomes[1]);
    });
  });

  it('learns with 16-bit activations as well as with 32', async function () {
    let half: Backend;
    try {
      half = await createWebgpuBackend({ modulesFolder, half: true });
    } catch (error) {
      assert.match(String(error), /16-bit/);
      return this.skip();
    }
    const full = await createWasmBackend({ threads: 1 });
    for (const cell of ['lstm', 'gru', 'rnn'] as const) {
      const spec = network(cell, [24, 16]);
      const [a, b] = [await lossCurve(half, spec), await lossCurve(full, spec)];
      assertClose(a, b, { absolute: 0.01, relative: 0.01 }, `loss curve of ${describeSpec(spec)}`);
      assert.ok(b.at(-1)! < b[0] - 0.5, 'it learns at all');
    }
    await half.dispose();
    await full.dispose();
  });

  it('reports too little GPU memory, and a lost GPU', async () => {
    await withBackend({}, async (backend) => {
      const spec = network('rnn', [64]);
      const limits = { batch: 65536, steps: 4096 };
      const own = await backend.createNetwork(spec, randomParameters(new Random(1), spec), limits);
      await assert.rejects(own.trainStep(randomBatch(new Random(1), spec, 1, 1), updateWith()), {
        code: 'outOfMemory',
        message: /smaller batch/,
      });
      own.dispose();
    });
    const backend = await createWebgpuBackend({ modulesFolder });
    const spec = network('rnn', [3]);
    const own = await backend.createNetwork(spec, randomParameters(new Random(1), spec), {
      batch: 1,
      steps: 1,
    });
    await backend.dispose();
    await assert.rejects(own.trainStep(randomBatch(new Random(1), spec, 1, 1), updateWith()));
  });
});

/** Mean losses of 60 training steps on text that repeats itself. */
async function lossCurve(backend: Backend, spec: NetworkSpec): Promise<number[]> {
  const [rows, steps] = [8, 12];
  const limits = { batch: rows, steps };
  const own: Network = await backend.createNetwork(
    spec,
    await initialiseParameters(spec, { kind: 'keras' }, 5),
    limits,
  );
  const losses: number[] = [];
  for (let i = 0; i < 60; i++) {
    const symbol = (t: number, b: number): number => (4 * (i * steps + t) + b) % 11;
    const batch: Batch = {
      batch: rows,
      steps,
      inputs: Uint16Array.from({ length: rows * steps }, (_, p) => symbol(Math.floor(p / rows), p % rows)),
      targets: Int32Array.from({ length: rows * steps }, (_, p) => symbol(Math.floor(p / rows) + 1, p % rows)),
      state: 'carry',
    };
    const update = updateWith({ kind: 'adam', learningRate: 0.01, lossScale: 1 / 96, clipNorm: 1, dropoutKey: i });
    losses.push((await own.trainStep(batch, update)).lossSum / 96);
  }
  own.dispose();
  return losses;
}

describe('webgpu backend without a GPU', () => {
  const tiny = network('rnn', [3]);

  it('says what is missing', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-webgpu-'));
    try {
      const missing = { code: 'backendUnavailable', message: /npm install webgpu@0\.6\.2/ };
      await assert.rejects(createWebgpuBackend({ modulesFolder: folder }), missing);
      await assert.rejects(createWebgpuBackend(), missing);
      const own = path.join(folder, 'webgpu');
      fs.mkdirSync(own);
      fs.writeFileSync(path.join(own, 'package.json'), '{}');
      fs.writeFileSync(path.join(own, 'index.js'), 'exports.create = () => ({ requestAdapter: async () => null });');
      await assert.rejects(createWebgpuBackend({ modulesFolder: folder }), {
        code: 'backendUnavailable',
        message: /No GPU adapter/,
      });
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  /** A package `webgpu` with this adapter only. It fails the test if a device is requested that should not be. */
  async function withAdapter(info: object, use: (modulesFolder: string) => Promise<void>): Promise<void> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-webgpu-'));
    try {
      const own = path.join(folder, 'webgpu');
      fs.mkdirSync(own);
      fs.writeFileSync(path.join(own, 'package.json'), '{}');
      const device = '{ lost: new Promise(() => {}), limits: {}, destroy() {} }';
      const adapter = `{ info: ${JSON.stringify(info)}, limits: {}, features: new Set(), requestDevice: async () => (${device}) }`;
      fs.writeFileSync(
        path.join(own, 'index.js'),
        `exports.create = () => ({ requestAdapter: async () => (${adapter}) });`,
      );
      await use(folder);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }
  const card = { vendor: 'acme', architecture: 'one', device: 'card', description: '' };

  it('does not try a software GPU if it has a choice, and says so', async () => {
    const software = [
      { vendor: 'mesa', architecture: '', device: 'llvmpipe (LLVM 15.0.6, 256 bits)', description: '' },
      { ...card, isFallbackAdapter: true },
    ];
    for (const info of software) {
      await withAdapter(info, async (modulesFolder) => {
        await withCompute({ modulesFolder, threads: 1 }, async (compute) => {
          const own = await compute.createNetwork(tiny, new Float32Array(parameterCount(tiny)), { batch: 1, steps: 1 });
          const { name, reason } = own.backend;
          assert.strictEqual(name, 'wasm');
          assert.match(say(reason!), new RegExp(`${info.device.split(' ')[0]}.* is a program on the CPU .* not used`));
          own.dispose();
        });

        const asked = await createWebgpuBackend({ modulesFolder });
        assert.match(asked.kernel, /on the CPU/);
        await asked.dispose();
      });
    }
    await withAdapter(card, async (modulesFolder) => {
      const backend = await createWebgpuBackend({ modulesFolder, hardwareOnly: true });
      assert.strictEqual(backend.kernel, 'card');
      await backend.dispose();
    });
  });

  it('refuses 16-bit storage if the GPU has none', async () => {
    await withAdapter(card, async (modulesFolder) => {
      await assert.rejects(createBackend('webgpu', { modulesFolder, half: true }), {
        code: 'backendUnavailable',
        message: /16-bit.*--half/,
      });
    });
  });
});
