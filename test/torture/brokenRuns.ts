/** Scenarios of runs that are killed, interrupted, lose their disk or output, or get in each other's way. */
import * as assert from 'node:assert/strict';
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { rmSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
// The default export: its functions are replaced by failing ones.
import fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../src/common/errors';
import { createReferenceBackend } from '../../src/engine/backends/reference/referenceBackend';
import { readLanguageModel, readModelFile } from '../../src/engine/model/modelFile';
import type { Random } from '../../src/engine/random';
import { openFileRun } from '../../src/engine/training/fileRun';
import { checkpointPath } from '../../src/engine/training/resume';
import { runCommand, type Outcome } from '../support/command';
import { between, pick } from '../support/numeric';
import { repositoryRoot } from '../support/shared';
import { smallConfig } from '../support/trainingConfig';
import { madeText } from '../unit/engine/training/support';
import type { Scenario } from './scenario';
import type { VictimOrder, VictimReport } from './victim';

const modelName = 'novel.inkling.safetensors';
const victimSteps = 400;

interface Victim {
  child: ChildProcess;
  reports: VictimReport[];
  /** How it ended: its exit code, null where it was killed. */
  ended: Promise<number | null>;
}

function startVictim(order: VictimOrder, onReport: (report: VictimReport) => void = () => {}): Victim {
  const child = fork(path.join(repositoryRoot, 'out/test/torture/victim.js'), [JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const reports: VictimReport[] = [];
  child.on('message', (message: VictimReport) => {
    reports.push(message);
    onReport(message);
  });
  return { child, reports, ended: new Promise((resolve) => child.on('close', resolve)) };
}

/** Trains undisturbed to the end; returns the weights, and how long it took from the start of training. */
async function undisturbed(folder: string, seed: number): Promise<{ parameters: Float32Array; milliseconds: number }> {
  const modelPath = path.join(folder, `undisturbed-${seed}`);
  let start = 0;
  const order = { modelPath, seed, steps: victimSteps, resume: false };
  const { ended } = startVictim(order, ({ event }) => {
    if (event === 'start') start = performance.now();
  });
  assert.equal(await ended, 0);
  return { parameters: await parametersOf(modelPath), milliseconds: performance.now() - start };
}

async function parametersOf(file: string): Promise<Float32Array> {
  return (await readLanguageModel(file)).parameters;
}

/** Checks that every model and checkpoint in the folder can be read. */
async function everyModelIsWhole(folder: string): Promise<void> {
  for (const name of await fs.readdir(folder)) {
    if (!/\.(tmp|lock)$/.test(name)) await readModelFile(path.join(folder, name));
  }
}

/**
 * A run is killed at random points, some also while it resumes; at the end, it equals the undisturbed one bit for bit.
 */
const kills: Scenario = {
  name: 'kills and resumed runs',
  rounds: { full: 150, small: 2 },
  async prepare(shared) {
    const whole = await undisturbed(shared, 7);
    return async (folder, random) => {
      const order = { modelPath: path.join(folder, modelName), seed: 7, steps: victimSteps, resume: true };
      for (let left = between(random, 1, 3); left > 0; left--) {
        const delay = random.uniform() * whole.milliseconds;
        const { child, ended } = startVictim(order, ({ event }) => {
          if (event === 'start') setTimeout(() => child.kill('SIGKILL'), delay);
        });
        await ended;
        await everyModelIsWhole(folder);
        if (await isThere(order.modelPath)) break;
      }
      if (!(await isThere(order.modelPath))) assert.equal(await startVictim(order).ended, 0);
      const finished = await readLanguageModel(order.modelPath);
      assert.equal(finished.results.steps, victimSteps);
      assert.deepEqual(finished.parameters, whole.parameters);
    };
  },
};

/** Two runs train to one file; in half of the rounds one of them is killed. */
const races: Scenario = {
  name: 'concurrent runs, one file',
  rounds: { full: 60, small: 2 },
  async prepare(shared) {
    const seeds = [7, 8];
    const whole: Awaited<ReturnType<typeof undisturbed>>[] = [];
    for (const seed of seeds) whole.push(await undisturbed(shared, seed));
    return async (folder, random, round) => {
      const modelPath = path.join(folder, modelName);
      const isKilled = round % 2 === 1;
      const delay = random.uniform() * whole[1].milliseconds;
      const victims = seeds.map((seed, i) => {
        const order = { modelPath, seed, steps: victimSteps, resume: false };
        const victim = startVictim(order, ({ event }) => {
          if (isKilled && i === 1 && event === 'start') setTimeout(() => victim.child.kill('SIGKILL'), delay);
        });
        return victim;
      });
      const codes = await Promise.all(victims.map(({ ended }) => ended));
      assert.equal(codes[0], 0);
      await everyModelIsWhole(folder);
      const models = [];
      for (const name of await fs.readdir(folder)) {
        if (!/\.(tmp|lock)$/.test(name)) models.push(await readLanguageModel(path.join(folder, name)));
      }
      for (const [i, code] of codes.entries()) {
        const own = models.filter(({ config }) => config.seed === seeds[i]);
        if (code === 0) {
          assert.ok(
            own.some(({ parameters }) => Buffer.compare(bytesOf(parameters), bytesOf(whole[i].parameters)) === 0),
            `the model of seed ${seeds[i]} is nowhere`,
          );
        } else if (victims[i].reports.filter(({ event }) => event === 'checkpoint').length >= 3) {
          // Only the first checkpoints can collide before either run has seen the other's.
          assert.ok(own.length > 0, `the checkpoint of seed ${seeds[i]} is nowhere`);
        }
      }
    };
  },
};

const tiny = ['--recipe', 'nietzsche', '--objective', 'every-step', '--threads', '1', '--json'];
for (const setting of ['network.layers.0.units=8', 'batch=4', 'objective.steps=8']) tiny.push('--set', setting);

async function writeSources(folder: string): Promise<void> {
  await fs.writeFile(path.join(folder, 'novel.txt'), madeText(3000));
  const rows = Array.from({ length: 60 }, (_, i) => (i % 2 ? `spam\twin a prize ${i}` : `ham\tlunch at home ${i}`));
  await fs.writeFile(path.join(folder, 'mail.tsv'), rows.join('\n'));
}

/** The keys that stop a run, once or twice, at any time: what was learned is kept. */
const signals: Scenario = {
  name: 'signals',
  rounds: { full: 60, small: 2 },
  obstacle: () => (process.platform === 'win32' ? 'Windows has no signals' : undefined),
  prepare: () =>
    Promise.resolve(async (folder, random) => {
      await writeSources(folder);
      const sent = Array.from({ length: between(random, 1, 2) }, () =>
        pick(random, ['SIGINT', 'SIGTERM', 'SIGHUP'] as const),
      );
      const args = ['train', 'novel.txt', ...tiny, '--max-steps', '1000000', '--out', modelName];
      const atOnce = random.integer(4) === 0;
      const delay = random.uniform() * 400;
      let isArmed = false;
      const onOutput = (out: string, send: (signal: NodeJS.Signals) => void): void => {
        if (isArmed || !(atOnce || out.includes('"progress"'))) return;
        isArmed = true;
        sent.forEach((signal, i) => setTimeout(() => send(signal), delay + i * 500));
      };
      const { code, out, err } = await runCommand(folder, args, { onOutput });
      const model = await readLanguageModel(path.join(folder, modelName)).catch(() => undefined);
      if (out.includes('"progress"')) {
        // Node gives its handlers up a moment before the process is gone: a signal that comes then still kills it.
        const isKilledAtItsEnd = code === null && sent.length === 2 && out.includes('"event":"done"');
        assert.ok(code === 0 || isKilledAtItsEnd, `${code} ${err}`);
        assert.ok(model && model.results.steps > 0, err);
      } else {
        assert.ok(code === 130 && model === undefined, `${code} ${err}`);
        assert.deepEqual((await fs.readdir(folder)).sort(), ['mail.tsv', 'novel.txt']);
      }
    }),
};

/** The output's reader is gone, or its disk is full: the model is kept, and the exit code tells what was lost. */
const outputs: Scenario = {
  name: 'lost output',
  rounds: { full: 60, small: 4 },
  obstacle: () => (process.platform === 'win32' ? 'Windows has no such pipes' : undefined),
  prepare: () =>
    Promise.resolve(async (folder, random, round) => {
      await writeSources(folder);
      const classifier = ['--vectors', 'learned', '--epochs', '2', '--units', '4', '--json'];
      const command = pick(random, [
        ['train', 'novel.txt', ...tiny, '--max-steps', '60', '--out', modelName],
        ['train-classifier', 'mail.tsv', ...classifier, '--out', modelName],
      ]);
      const kinds =
        process.platform === 'linux'
          ? (['stdout', 'stderr', 'full', 'full both'] as const)
          : (['stdout', 'stderr'] as const);
      const kind = kinds[round % kinds.length];
      if (kind === 'stdout' || kind === 'stderr') {
        const { code } = await closedAfter(folder, command, kind, random.integer(3000));
        assert.equal(code, 0);
      } else {
        const disk = await fs.open('/dev/full', 'w');
        const stderr = kind === 'full both' ? disk.fd : undefined;
        const { code } = await runCommand(folder, command, { stdout: disk.fd, stderr }).finally(() => disk.close());
        assert.equal(code, 1);
      }
      await readModelFile(path.join(folder, modelName));
    }),
};

/** Runs the command; its output is closed once so many bytes of it were read. */
function closedAfter(folder: string, args: string[], which: 'stdout' | 'stderr', bytes: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(repositoryRoot, 'dist/cli.js'), ...args], { cwd: folder });
    let read = 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        if (stream === child[which] && (read += data.length) >= bytes) stream.destroy();
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: '', err: '' }));
  });
}

