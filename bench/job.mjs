// `npm run bench:job`: one job trained in every way that `train.py` supports, on this machine: in one process, by
// torchrun in two, and on a local Ray cluster of two workers of which one is killed in the middle. Each model is
// finished by `inkling attach`; beside them the engine alone. Prints held-out losses and speeds; exits with 1 if a run
// ends without a model, or the killed one is more than 0.01 nats from the undisturbed one.
//   node bench/job.mjs [--without-ray]
//   node bench/job.mjs --growth        characters a second and held-out loss by size of text and network, one process
//                                      (two threads) and two workers against the engine; some minutes
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { readDataset } from '../scripts/datasets.mjs';
import { node24, peerPython } from './peers/environment.mjs';
import { root } from './runs.mjs';

const out = path.join(root, 'out', 'bench', 'job');
const cli = path.join(root, 'dist', 'cli.js');
const python = peerPython('job');
const beside = (program) => path.join(path.dirname(python), program);
const wanted = ['one', 'torchrun', ...(process.argv.includes('--without-ray') ? [] : ['ray'])];
/** A worker of the Ray run is killed at this point, which is after its first checkpoint. */
const killAt = 0.5;

fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });
const whole = readDataset('moby-dick')
  .map((chapter) => chapter.text)
  .join('\n\n');
const settings = {
  'network.layers.0.units': 96,
  'network.layers.0.dropout': 0,
  batch: 32,
  'objective.steps': 64,
  'optimiser.learningRate': 0.01,
  'evaluation.every': 50,
  'evaluation.maximumTargets': 20_000,
  'samples.every': 100_000,
};
if (process.argv.includes('--growth')) {
  await showGrowth();
  process.exit();
}
const text = path.join(out, 'text.txt');
fs.writeFileSync(text, whole.slice(0, 200_000));
const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const exported = path.join(out, 'exported');
execFileSync(process.execPath, [cli, 'job', text, '--out', exported, '--epochs', '2', '--memory', 'off', ...set]);

