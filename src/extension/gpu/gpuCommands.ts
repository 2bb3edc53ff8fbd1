/** The GPU commands. */
import type { CommandTable } from '../commands';
import type { Parts } from '../parts';

type GpuCommand = 'inkling.setUpGpu' | 'inkling.showEngineReport';

export function gpuCommands({ gpu }: Parts): CommandTable<GpuCommand> {
  return {
    'inkling.setUpGpu': () => gpu.setUp(),
    'inkling.showEngineReport': () => gpu.showReport(),
  };
}
