/** Creates backends by name, and lists those that are installed. */
import type { Backend, BackendInfo } from './backend';
import { createReferenceBackend } from './reference/referenceBackend';
import { findTensorflow } from './tensorflow/binding';
import { createTensorflowBackend } from './tensorflow/tensorflowBackend';
import { chooseKernels } from './wasm/runtime';
import { createWasmBackend, defaultThreads } from './wasm/wasmBackend';
import { findWebgpu } from './webgpu/loadModule';
import { createWebgpuBackend } from './webgpu/webgpuBackend';

export interface BackendOptions {
  /** wasm: by default, as many as suit this machine. */
  threads?: number;
  /** Where GPU packages are installed; by default the folder in the environment variable INKLING_MODULES. */
  modulesFolder?: string;
  /** WebGPU: whether to keep activations in 16 bits. */
  half?: boolean;
  /** WebGPU: whether to reject software adapters. */
  hardwareOnly?: boolean;
}

/** Throws `backendUnavailable` for a backend that is not available, `invalidInput` for an invalid number of threads. */
export async function createBackend(name: Backend['name'], options: BackendOptions = {}): Promise<Backend> {
  const { threads, half, hardwareOnly, modulesFolder = defaultModulesFolder() } = options;
  switch (name) {
    case 'wasm':
      return createWasmBackend({ threads });
    case 'reference':
      return createReferenceBackend();
    case 'webgpu':
      return createWebgpuBackend({ modulesFolder, half, hardwareOnly });
    case 'tensorflow':
      return createTensorflowBackend({ modulesFolder });
  }
}

/** The backend that is used by default. Throws `backendUnavailable` if Node is too old. */
export function defaultBackend(): BackendInfo {
  return { name: 'wasm', kernel: chooseKernels().name, threads: defaultThreads() };
}

/** The folder of the GPU packages, unless another one is named. */
export function defaultModulesFolder(): string | undefined {
  return process.env.INKLING_MODULES || undefined;
}

/** The GPU backends whose packages are installed. */
export function installedGpus(modulesFolder = defaultModulesFolder()): ('webgpu' | 'tensorflow')[] {
  return [
    ...(findWebgpu(modulesFolder) ? (['webgpu'] as const) : []),
    ...(findTensorflow(modulesFolder) ? (['tensorflow'] as const) : []),
  ];
}
