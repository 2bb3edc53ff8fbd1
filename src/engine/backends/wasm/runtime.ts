/**
 * The builds of the kernels and the choice among them: `relaxed` (with fused multiply-add) if the runtime supports it,
 * else `simd`, else `scalar`. V8 13 and later on x64 can also combine neighbouring 128-bit operations into 256-bit ones
 * ("revectorize", off by default); the kernels are arranged for that and become two to three times as fast. It is
 * enabled here, before the first kernel is compiled, and checked by `computesExactly` before it is trusted.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as v8 from 'node:v8';
import { InklingError } from '../../../common/errors';
import { sentence } from '../../../common/l10n';
import { distFolder } from '../../paths';
import type { Kernels } from './kernels';

export const kernelNames = ['scalar', 'simd', 'relaxed'] as const;
export type KernelName = (typeof kernelNames)[number];

/** The first bytes of the memory, which hold the constants of the kernels. */
export const reservedBytes = 1024;

/** The initial value of `multiply`: zero, or the content of the result; otherwise the address of a row (a bias). */
export const fromZero = 0;
export const fromResult = 1;

const pageBytes = 65536;
const [nodeMajor] = process.versions.node.split('.').map(Number);
const [v8Major] = process.versions.v8.split('.').map(Number);

/** Node 20 supports relaxed SIMD only with a flag, which must be set before compiling; setting it twice is harmless. */
function setEngineFlags(joinLanes: boolean): void {
  if (nodeMajor < 22) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
  // An older V8 would print "unrecognized flag".
  if (v8Major >= 13 && process.arch === 'x64') {
    v8.setFlagsFromString(joinLanes ? '--experimental-wasm-revectorize' : '--no-experimental-wasm-revectorize');
  }
}

const modules = new Map<KernelName, WebAssembly.Module | undefined>();

/** The compiled build, or undefined if the runtime rejects it. */
export function kernelModule(name: KernelName): WebAssembly.Module | undefined {
  if (!modules.has(name)) {
    setEngineFlags(true);
    const bytes = fs.readFileSync(path.join(distFolder(), 'kernels', `${name}.wasm`));
    let module: WebAssembly.Module | undefined;
    if (WebAssembly.validate(bytes)) {
      module = new WebAssembly.Module(bytes);
      if (!computesExactly(module)) {
        setEngineFlags(false);
        module = new WebAssembly.Module(bytes);
      }
    }
    modules.set(name, module);
  }
  return modules.get(name);
}

/** The best build that runs here, or the requested one. Throws `backendUnavailable` if that one does not run. */
export function chooseKernels(wanted?: KernelName): { name: KernelName; module: WebAssembly.Module } {
  for (const name of wanted ? [wanted] : [...kernelNames].reverse()) {
    const module = kernelModule(name);
    if (module) return { name, module };
  }
  throw new InklingError(
    'backendUnavailable',
    `The ${wanted ?? 'wasm'} kernels do not run on Node ${process.version}; use Node 20 or later.`,
  );
}

/** Shared memory of at least `bytes`, all zeros. Throws `outOfMemory`. */
export function createMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / pageBytes);
  const megabytes = Math.ceil(bytes / 1e6);
  if (pages > 65536)
    throw new InklingError(
      'outOfMemory',
      sentence(
        'This network would need {0} MB; the limit is 4,295 MB. Choose fewer units, a smaller batch or fewer steps.',
        megabytes,
      ),
    );
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new InklingError(
      'outOfMemory',
      sentence(
        '{0} MB of memory could not be allocated. Choose fewer units, a smaller batch or fewer steps.',
        megabytes,
      ),
      { cause },
    );
  }
}

/** The kernels, working on `memory`. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const abort = (): never => {
    throw new InklingError('internal', 'A kernel stopped.');
  };
  return new WebAssembly.Instance(module, { env: { memory, abort } }).exports as unknown as Kernels;
}

/**
 * Compares a small product of integers, which is exact in any order and with any fusing, with plain arithmetic, after
 * repeating it until V8 has compiled optimised code. Guards against a miscompiled kernel: revectorisation is marked
 * experimental in V8.
 */
function computesExactly(module: WebAssembly.Module): boolean {
  const memory = createMemory(4 * pageBytes);
  const kernels = instantiate(module, memory);
  const numbers = new Float32Array(memory.buffer);
  const rows = 11;
  const panels = 5;
  const [a, w, c] = [reservedBytes, 16384, 131072];
  for (let i = 0; i < rows * panels * 16; i++) numbers[a / 4 + i] = ((i * 7) % 17) - 8;
  for (let i = 0; i < panels * panels * 256; i++) numbers[w / 4 + i] = ((i * 5) % 13) - 6;
  for (let round = 0; round < 200; round++)
    kernels.multiply(c, rows * 64, a, rows * 64, w, rows, panels, panels, fromZero);
  for (let r = 0; r < rows; r++) {
    for (let n = 0; n < panels * 16; n++) {
      let sum = 0;
      for (let k = 0; k < panels * 16; k++) {
        const x = numbers[a / 4 + (k >> 4) * rows * 16 + r * 16 + (k & 15)];
        sum += x * numbers[w / 4 + (n >> 4) * panels * 256 + k * 16 + (n & 15)];
      }
      if (numbers[c / 4 + (n >> 4) * rows * 16 + r * 16 + (n & 15)] !== sum) return false;
    }
  }
  return true;
}
