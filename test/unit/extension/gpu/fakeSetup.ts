/** Set Up GPU without a user: dialogs with prepared answers, and engines that record their calls. */
import type { GpuReport, SelfTestResult } from '../../../../src/common/gpuProtocol';
import type { EngineCaller } from '../../../../src/extension/engineHost/engineClient';
import type { SetupDialogs, SetupParts } from '../../../../src/extension/gpu/gpuSetup';

export const nothingInstalled: GpuReport = {
  node: 'v20.0.0',
  runtime: 'Electron 37',
  nodeProgram: '/code',
  platform: 'linux x64',
  modulesFolder: '/storage/gpu',
  nvidia: null,
  webgpu: { folder: null, version: null, device: null, problem: 'not installed' },
  tensorflow: { folder: null, version: null, device: null, problem: 'not installed' },
  wanted: { webgpu: 'webgpu@0.6.2', tensorflow: '@tensorflow/tfjs-node-gpu@4.22.0, CUDA 11.2 and cuDNN 8.1' },
};
export const installed = (problem: string | null): GpuReport => ({
  ...nothingInstalled,
  webgpu: { folder: '/storage/gpu/node_modules/webgpu', version: '0.6.2', device: problem ? null : 'Card', problem },
});
const selfTest = (backend: string): SelfTestResult => ({
  backend,
  kernel: backend === 'wasm' ? 'SIMD' : 'Card',
  worst: 1e-6,
  stepMs: backend === 'wasm' ? 80 : 2,
  targetsPerSecond: 1000,
});

export interface FakeSetup {
  parts: SetupParts;
  /** What happened, in order. */
  said: string[];
  answers: {
    package: Awaited<ReturnType<SetupDialogs['choosePackage']>>;
    node: string | undefined;
    reinstall: boolean;
    /** What each engine answers to describeGpu, by its program. */
    report: (program: string | undefined) => GpuReport;
    /** Thrown by the self-test of the GPU. */
    failure?: Error;
  };
}

export function fakeSetup(nodePath = ''): FakeSetup {
  const said: string[] = [];
  const answers: FakeSetup['answers'] = {
    package: 'webgpu',
    node: '/usr/bin/node',
    reinstall: true,
    report: () => nothingInstalled,
  };
  const dialogs: SetupDialogs = {
    choosePackage: async ({ node, folder }) => {
      said.push(`choose in ${folder}, ${typeof node === 'string' ? node : node.version}`);
      return answers.package;
    },
    chooseNode: async (found) => {
      said.push(`node? ${typeof found === 'string' ? found : found.path}`);
      return answers.node;
    },
    wantsReinstall: async (which, problem) => {
      said.push(`again? ${which}: ${problem}`);
      return answers.reinstall;
    },
    during: async (what, work) => {
      said.push(typeof what === 'string' ? what : `installing ${what.installing}`);
      return work((line) => said.push(`line: ${line}`), new AbortController().signal);
    },
    tell: async (which, { gpu, cpu }) => void said.push(`${which} ${gpu.stepMs} ms, ${cpu.backend} ${cpu.stepMs} ms`),
    showReport: async () => void said.push('report'),
  };
  const parts: SetupParts = {
    dialogs,
    folder: '/storage/gpu',
    nodePath,
    askNode: async (program) =>
      /old$/.test(program)
        ? `${program} is Node.js v18.0.0; the engine needs 20 or later.`
        : { path: program === 'node' ? '/usr/bin/node' : program, version: 'v22.1.0' },
    setNodePath: async (path) => void said.push(`set ${path}`),
    changed: () => said.push('changed'),
    startEngine({ program, modulesFolder }) {
      said.push(`start ${program ?? 'own'} with ${modulesFolder}`);
      const call = async (method: string, params: object, options?: { onEvent?: (event: unknown) => void }) => {
        said.push(`${method} ${JSON.stringify(params)}`);
        if (method === 'describeGpu') return answers.report(program);
        if (method === 'installGpu') return options?.onEvent?.({ line: 'added 1 package' });
        const { which } = params as { which: string };
        if (which !== 'wasm' && answers.failure) throw answers.failure;
        return selfTest(which);
      };
      return { call: call as EngineCaller['call'], dispose: () => said.push('stop') };
    },
  };
  return { parts, said, answers };
}