interface SmallRun {
  parameters?: Float32Array;
  error?: unknown;
}

/** A run of some steps in this process; `disturb` is called at each of its events. */
async function smallRun(modelPath: string, disturb: (event: string) => void = () => {}): Promise<SmallRun> {
  try {
    const run = await openFileRun({
      texts: [{ name: 'made.txt', text: madeText(600) }],
      config: smallConfig({ budget: { maxSteps: 20 }, evaluation: { every: 10, maximumTargets: 100 } }),
      compute: createReferenceBackend(),
      modelPath,
      checkpointSeconds: 0,
      onEvent: ({ event }) => disturb(event),
    });
    return { parameters: (await run.run()).parameters };
  } catch (error) {
    return { error };
  }
}

/** The run's model is in its place, or where the error says; an error is one of the closed set, with a sentence. */
async function modelIsKept(modelPath: string, { error }: SmallRun, expected: Float32Array): Promise<void> {
  let place = modelPath;
  if (error !== undefined) {
    if (!(error instanceof InklingError) || error.code === 'internal') throw error;
    const kept = /The trained model is kept in (.+)\.$/.exec(error.message)?.[1];
    assert.ok(kept !== undefined, error.message);
    place = kept;
  }
  assert.deepEqual(await parametersOf(place), expected);
  if (place !== modelPath) await fs.rm(path.dirname(place), { recursive: true });
}

