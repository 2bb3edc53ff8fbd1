/**
 * GPU support for "Set Up GPU…" and "Show Engine Report": a report on driver, adapter, Node and packages; the
 * installation of a package into a folder; and a self-test that checks a backend and measures its speed.
 */
import { execFile, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { asInklingError, InklingError } from '../../common/errors';
import { sentence, type Told } from '../../common/l10n';
import type { GpuPackage, GpuReport, SelfTestResult } from '../../common/gpuProtocol';
import { initialiseParameters } from '../model/initialisation';
import type { NetworkSpec } from '../model/networkSpec';
import { Random } from '../random';
import { updateDefaults, type Backend, type Batch, type Update } from './backend';
import { createReferenceBackend } from './reference/referenceBackend';
import { cudaWanted, findTensorflow, tensorflowVersion } from './tensorflow/binding';
import { createTensorflowBackend } from './tensorflow/tensorflowBackend';
import { findWebgpu, webgpuVersion } from './webgpu/loadModule';
import { createWebgpuBackend } from './webgpu/webgpuBackend';

const pinned: Record<GpuPackage, string> = {
  webgpu: `webgpu@${webgpuVersion}`,
  tensorflow: `@tensorflow/tfjs-node-gpu@${tensorflowVersion}`,
};

/** Examines the machine, loads each installed package, and reports the results. Never throws. */
export async function describeGpu(modulesFolder: string | undefined): Promise<GpuReport> {
  const [webgpu, tensorflow] = [findWebgpu(modulesFolder), findTensorflow(modulesFolder)];
  return {
    node: process.version,
    runtime: process.versions.electron ? `Electron ${process.versions.electron}` : 'Node',
    nodeProgram: process.execPath,
    platform: `${process.platform} ${process.arch}`,
    modulesFolder: modulesFolder ?? null,
    nvidia: await nvidiaDriver(),
    webgpu: await describePackage(webgpu, () => createWebgpuBackend({ modulesFolder })),
    tensorflow: await describePackage(tensorflow?.folder, () => createTensorflowBackend({ modulesFolder })),
    wanted: { webgpu: pinned.webgpu, tensorflow: `${pinned.tensorflow}, ${cudaWanted}` },
  };
}

async function describePackage(
  folder: string | undefined,
  create: () => Promise<Backend>,
): Promise<GpuReport['webgpu']> {
  if (!folder) return { folder: null, version: null, device: null, problem: 'not installed' };
  const version = versionOf(folder);
  try {
    const backend = await create();
    const device = backend.kernel;
    await backend.dispose();
    return { folder, version, device, problem: null };
  } catch (error) {
    return { folder, version, device: null, problem: asInklingError(error).told };
  }
}

function versionOf(folder: string): string | null {
  try {
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version?: string };
    return manifest.version ?? null;
  } catch {
    // An incomplete package without a readable manifest: only its presence can be reported.
    return null;
  }
}

/** "NVIDIA H200, driver 550.54, 140 GiB", one per card; null without the driver's tool. */
function nvidiaDriver(): Promise<string | null> {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  return new Promise((resolve) => {
    execFile('nvidia-smi', query, { timeout: 5000, windowsHide: true }, (error, stdout) => {
      resolve(error ? null : stdout.trim().split('\n').join('; '));
    });
  });
}

/**
 * Installs a package into `folder` with npm, passing its output to `onLog`. Throws `backendUnavailable` if npm is
 * missing or fails, `cancelled` if `signal` is aborted.
 */
export async function installGpuPackages(
  folder: string,
  which: GpuPackage,
  onLog: (line: string) => void,
  { signal, npm = npmCommand() }: { signal?: AbortSignal; npm?: string[] } = {},
): Promise<void> {
  fs.mkdirSync(folder, { recursive: true });
  const manifest = path.join(folder, 'package.json');
  if (!fs.existsSync(manifest)) fs.writeFileSync(manifest, '{ "private": true }\n');
  // The WebGPU package carries its binaries; TensorFlow's downloads them in its install step.
  const scripts = which === 'webgpu' ? ['--ignore-scripts'] : [];
  const args = ['install', '--no-audit', '--no-fund', ...scripts, pinned[which]];
  onLog(`npm ${args.join(' ')}`);
  await new Promise<void>((resolve, reject) => {
    const [program, ...before] = npm;
    const child = spawn(program, [...before, ...args], { cwd: folder, signal, windowsHide: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => text.split(/\r?\n/).forEach((line) => line.trim() && onLog(line)));
    }
    child.on('error', (error) => {
      if (signal?.aborted) reject(new InklingError('cancelled', 'The installation was cancelled.'));
      else
        reject(
          failed(
            sentence(
              'npm did not start ({0}). Install Node.js with npm, then run "Inkling: Set Up GPU…" again.',
              error.message,
            ),
            error,
          ),
        );
    });
    child.on('close', (code) => {
      if (code === 0) resolve();
      else if (signal?.aborted) reject(new InklingError('cancelled', 'The installation was cancelled.'));
      else
        reject(
          failed(
            sentence(
              'npm ended with code {0}; the log says why. Check the connection and the disk, then run "Inkling: Set Up GPU…" again.',
              String(code),
            ),
          ),
        );
    });
  });
}

