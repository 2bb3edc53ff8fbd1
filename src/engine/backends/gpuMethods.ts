/** The engine's implementation of GpuMethods (src/common/gpuProtocol.ts). */
import type { GpuMethods } from '../../common/gpuProtocol';
import type { Handlers } from '../../common/rpc/methods';
import { describeGpu, installGpuPackages, selfTest } from './gpuReport';
import { createBackend, defaultModulesFolder } from './createBackend';

export const gpuMethods: Handlers<GpuMethods> = {
  describeGpu: ({ modulesFolder = defaultModulesFolder() }) => describeGpu(modulesFolder),

  installGpu: async ({ folder, which }, { onEvent, signal }) => {
    await installGpuPackages(folder, which, (line) => onEvent({ line }), { signal });
    return describeGpu(folder);
  },

  selfTestGpu: async ({ which, modulesFolder = defaultModulesFolder() }) => {
    const backend = await createBackend(which, { modulesFolder });
    try {
      return await selfTest(backend);
    } finally {
      await backend.dispose();
    }
  },
};
