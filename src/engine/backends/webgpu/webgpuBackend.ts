/**
 * The WebGPU backend: Inkling's own shaders on any GPU with Vulkan, Metal or Direct3D 12, through the package `webgpu`
 * (Dawn). A training step is one command buffer and one small read-back.
 */
import { checkNetworkSpec } from '../../model/networkSpec';
import { InklingError } from '../../../common/errors';
import type { Backend, BackendInfo } from '../backend';
import { Device } from './device';
import type { Gpu } from './gpuApi';
import { loadWebgpu } from './loadModule';
import { WebgpuNetwork } from './webgpuNetwork';
import type { Tuning } from './workspace';

export interface WebgpuOptions {
  /** The folder in which the package `webgpu` is installed. */
  modulesFolder?: string;
  /** Whether to keep activations in 16 bits: half the memory and memory traffic. The GPU must support it. */
  half?: boolean;
  /** Whether to reject software adapters: the wasm backend is faster on the CPU. */
  hardwareOnly?: boolean;
  /** Flags for Dawn, for tests and trials. */
  flags?: string[];
  /** For tests. */
  tuning?: Tuning;
}

/**
 * Workgroup memory is not zeroed first: no shader here reads what it did not write, and software adapters then compile
 * a shader in a tenth of the time.
 */
const withoutZeroing = 'enable-dawn-features=disable_workgroup_init';

/**
 * What the package's `create` returned, for the lifetime of the process: an instance without a reference is collected,
 * which crashes the process, even if its devices have been destroyed.
 */
const instances = new Map<string, Gpu>();

async function gpuOf({ modulesFolder, flags = [] }: WebgpuOptions): Promise<Gpu> {
  const { create } = await loadWebgpu(modulesFolder);
  const key = JSON.stringify([modulesFolder, flags]);
  let gpu = instances.get(key);
  if (!gpu) instances.set(key, (gpu = create([withoutZeroing, ...flags])));
  return gpu;
}

/** Throws `backendUnavailable` if the package or a GPU is missing, or the GPU does not support the options. */
export async function createWebgpuBackend(options: WebgpuOptions = {}): Promise<Backend> {
  const gpu = await gpuOf(options);
  const device = await Device.open(gpu, options);
  if (options.half && !device.hasHalf) {
    device.dispose();
    throw new InklingError(
      'backendUnavailable',
      'This GPU does not support 16-bit floats: leave 16-bit storage off (--half, or the setting inkling.engine.half).',
    );
  }
  const kernel = `${device.name}${options.half ? ', 16-bit activations' : ''}`;
  const info: BackendInfo = { name: 'webgpu', kernel, threads: 1 };
  const tuning: Tuning = { ...options.tuning, stored: options.half ? 'f16' : 'f32' };
  return {
    ...info,
    createNetwork: async (spec, parameters, limits) => {
      checkNetworkSpec(spec);
      return WebgpuNetwork.create(info, device, spec, parameters, limits, tuning);
    },
    dispose: async () => device.dispose(),
  };
}
