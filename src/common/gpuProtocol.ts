/** The data about GPUs that the engine sends to the editor and the command line. Plain JSON. */

import type { Told } from './l10n';

/** What Set Up GPU can install. */
export type GpuPackage = 'webgpu' | 'tensorflow';

export interface GpuPackageReport {
  folder: string | null;
  version: string | null;
  /** The device; null if there is a problem. */
  device: string | null;
  problem: Told | null;
}

export interface GpuReport {
  /** The version of the Node.js that runs the engine, whether it is VS Code's own, and its executable. */
  node: string;
  runtime: string;
  nodeProgram: string;
  platform: string;
  modulesFolder: string | null;
  /** Cards and drivers as reported by NVIDIA's tool; null without it. */
  nvidia: string | null;
  webgpu: GpuPackageReport;
  tensorflow: GpuPackageReport;
  /** Packages and libraries needed by Set Up GPU and the backends. */
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

/** Further methods of the engine. `modulesFolder`: by default the one the engine was started with. */
export interface GpuMethods {
  describeGpu: { params: { modulesFolder?: string }; result: GpuReport; event: never };
  installGpu: { params: { folder: string; which: GpuPackage }; result: GpuReport; event: { line: string } };
  selfTestGpu: { params: { which: GpuPackage | 'wasm'; modulesFolder?: string }; result: SelfTestResult; event: never };
}
