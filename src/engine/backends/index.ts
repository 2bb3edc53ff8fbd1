/** Picks and creates a backend by name. */
import type { BackendChoice } from '../../common/engineProtocol';
import type { Backend, NewStepper } from './backend';
import { AutoBackend, type Choice } from './choose';
import { FallbackBackend } from './fallback';
import { createReferenceBackend } from './reference/referenceBackend';
import { createWasmBackend } from './wasm/wasmBackend';
import { createWasmStepper } from './wasm/wasmStepper';
import { findTensorflow } from './tensorflow/binding';
import { createTensorflowBackend } from './tensorflow/tensorflowBackend';
import { findWebgpu } from './webgpu/loadModule';
import { createWebgpuBackend } from './webgpu/webgpuBackend';

export interface BackendOptions {
  threads?: number;
  /** Where GPU packages are installed; by default the folder in the environment variable INKLING_MODULES. */
  modulesFolder?: string;
  /** WebGPU: keep activations in 16 bits. */
  half?: boolean;
  /** `auto` has measured and chosen. */
  onChoice?: (choice: Choice) => void;
  /** `auto` could not try a backend whose package is installed; why, for people. */
  onUnavailable?: (message: string) => void;
  /** The GPU failed and the wasm backend goes on, for people. */
  onFallback?: (message: string) => void;
}

/** What writes with a network's weights, whichever backend trained them. */
export const createStepper: NewStepper = (spec, parameters) => createWasmStepper(spec, parameters);

/** The folder with the GPU packages that counts where no other is named. */
export function defaultModulesFolder(): string | undefined {
  return process.env.INKLING_MODULES || undefined;
}

/**
 * `auto` is the wasm backend unless GPU packages are installed; then the fastest of all, measured on the first network.
 * Throws `backendUnavailable` for a backend that is not to be had.
 */
export async function createBackend(choice: BackendChoice, options: BackendOptions = {}): Promise<Backend> {
  const { threads, half, onChoice, onUnavailable, onFallback = (): void => {} } = options;
  const modulesFolder = options.modulesFolder ?? defaultModulesFolder();
  const wasm = (): Promise<Backend> => createWasmBackend({ threads });
  const webgpu = (hardwareOnly = false): Promise<Backend> => createWebgpuBackend({ modulesFolder, half, hardwareOnly });
  const tensorflow = (): Promise<Backend> => createTensorflowBackend({ modulesFolder });
  const guard = (backend: Backend): Backend => new FallbackBackend(backend, { spare: wasm, onFallback });
  switch (choice) {
    case 'auto': {
      const candidates = [wasm];
      // A GPU in software runs on the same cores as wasm, and compiling its shaders alone takes seconds.
      if (findWebgpu(modulesFolder)) candidates.push(() => webgpu(true));
      if (findTensorflow(modulesFolder)) candidates.push(tensorflow);
      return candidates.length === 1 ? wasm() : AutoBackend.create({ candidates, guard, onChoice, onUnavailable });
    }
    case 'wasm':
      return wasm();
    case 'reference':
      return createReferenceBackend();
    case 'webgpu':
      return guard(await webgpu());
    case 'tensorflow':
      return guard(await tensorflow());
  }
}