function failed(told: Told, cause?: unknown): InklingError {
  return new InklingError('backendUnavailable', told, { cause });
}

/** The npm of the current Node, or else the one on the path. */
function npmCommand(): string[] {
  const beside = path.join(
    path.dirname(path.dirname(process.execPath)),
    'lib',
    'node_modules',
    'npm',
    'bin',
    'npm-cli.js',
  );
  if (!process.versions.electron && fs.existsSync(beside)) return [process.execPath, beside];
  return process.platform === 'win32' ? ['cmd', '/c', 'npm'] : ['npm'];
}

const selfTestSeed = 5;
/** The largest relative difference of losses and gradients that a correct backend may have on the small network below. */
const selfTestTolerance = 2e-3;

/**
 * Compares a small LSTM's loss and gradients with the reference, then measures a training step of LSTM 1 × 128 over 60
 * steps of 64 rows. Throws `backendUnavailable` if the results differ from the reference.
 */
export async function selfTest(backend: Backend): Promise<SelfTestResult> {
  const worst = await worstDifference(backend);
  if (!(worst < selfTestTolerance)) {
    throw new InklingError(
      'backendUnavailable',
      sentence(
        '{0} ({1}) computes wrong gradients (off by {2}): use the backend wasm (--backend wasm, or inkling.engine.backend in VS Code), and report this with the engine report.',
        backend.name,
        backend.kernel,
        worst.toExponential(1),
      ),
    );
  }
  const spec = lstm(128, 64);
  const [batch, steps] = [64, 60];
  const network = await backend.createNetwork(spec, await initialiseParameters(spec, { kind: 'keras' }, selfTestSeed), {
    batch,
    steps,
  });
  try {
    const data = randomBatch(batch, steps, 64);
    await network.trainStep(data, update);
    const began = performance.now();
    let count = 0;
    do {
      await network.trainStep(data, update);
      count++;
    } while (performance.now() - began < 500);
    const stepMs = (performance.now() - began) / count;
    return {
      backend: backend.name,
      kernel: backend.kernel,
      worst,
      stepMs,
      targetsPerSecond: (batch * steps * 1000) / stepMs,
    };
  } finally {
    network.dispose();
  }
}

async function worstDifference(backend: Backend): Promise<number> {
  const spec = lstm(20, 11);
  const parameters = await initialiseParameters(spec, { kind: 'keras' }, selfTestSeed);
  const limits = { batch: 5, steps: 9 };
  const data = randomBatch(limits.batch, limits.steps, 11);
  const results = [];
  for (const each of [backend, createReferenceBackend()]) {
    const network = await each.createNetwork(spec, parameters, limits);
    results.push(await network.gradients(data, 1, 0));
    network.dispose();
  }
  const [own, truth] = results;
  const largest = truth.gradients.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
  const off = own.gradients.reduce((most, g, i) => Math.max(most, Math.abs(g - truth.gradients[i])), 0);
  const worst = Math.max(off / largest, Math.abs(own.lossSum / truth.lossSum - 1));
  // NaN is always wrong, but comparisons with it are false.
  return Number.isFinite(worst) && own.gradients.every(Number.isFinite) ? worst : Infinity;
}

function lstm(units: number, vocabulary: number): NetworkSpec {
  return {
    cell: 'lstm',
    input: { kind: 'one-hot', vocabulary },
    layers: [{ units, dropout: 0 }],
    output: { kind: 'softmax', classes: vocabulary },
  };
}

function randomBatch(batch: number, steps: number, vocabulary: number): Batch {
  const random = new Random(selfTestSeed);
  const ids = (): number[] => Array.from({ length: batch * steps }, () => random.integer(vocabulary));
  return { batch, steps, inputs: Uint16Array.from(ids()), targets: Int32Array.from(ids()), state: 'zero' };
}

const update: Update = {
  ...updateDefaults,
  kind: 'adam',
  learningRate: 1e-4,
  clipNorm: 5,
  lossScale: 1 / 3840,
};