function eventsOf(folder) {
  const lines = fs.readFileSync(path.join(folder, 'events.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** The options that give the engine the settings of a job, whose automatic choices are its own. */
function asInJob({ config }) {
  return ['schedule', 'network', 'optimiser'].flatMap((part) =>
    Object.entries(config[part])
      .filter(([, value]) => typeof value !== 'object')
      .flatMap(([name, value]) => ['--set', `${part}.${name}=${value}`]),
  );
}

/** The same steps of the same job by `train.py` and by the engine, for growing texts and networks. */
async function showGrowth() {
  console.log('| text, characters | LSTM | steps | way | characters/s | against the engine | held out, nats |');
  console.log('|--:|---|--:|---|--:|--:|--:|');
  const cases = [
    [200_000, 128, 88],
    [1_200_000, 128, 528],
    [200_000, 512, 88],
    [1_200_000, 512, 88],
  ];
  for (const [size, units, steps] of cases) {
    const text = path.join(out, `${size}.txt`);
    fs.writeFileSync(text, whole.slice(0, size));
    const growing = { ...settings, 'network.layers.0.units': units, 'evaluation.every': 100_000 };
    const options = Object.entries(growing).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const budget = ['--max-steps', String(steps), '--memory', 'off', '--seed', '1', ...options];
    const folder = path.join(out, `${size}-${units}`);
    execFileSync(process.execPath, [cli, 'job', text, '--out', folder, ...budget]);
    const two = `${folder}-two`;
    fs.cpSync(folder, two, { recursive: true });
    await run(python, [path.join(folder, 'train.py')], undefined, 2);
    await run(beside('torchrun'), ['--nproc-per-node', '2', path.join(two, 'train.py')]);
    const model = `${folder}.inkling.safetensors`;
    const asThere = asInJob(eventsOf(folder)[0]);
    const engine = execFileSync(
      node24(),
      [cli, 'train', text, '--out', model, ...budget, '--base', 'none', '--threads', '2', ...asThere, '--json'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 },
    );
    const ends = { engine: JSON.parse(engine.trim().split('\n').at(-1)) };
    for (const [way, where] of Object.entries({ 'one process': folder, 'two workers': two }))
      ends[way] = eventsOf(where).at(-1);
    for (const [way, { charactersPerSecond, heldOutLoss }] of Object.entries(ends)) {
      const ratio = (charactersPerSecond / ends.engine.charactersPerSecond).toFixed(2);
      const figures = [way, Math.round(charactersPerSecond), ratio, heldOutLoss.toFixed(4)];
      console.log(`| ${size} | 1×${units} | ${steps} | ${figures.join(' | ')} |`);
    }
  }
}

/** Runs a program to its end; `watch` sees its output as it comes. */
function run(program, args, watch = () => {}, threads = 1) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, OMP_NUM_THREADS: String(threads), RAY_DEDUP_LOGS: '0' };
    const child = spawn(program, args, { env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data;
        watch(String(data));
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code}:\n${output.slice(-3000)}`));
    });
  });
}

const folders = Object.fromEntries(wanted.map((way) => [way, path.join(out, way)]));
let killed;
const ways = {
  one: (folder) => run(python, [path.join(folder, 'train.py')]),
  torchrun: (folder) => run(beside('torchrun'), ['--nproc-per-node', '2', path.join(folder, 'train.py')]),
  ray: (folder) =>
    run(
      python,
      [path.join(folder, 'train.py'), '--ray', '--workers', '2', '--checkpoint-minutes', '0.05'],
      (output) => {
        // The first worker prints the events, after its process id.
        for (const [, pid, event] of output.matchAll(/pid=(\d+)[^{\n]*(\{"event":"progress".*\})/g)) {
          if (killed || JSON.parse(event).fraction < killAt || !fs.existsSync(path.join(folder, 'checkpoint.pt')))
            continue;
          killed = JSON.parse(event).step;
          process.kill(Number(pid), 'SIGKILL');
        }
      },
    ),
};

console.log('| way | steps | characters/s | wall, s | held out, nats | in the finished model |');
console.log('|---|--:|--:|--:|--:|--:|');
const losses = {};
for (const way of wanted) {
  const folder = folders[way];
  fs.cpSync(exported, folder, { recursive: true });
  const began = performance.now();
  await ways[way](folder);
  const seconds = (performance.now() - began) / 1000;
  const model = path.join(out, `${way}.inkling.safetensors`);
  execFileSync(process.execPath, [cli, 'attach', folder, '--out', model]);
  const finished = JSON.parse(execFileSync(process.execPath, [cli, 'inspect', model, '--json']));
  const done = eventsOf(folder).at(-1);
  losses[way] = done.heldOutLoss;
  const figures = [done.steps, Math.round(done.charactersPerSecond), seconds.toFixed(0)];
  console.log(
    `| ${way} | ${figures.join(' | ')} | ${done.heldOutLoss.toFixed(4)} | ${finished.heldOutLoss.toFixed(4)} |`,
  );
}
const engine = path.join(out, 'engine.inkling.safetensors');
const asHere = asInJob(eventsOf(folders.one)[0]);
const began = performance.now();
execFileSync(
  node24(),
  [cli, 'train', text, '--out', engine, '--epochs', '2', '--memory', 'off', '--base', 'none', ...set, ...asHere],
  { stdio: 'ignore' },
);
const alone = JSON.parse(execFileSync(process.execPath, [cli, 'inspect', engine, '--json']));
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(
  `| engine | ${alone.steps} | ${Math.round(alone.history.at(-1).charactersPerSecond)} | ${seconds} | ${alone.heldOutLoss.toFixed(4)} | |`,
);

if (wanted.includes('ray')) {
  const difference = Math.abs(losses.ray - losses.one);
  const restarts = eventsOf(folders.ray).filter(({ event }) => event === 'start').length - 1;
  console.log(
    `\na worker was killed at step ${killed}; starts after that: ${restarts}; difference ${difference.toFixed(4)} nats`,
  );
  process.exitCode = killed !== undefined && restarts > 0 && difference <= 0.01 ? 0 : 1;
}
