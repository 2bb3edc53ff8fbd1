/** The commands about GPUs. */
import type { CommandTable } from '../commands';
import type { Services } from '../services';

type GpuCommand = 'inkling.setUpGpu' | 'inkling.showEngineReport';

export function gpuCommands({ gpu }: Pick<Services, 'gpu'>): CommandTable<GpuCommand> {
  return {
    'inkling.setUpGpu': () => gpu.setUp(),
    'inkling.showEngineReport': () => gpu.showReport(),
  };
}