const diskErrors = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EMFILE'];

/** Any one operation on a file fails: opening, writing, syncing, renaming, copying. */
const disks: Scenario = {
  name: 'failing disks',
  rounds: { full: 400, small: 10 },
  async prepare(shared) {
    const whole = path.join(shared, 'whole');
    const { parameters } = await smallRun(whole);
    const { length } = await failingAt(Infinity, '', () => smallRun(path.join(shared, 'counted')));
    return async (folder, random) => {
      const modelPath = path.join(folder, modelName);
      const hasEarlier = random.integer(2) === 0;
      if (hasEarlier) await fs.copyFile(whole, modelPath);
      const { result, isBeforeTraining } = await failingAt(random.integer(length), pick(random, diskErrors), () =>
        smallRun(modelPath),
      );
      // Before it trains, a run may refuse a place where it cannot write.
      if (isBeforeTraining && result.error instanceof InklingError && result.error.code !== 'internal') {
        assert.equal(await isThere(modelPath), hasEarlier);
      } else await modelIsKept(modelPath, result, parameters!);
      await everyModelIsWhole(folder);
    };
  },
};

/** Runs `work` with the operation number `which` on files failing with `code`; how many there were. */
async function failingAt(
  which: number,
  code: string,
  work: () => Promise<SmallRun>,
): Promise<{ result: SmallRun; length: number; isBeforeTraining: boolean }> {
  const { open, rename, copyFile } = fs;
  let length = 0;
  let isBeforeTraining = false;
  const step = (): void => {
    if (length++ !== which) return;
    // The place is tried with one file before the run trains.
    isBeforeTraining = which < operationsOfTrial;
    throw Object.assign(new Error(`${code}: simulated`), { code });
  };
  const operationsOfTrial = 3;
  Object.assign(fs, {
    open: async (...parameters: Parameters<typeof open>) => {
      step();
      const handle = await open(...parameters);
      for (const name of ['writeFile', 'sync'] as const) {
        const act = handle[name].bind(handle) as (...given: unknown[]) => Promise<void>;
        handle[name] = (...given: unknown[]) =>
          Promise.resolve()
            .then(step)
            .then(() => act(...given));
      }
      return handle;
    },
    rename: async (...parameters: Parameters<typeof rename>) => {
      step();
      await rename(...parameters);
    },
    copyFile: async (...parameters: Parameters<typeof copyFile>) => {
      step();
      await copyFile(...parameters);
    },
  });
  try {
    return { result: await work(), length, isBeforeTraining };
  } finally {
    Object.assign(fs, { open, rename, copyFile });
  }
}

