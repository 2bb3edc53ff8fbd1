/**
 * The TensorFlow backend: eager operations of `@tensorflow/tfjs-node-gpu` (NVIDIA, cuDNN's fused recurrent operation) or
 * `@tensorflow/tfjs-node` (CPU, BlockLSTMV2), called through the package's addon, without tf.layers.
 */
import { InklingError } from '../../../common/errors';
import { sentence } from '../../../common/l10n';
import { checkNetworkSpec } from '../../model/networkSpec';
import type { Backend, BackendInfo } from '../backend';
import { cudaWanted, findTensorflow, loadTensorflow, type TensorflowBinding } from './binding';
import { Ops } from './ops';
import type { RecurrentForm } from './recurrent';
import { TensorflowNetwork } from './tensorflowNetwork';

export interface TensorflowOptions {
  /** The folder in which one of the packages is installed. */
  modulesFolder?: string;
  /** The form of recurrent layers; by default, the fastest that the device supports. */
  form?: RecurrentForm['name'];
  /** Instead of the addon. */
  binding?: TensorflowBinding;
}

/** Throws `backendUnavailable` if the package, or a library that it needs, is missing. */
export async function createTensorflowBackend(options: TensorflowOptions = {}): Promise<Backend> {
  const binding = options.binding ?? loadTensorflow(options.modulesFolder);
  const onGpu = binding.isUsingGpuDevice();
  const found = options.binding ? undefined : findTensorflow(options.modulesFolder);
  if (found?.name === '@tensorflow/tfjs-node-gpu' && !onGpu) {
    throw new InklingError(
      'backendUnavailable',
      sentence(
        'TensorFlow {0} found no NVIDIA GPU: it needs a driver, {1}. Use the backend webgpu or wasm (--backend, or inkling.engine.backend in VS Code).',
        String(binding.TF_Version),
        cudaWanted,
      ),
    );
  }
  const form = options.form ?? (onGpu ? 'cudnn' : 'block');
  const ops = new Ops(binding);
  const kernel = `TensorFlow ${binding.TF_Version}, ${onGpu ? 'NVIDIA GPU' : 'CPU'}, ${form}`;
  const info: BackendInfo = { name: 'tensorflow', kernel, threads: 1 };
  return {
    ...info,
    createNetwork: async (spec, parameters, limits) => {
      checkNetworkSpec(spec);
      return new TensorflowNetwork(info, ops, spec, limits, form, parameters);
    },
    dispose: async () => ops.freeConstants(),
  };
}
