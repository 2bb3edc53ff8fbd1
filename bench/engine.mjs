// `npm run bench`: how fast the engine trains and writes, side by side with PyTorch and Keras on this machine.
//   node bench/engine.mjs [--rounds N] [--seconds S] [--only train,generate,texts] [--out FILE]
// Every ratio is of medians over rounds in which engine and peer take turns. Prints; asserts nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { node24, peerPython } from './peers/environment.mjs';
import { buildRuns, median, root } from './runs.mjs';

const out = path.join(root, 'out', 'bench');
const peers = path.join(root, 'bench', 'peers');
const shared = process.env.INKLING_SHARED ?? path.join(root, '..', 'shared');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string', default: 'train,generate,texts' },
    out: { type: 'string', default: path.join(root, 'bench', 'RESULTS.md') },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const parts = values.only.split(',');
const node = node24();
const cores = os.availableParallelism();

const program = await buildRuns('engine');
const lines = (command, args) =>
  execFileSync(command, args, { encoding: 'utf8', cwd: root, maxBuffer: 1 << 26 })
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const engine = (what, cases, amount) => lines(node, [program, what, JSON.stringify(cases), String(amount)]);
const torch = (what, cases, amount) =>
  lines(peerPython(), [path.join(peers, 'lstm.py'), what, JSON.stringify(cases), String(amount)]);

const report = [];
const say = (line = '') => {
  report.push(line);
  console.log(line);
};
const version = (command, args) => spawnSync(command, args, { encoding: 'utf8' }).stdout.trim();
say('# Benchmark results');
say();
say(
  `${new Date().toISOString().slice(0, 10)}, ${os.cpus()[0].model}, ${cores} cores, Node ${version(node, ['--version'])}, ${rounds} rounds of ${seconds} s.`,
);
say('Written by `npm run bench`; every ratio is of medians, engine and peer taking turns in one run.');

/**
 * Multiply-adds × 2 of one step: recurrent and stacked products and the output layer, once forward and twice backward.
 */
function flopsOf({ layers, units, batch, steps, last, vocabulary }) {
  const recurrent = (2 * layers - 1) * 4 * units * units;
  return 6 * batch * (steps * recurrent + (last ? 1 : steps) * vocabulary * units);
}
const nameOf = (c) => `LSTM ${c.layers}×${c.units}, B${c.batch} T${c.steps}, ${c.last ? 'last-step' : 'every-step'}`;

if (parts.includes('train')) {
  const base = { batch: 64, steps: 64, last: false, vocabulary: 57 };
  const cases = [
    { layers: 1, units: 128, ...base, batch: 128, steps: 60, last: true, goal: 2 },
    { layers: 1, units: 128, ...base, goal: 2 },
    { layers: 2, units: 256, ...base, goal: 1.5 },
    { layers: 1, units: 512, ...base, goal: 1.2 },
    { layers: 2, units: 512, ...base, goal: 1 },
  ];
  const on = (threads) => cases.map((c) => ({ ...c, threads }));
  const samples = { engine: [[], []], torch: [[], []], keras: [] };
  const versions = {};
  for (let round = 0; round < rounds; round++) {
    for (const threads of [1, 2]) {
      samples.engine[threads - 1].push(engine('train', on(threads), seconds).map((r) => r.seconds));
      const rows = torch('train', on(threads), seconds);
      versions.torch = rows[0].version;
      samples.torch[threads - 1].push(rows.map((r) => r.seconds));
    }
    const keras = lines(peerPython('keras'), [
      path.join(peers, 'kerasLstm.py'),
      JSON.stringify({ ...cases[0], threads: 2 }),
      String(seconds),
    ]).at(-1);
    versions.keras = keras.version;
    samples.keras.push(keras.seconds);
  }
  const asc = path.join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js');
  const peakFile = path.join(out, 'peak.wasm');
  execFileSync(
    process.execPath,
    [
      asc,
      path.join('bench', 'peak.ts'),
      '--outFile',
      path.relative(root, peakFile),
      '-O3',
      '--runtime',
      'stub',
      '--importMemory',
      '--sharedMemory',
      '--maximumMemory',
      '65536',
      '--initialMemory',
      '1',
      '--enable',
      'simd',
      '--enable',
      'relaxed-simd',
      '--enable',
      'threads',
    ],
    { cwd: root, stdio: 'ignore' },
  );
  const [{ flops: peak }] = lines(node, [program, 'peak', peakFile]);
  const at = (kind, threads, i) => median(samples[kind][threads - 1].map((row) => row[i]));
  say();
  say(
    `## Training, targets a second (PyTorch ${versions.torch}, its best of 1 and 2 threads; Keras ${versions.keras}, 2 threads)`,
  );
  say();
  say(
    '| network | engine, 1 thread | 2 threads | PyTorch, 1 | 2 | ratio | goal | 2 threads over 1 | share of FMA peak, 1 thread |',
  );
  say('|---|--:|--:|--:|--:|--:|--:|--:|--:|');
  cases.forEach((c, i) => {
    const targets = c.last ? c.batch : c.batch * c.steps;
    const [e1, e2, t1, t2] = [at('engine', 1, i), at('engine', 2, i), at('torch', 1, i), at('torch', 2, i)];
    const rate = (s) => Math.round(targets / s).toLocaleString('en');
    const ratio = Math.min(t1, t2) / Math.min(e1, e2);
    say(
      `| ${nameOf(c)} | ${rate(e1)} | ${rate(e2)} | ${rate(t1)} | ${rate(t2)} | **${ratio.toFixed(2)}** | ${c.goal} | ${(e1 / e2).toFixed(2)} | ${(flopsOf(c) / e1 / peak).toFixed(2)} |`,
    );
  });
  const keras = median(samples.keras);
  say();
  say(
    `Keras on the first: ${Math.round(cases[0].batch / keras)} targets a second; ratio **${(keras / Math.min(at('engine', 1, 0), at('engine', 2, 0))).toFixed(2)}** (goal 3).`,
  );
  say(`FMA peak of one thread, registers only: ${(peak / 1e9).toFixed(1)} GFLOP/s.`);
}