/** The folder is changed while the run trains. */
const folders: Scenario = {
  name: 'changed folders',
  rounds: { full: 200, small: 6 },
  async prepare(shared) {
    const { parameters } = await smallRun(path.join(shared, 'whole'));
    return async (round, random) => {
      const folder = path.join(round, 'models');
      mkdirSync(folder);
      const modelPath = path.join(folder, modelName);
      const changes: ((random: Random) => void)[] = [
        () => rmSync(folder, { recursive: true, force: true }),
        () => mkdirSync(modelPath, { recursive: true }),
        () => rmSync(checkpointPath(modelPath), { force: true, recursive: true }),
        () => {
          if (!isFolderGone(folder)) writeFileSync(checkpointPath(modelPath), 'no checkpoint');
        },
        () => {
          try {
            truncateSync(checkpointPath(modelPath), 100);
          } catch {
            // None was written yet, or it is gone.
          }
        },
        () => {
          rmSync(folder, { recursive: true, force: true });
          writeFileSync(folder, 'a file in the place of the folder');
        },
      ];
      const change = pick(random, changes);
      let left = random.integer(6);
      const result = await smallRun(modelPath, () => {
        if (left-- === 0) change(random);
      });
      await modelIsKept(modelPath, result, parameters!);
    };
  },
};

function isFolderGone(folder: string): boolean {
  try {
    mkdirSync(path.join(folder, 'there'));
    rmSync(path.join(folder, 'there'), { recursive: true });
    return false;
  } catch {
    return true;
  }
}

function isThere(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}

function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

export const brokenRuns = [kills, races, signals, outputs, disks, folders];
