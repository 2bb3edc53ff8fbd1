/**
 * The native addon of `@tensorflow/tfjs-node` (or `-gpu`): eager TensorFlow operations on handles. Only the addon is
 * loaded, at run time, from where the user installed the package; the package's JavaScript (which needs polyfills on
 * Node 23 and later, tfjs#8609) is not used.
 */
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { InklingError } from '../../../common/errors';
import { sentence } from '../../../common/l10n';

/** One attribute of an operation; `type` is one of the binding's TF_ATTR numbers. */
export interface OpAttribute {
  name: string;
  type: number;
  value: boolean | number | string | number[];
}

/** A tensor that TensorFlow holds. */
export interface TensorHandle {
  id: number;
  shape: number[];
  dtype: number;
}

/** The part of the addon's interface that this backend uses (binding/tfjs_binding.cc of the package). */
export interface TensorflowBinding {
  /** The tensor shares the array's memory: it must not change afterwards. */
  createTensor(shape: number[], dtype: number, values: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  /** Waits for the value; the array is a copy. */
  tensorDataSync(id: number): Float32Array | Int32Array;
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): TensorHandle[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_Version: string;
}

/** The version that is installed and tested. */
export const tensorflowVersion = '4.22.0';
/** What the prebuilt libtensorflow 2.9.1 of tfjs-node-gpu 4.22.0 was built for. */
export const cudaWanted = 'CUDA 11.2 and cuDNN 8.1';

export interface TensorflowPackage {
  name: '@tensorflow/tfjs-node-gpu' | '@tensorflow/tfjs-node';
  folder: string;
  /** The addon, if it was downloaded or built. */
  addon: string | undefined;
}

/** The package in `modulesFolder`, preferring the one for GPUs. */
export function findTensorflow(modulesFolder: string | undefined): TensorflowPackage | undefined {
  if (!modulesFolder) return undefined;
  const found: TensorflowPackage[] = [];
  for (const name of ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const) {
    for (const folder of [path.resolve(modulesFolder, 'node_modules', name), path.resolve(modulesFolder, name)]) {
      if (fs.existsSync(path.join(folder, 'package.json'))) found.push({ name, folder, addon: addonOf(folder) });
    }
  }
  return found.find(({ addon }) => addon) ?? found[0];
}

/** lib/napi-v<n>/tfjs_binding.node with the highest available n. */
function addonOf(folder: string): string | undefined {
  const lib = path.join(folder, 'lib');
  if (!fs.existsSync(lib)) return undefined;
  return fs
    .readdirSync(lib)
    .filter((name) => /^napi-v\d+$/.test(name))
    .sort((a, b) => Number(b.slice(6)) - Number(a.slice(6)))
    .map((name) => path.join(lib, name, 'tfjs_binding.node'))
    .find((file) => fs.existsSync(file));
}

/** Throws `backendUnavailable`, naming what is missing. */
export function loadTensorflow(modulesFolder: string | undefined): TensorflowBinding {
  const found = findTensorflow(modulesFolder);
  if (!found) {
    throw new InklingError(
      'backendUnavailable',
      sentence(
        'TensorFlow was not found{0}: run "Inkling: Set Up GPU…", or "{1}" in a folder and name it in inkling.engine.modulesPath (on the command line: the environment variable INKLING_MODULES).',
        modulesFolder ? sentence(' in {0}', modulesFolder) : '',
        `npm install @tensorflow/tfjs-node-gpu@${tensorflowVersion}`,
      ),
    );
  }
  if (!found.addon) {
    throw new InklingError(
      'backendUnavailable',
      sentence(
        '{0} in {1} has no native addon: its install step could not download it. Install it again with a connection, or use the backend wasm (--backend wasm, or inkling.engine.backend in VS Code).',
        found.name,
        found.folder,
      ),
    );
  }
  // Before the library starts: it would allocate all of the GPU's memory, and its log is meant for its developers.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    const binding = createRequire(found.addon)(found.addon) as TensorflowBinding;
    binding.isUsingGpuDevice();
    return binding;
  } catch (error) {
    throw loadError(found, error);
  }
}

function loadError({ name, addon }: TensorflowPackage, error: unknown): InklingError {
  const message = error instanceof Error ? error.message : String(error);
  const library = /lib(cudart|cublas|cublasLt|cufft|curand|cusolver|cusparse|cudnn|nvinfer)[\w.]*/.exec(message)?.[0];
  const remedy = library
    ? sentence(
        'The library {0} was not found: {1} needs {2}; install them and add their folder to LD_LIBRARY_PATH (Windows: PATH).',
        library,
        `${name} ${tensorflowVersion}`,
        cudaWanted,
      )
    : sentence(
        '{0} did not load ({1}). Install it again for this Node ({2}), or use the backend wasm (--backend wasm, or inkling.engine.backend in VS Code).',
        name,
        message,
        process.version,
      );
  return new InklingError('backendUnavailable', remedy, { cause: new Error(`${addon}: ${message}`) });
}