if (parts.includes('generate')) {
  const one = (units, streams) => ({
    layers: 1,
    units,
    batch: 1,
    steps: 1,
    last: false,
    vocabulary: 57,
    threads: 1,
    streams,
  });
  const cases = [one(128), one(512)];
  const many = [one(128, 16), one(512, 16)];
  const samples = { engine: [], torch: [], many: [] };
  for (let round = 0; round < rounds; round++) {
    samples.engine.push(engine('generate', cases, 2000).map((r) => r.seconds));
    samples.torch.push(torch('generate', cases, 400).map((r) => r.seconds));
    samples.many.push(engine('generate', many, 500).map((r) => r.seconds));
  }
  const at = (kind, i) => median(samples[kind].map((row) => row[i]));
  say();
  say('## Writing, characters a second (temperature 1; PyTorch eager, one thread)');
  say();
  say('| network | engine, one stream | PyTorch | ratio | goal | 16 streams | over one | goal |');
  say('|---|--:|--:|--:|--:|--:|--:|--:|');
  cases.forEach((c, i) => {
    const [e, t, m] = [at('engine', i), at('torch', i), at('many', i) / 16];
    const rate = (s) => Math.round(1 / s).toLocaleString('en');
    say(
      `| LSTM 1×${c.units} | ${rate(e)} | ${rate(t)} | **${(t / e).toFixed(1)}** | ${i ? 3 : 10} | ${rate(m)} | **${(e / m).toFixed(1)}** | 5 |`,
    );
  });
}

if (parts.includes('texts')) await texts();

/** Whole runs through the command line on the course texts. */
async function texts() {
  const file = (name) => path.join(shared, 'data', name);
  if (!fs.existsSync(file('nietzsche.txt'))) {
    say();
    say('Course texts not found: no runs on them.');
    return;
  }
  const cli = path.join(root, 'dist', 'cli.js');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-bench-'));
  const model = path.join(folder, 'model.safetensors');
  const train = (...args) => {
    const run = spawnSync('/usr/bin/env', [node, cli, 'train', ...args, '--out', model, '--json'], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (run.status !== 0) throw new Error(run.stderr);
    return JSON.parse(run.stdout.trim().split('\n').at(-1));
  };
  const windowsLoss = () =>
    JSON.parse(version(node, [cli, 'score', model, file('nietzsche.txt'), '--windows', '60,3', '--json'])).lossNats;
  const goal = 1.4824;
  /** The smallest of the tried budgets, in seconds, whose loss is below the goal. */
  const reach = (budgets, args) => {
    for (const budget of budgets) {
      const done = train(file('nietzsche.txt'), ...args, '--max-seconds', String(budget));
      const loss = windowsLoss();
      console.error(`  ${budget} s: ${loss.toFixed(4)}`);
      if (loss <= goal) return { seconds: done.seconds, loss, done };
    }
    return undefined;
  };
  say();
  say(`## Nietzsche (lowercased): wall time to a loss of ${goal} nats over windows of 60, step 3`);
  say();
  const every = reach([5, 7.5, 10, 15, 20, 30, 45, 60], ['--recipe', 'nietzsche', '--objective', 'every-step']);
  const last = reach([60, 90, 120, 180, 240, 300, 400], ['--recipe', 'nietzsche']);
  const told = (r) => (r ? `${r.seconds.toFixed(1)} s (loss ${r.loss.toFixed(4)})` : 'not reached');
  say(
    `Every-step ${told(every)}; last-step ${told(last)}; ratio **${every && last ? (last.seconds / every.seconds).toFixed(1) : '–'}** (goal 20).`,
  );
  say();
  say('## Tiny Shakespeare, automatic configuration, 3 minutes, last tenth held out');
  say();
  const done = train(file('tinyshakespeare.txt'), '--minutes', '3');
  say(
    `Held-out loss **${done.heldOutLoss.toFixed(4)}** nats per character (goal 1.50; nanoGPT's CPU recipe 1.88), ${done.charactersPerSecond.toFixed(0)} characters a second.`,
  );
  say();
  say('## Memory while training 1×128 on Nietzsche');
  say();
  const usage = spawnSync(
    '/usr/bin/time',
    [
      '-v',
      node,
      cli,
      'train',
      file('nietzsche.txt'),
      '--recipe',
      'nietzsche',
      '--objective',
      'every-step',
      '--max-seconds',
      '10',
      '--out',
      model,
      '--json',
    ],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const peak = /Maximum resident set size \(kbytes\): (\d+)/.exec(usage.stderr ?? '');
  say(
    peak
      ? `Largest resident set **${(peak[1] / 1024).toFixed(0)} MB** (goal 150).`
      : 'Not measured: GNU time is not installed.',
  );
  fs.rmSync(folder, { recursive: true, force: true });
}

if (values.out) fs.writeFileSync(values.out, `${report.join('\n')}\n`);
