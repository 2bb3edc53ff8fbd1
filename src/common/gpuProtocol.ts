/** What the engine says about GPUs to the editor and the command line. Plain JSON. */

/** What Set Up GPU can install. */
export type GpuPackage = 'webgpu' | 'tensorflow';

export interface GpuPackageReport {
  folder: string | null;
  version: string | null;
  /** What it computes on; null with a problem. */
  device: string | null;
  problem: string | null;
}

export interface GpuReport {
  /** Version of the Node that runs the engine, whether that is VS Code's own, and its program. */
  node: string;
  runtime: string;
  nodeProgram: string;
  platform: string;
  modulesFolder: string | null;
  /** Cards and drivers as NVIDIA's own tool names them; null without it. */
  nvidia: string | null;
  webgpu: GpuPackageReport;
  tensorflow: GpuPackageReport;
  /** Packages and libraries that Set Up GPU and the backends ask for. */
  wanted: Record<GpuPackage, string>;
}

export interface SelfTestResult {
  backend: string;
  kernel: string;
  /** Largest relative difference from the reference. */
  worst: number;
  /** A training step of LSTM 1 × 128, 60 steps of 64 rows. */
  stepMs: number;
  targetsPerSecond: number;
}

/** Methods that the engine answers beside EngineMethods. `modulesFolder`: by default the one the engine was started with. */
export interface GpuMethods {
  describeGpu: { params: { modulesFolder?: string }; result: GpuReport; event: never };
  installGpu: { params: { folder: string; which: GpuPackage }; result: GpuReport; event: { line: string } };
  selfTestGpu: { params: { which: GpuPackage | 'wasm'; modulesFolder?: string }; result: SelfTestResult; event: never };
}
