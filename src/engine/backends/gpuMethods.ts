/** The engine's answers to GpuMethods (src/common/gpuProtocol.ts), for its table of methods. */
import type { GpuMethods, GpuPackage } from '../../common/gpuProtocol';
import type { Handlers } from '../../common/rpc/methods';
import type { Backend } from './backend';
import { describeGpu, installGpuPackages, selfTest } from './gpuReport';
import { defaultModulesFolder } from './index';
import { createTensorflowBackend } from './tensorflow/tensorflowBackend';
import { createWasmBackend } from './wasm/wasmBackend';
import { createWebgpuBackend } from './webgpu/webgpuBackend';

export const gpuMethods: Handlers<GpuMethods> = {
  describeGpu: ({ modulesFolder = defaultModulesFolder() }) => describeGpu(modulesFolder),

  installGpu: async ({ folder, which }, { onEvent, signal }) => {
    await installGpuPackages(folder, which, (line) => onEvent({ line }), { signal });
    return describeGpu(folder);
  },

  selfTestGpu: async ({ which, modulesFolder = defaultModulesFolder() }) => {
    const backend = await createBackendOf(which, modulesFolder);
    try {
      return await selfTest(backend);
    } finally {
      await backend.dispose();
    }
  },
};

/** Without the wrappers of createBackend: a test must fail where the backend does. */
function createBackendOf(which: GpuPackage | 'wasm', modulesFolder: string | undefined): Promise<Backend> {
  switch (which) {
    case 'wasm':
      return createWasmBackend({});
    case 'webgpu':
      return createWebgpuBackend({ modulesFolder });
    case 'tensorflow':
      return createTensorflowBackend({ modulesFolder });
  }
}
