// `npm run bench:gpu`: what a GPU backend costs on the host, and how fast it is on the GPU where there is one, beside this
// project's own CPU backend and PyTorch's cuDNN LSTM on the same card. Prints; asserts nothing.
//   node bench/gpu.mjs [--modules FOLDER] [--tensorflow FOLDER]
// FOLDER holds the packages webgpu and @tensorflow/tfjs-node-gpu (default .cache/gpu and .cache/tensorflow).
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { peerPython } from './peers/environment.mjs';
import { buildRuns, root } from './runs.mjs';

const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: path.join(root, '.cache', 'gpu') },
    tensorflow: { type: 'string', default: path.join(root, '.cache', 'tensorflow') },
  },
});
const runs = await buildRuns('gpu');

/** Returns lines of JSON. Errors are only printed, because a machine without a GPU is not a failure. */
function lines(program, args) {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8', cwd: root, maxBuffer: 1 << 26 });
  if (status !== 0) console.log(`  ${stderr.trim().split('\n').at(-1)}`);
  return stdout.trim()
    ? stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];
}
const measure = (...args) => lines(process.execPath, [runs, ...args]);

console.log(`${os.cpus()[0].model}, ${os.availableParallelism()} cores, Node ${process.version}`);
console.log('\nHost time of a training step, LSTM, 60 steps, nothing computed (wanted: at most 3 ms)');
for (const { units, ms } of measure('host', values.modules)) {
  console.log(`  webgpu      1 × ${units}, batch 64, null device           ${ms.toFixed(2)} ms`);
}
for (const { units, ms } of measure('host-tensorflow', values.tensorflow)) {
  console.log(`  tensorflow  1 × ${units}, cuDNN form without cuDNN        ${ms.toFixed(2)} ms`);
}

const nvidia = spawnSync('nvidia-smi', ['--query-gpu=name,driver_version', '--format=csv,noheader'], {
  encoding: 'utf8',
});
if (nvidia.status !== 0) {
  console.log('\nNo NVIDIA GPU here: only the host-side floors above were measured.');
  process.exit(0);
}
console.log(`\n${nvidia.stdout.trim()}: targets a second, 60 steps`);
const cases = [];
for (const [layers, units] of [
  [1, 512],
  [2, 512],
  [2, 1024],
]) {
  for (const batch of [64, 128, 256, 512]) cases.push({ layers, units, batch });
}
const name = ({ layers, units, batch }) => `${layers} × ${units}, batch ${batch}`;
const results = new Map(cases.map((each) => [name(each), {}]));
const note = (column, measured) => {
  for (const each of measured) results.get(name(each))[column] = each.targetsPerSecond;
};
const all = JSON.stringify(cases);
note('webgpu', measure('speed', 'webgpu', values.modules, all));
const folder = fs.existsSync(path.join(values.modules, 'node_modules', '@tensorflow'))
  ? values.modules
  : values.tensorflow;
note('tensorflow', measure('speed', 'tensorflow', folder, all));
note('wasm', measure('speed', 'wasm', values.modules, JSON.stringify([{ layers: 2, units: 1024, batch: 64 }])));
note(
  'pytorch',
  lines(process.env.INKLING_CUDA_PYTHON ?? peerPython(), [path.join(root, 'bench/peers/cudnnLstm.py'), all]),
);
for (const [key, found] of results) {
  const figure = (column) =>
    found[column] ? Math.round(found[column]).toLocaleString('en').padStart(11) : '–'.padStart(11);
  const ratio = (column) => (found[column] && found.pytorch ? (found[column] / found.pytorch).toFixed(2) : '–');
  const columns = ['webgpu', 'tensorflow', 'wasm', 'pytorch'].map((column) => `${column}${figure(column)}`).join('  ');
  console.log(
    `  ${key.padEnd(20)} ${columns}  of PyTorch: webgpu ${ratio('webgpu')}, tensorflow ${ratio('tensorflow')}`,
  );
}
