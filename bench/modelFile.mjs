// Checks that PyTorch reads our model files as they are and computes the same: for each cell, input and depth a model
// is written, the reference backend's logits and gradients beside it, and peers/modelFile.py loads both.
//   node bench/modelFile.mjs [python]      a Python that has torch and safetensors; default python3
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-bench-'));
const python = process.argv[2] ?? 'python3';

const modules = [
  'src/engine/backends/reference/referenceBackend',
  'src/engine/model/modelFile',
  'test/support/numeric',
];
modules.push('src/engine/random', 'src/engine/model/networkSpec');
await build({
  stdin: { contents: modules.map((m) => `export * from './${m}';`).join('\n'), resolveDir: root },
  bundle: true,
  platform: 'node',
  outfile: path.join(folder, 'engine.cjs'),
});
const engine = createRequire(import.meta.url)(path.join(folder, 'engine.cjs'));

const vocabulary = 11;
const inputs = [
  { kind: 'one-hot', vocabulary },
  { kind: 'embedding', vocabulary, dimensions: 6, trainable: true },
  { kind: 'scalar', scale: 1 / vocabulary },
];
const softmax = { kind: 'softmax', classes: vocabulary };
const layer = (units, bidirectional) => ({ units, dropout: 0, ...(bidirectional ? { bidirectional } : {}) });
const stacks = [[layer(13)], [layer(9), layer(7)], [layer(8, true)]];

const seed = 1;
const random = new engine.Random(seed);
const [batch, steps] = [3, 7];
const cases = [];
for (const cell of ['lstm', 'gru', 'rnn']) {
  for (const input of inputs) {
    for (const layers of stacks) {
      const output = layers[0].bidirectional ? { kind: 'sigmoid' } : softmax;
      const spec = { cell, input, layers, output };
      const parameters = engine.randomParameters(random, spec);
      const data = { ...engine.randomBatch(random, spec, batch, steps), rowWeights: undefined };
      const network = await engine.createReferenceBackend().createNetwork(spec, parameters, { batch, steps });
      const { logits, lossSum } = await network.evaluate(data, { logits: true });
      const { gradients } = await network.gradients(data, 1, 0);
      const model = path.join(folder, `${cases.length}.safetensors`);
      await engine.writeModelFile(model, {
        kind: 'classifier',
        title: engine.describeSpec(spec),
        spec,
        details: null,
        provenance: { engineVersion: '', created: '2000-01-01T00:00:00Z', seed, files: [], textHash: '' },
        results: { steps: 0, epochs: 0, seconds: 0, trainLoss: 0, heldOutLoss: 0, heldOutBitsPerCharacter: 0 },
        parameters,
      });
      const layout = engine.parameterLayout(spec);
      cases.push({
        model,
        batch,
        steps,
        inputs: [...data.inputs],
        targets: [...data.targets],
        lengths: data.lengths ? [...data.lengths] : null,
        lossSum,
        logits: [...logits],
        gradients: Object.fromEntries(layout.map((t) => [t.name, [...gradients.slice(t.offset, t.offset + t.size)]])),
      });
    }
  }
}
const file = path.join(folder, 'cases.json');
fs.writeFileSync(file, JSON.stringify(cases));
const run = spawnSync(python, [path.join(root, 'bench/peers/modelFile.py'), file], { stdio: 'inherit' });
fs.rmSync(folder, { recursive: true });
if (run.error) console.error(`${python} could not be started; name a Python that has torch and safetensors.`);
process.exit(run.status ?? 1);
