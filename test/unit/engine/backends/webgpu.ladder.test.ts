/** The correctness ladder on the WebGPU backend, on a software adapter. */
import type { Backend } from '../../../../src/engine/backends/backend';
import { createWebgpuBackend } from '../../../../src/engine/backends/webgpu/webgpuBackend';
import { gpuModules } from '../../../support/gpu';
import { climbLadder } from '../../../support/ladder';

describe('webgpu backend', function () {
  // A software adapter takes seconds to compile each shader.
  this.timeout(300_000);
  let webgpu: Backend;
  before(async function () {
    webgpu = await createWebgpuBackend({ modulesFolder: gpuModules(this) });
  });
  after(() => webgpu?.dispose());

  climbLadder(() => webgpu, 'short');
});
