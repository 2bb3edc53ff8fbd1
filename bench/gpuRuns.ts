/**
 * The measurements of bench/gpu.mjs, each as one line of JSON: host time of a training step where the device does nothing,
 * and targets a second where it does.
 *
 *   node gpuRuns.js host <modules folder>                     WebGPU on Dawn's null device
 *   node gpuRuns.js host-tensorflow <modules folder>          TensorFlow, cuDNN's operation replaced by nothing
 *   node gpuRuns.js speed <backend> <modules folder> <cases>  cases: JSON of { layers, units, batch }
 */
import { updateDefaults, type Backend, type Batch } from '../src/engine/backends/backend';
import { createBackend } from '../src/engine/backends/index';
import {
  loadTensorflow,
  type OpAttribute,
  type TensorflowBinding,
  type TensorHandle,
} from '../src/engine/backends/tensorflow/binding';
import { createTensorflowBackend } from '../src/engine/backends/tensorflow/tensorflowBackend';
import { createWebgpuBackend } from '../src/engine/backends/webgpu/webgpuBackend';
import { initialiseParameters } from '../src/engine/model/initialisation';
import type { NetworkSpec } from '../src/engine/model/networkSpec';
import { Random } from '../src/engine/random';

export interface Case {
  layers: number;
  units: number;
  batch: number;
}

const steps = 60;
const vocabulary = 64;

async function median(backend: Backend, { layers, units, batch }: Case, ms: number): Promise<number> {
  const spec: NetworkSpec = {
    cell: 'lstm',
    input: { kind: 'one-hot', vocabulary },
    layers: Array.from({ length: layers }, () => ({ units, dropout: 0 })),
    output: { kind: 'softmax', classes: vocabulary },
  };
  const random = new Random(1);
  const ids = (): number[] => Array.from({ length: batch * steps }, () => random.integer(vocabulary));
  const data: Batch = {
    batch,
    steps,
    inputs: Uint16Array.from(ids()),
    targets: Int32Array.from(ids()),
    state: 'carry',
  };
  const limits = { batch, steps };
  const network = await backend.createNetwork(spec, await initialiseParameters(spec, { kind: 'keras' }, 1), limits);
  const train = async (): Promise<number> => {
    const began = performance.now();
    await network.trainStep(data, {
      ...updateDefaults,
      kind: 'adam',
      learningRate: 1e-3,
      clipNorm: 5,
      lossScale: 1 / (batch * steps),
    });
    return performance.now() - began;
  };
  const times: number[] = [];
  for (let i = 0; i < 3; i++) await train();
  const end = performance.now() + ms;
  do times.push(await train());
  while (performance.now() < end);
  network.dispose();
  return times.sort((a, b) => a - b)[times.length >> 1];
}

/** TensorFlow with cuDNN's operation on a device that takes no time: zeros of the right shapes. */
function withoutCudnn(real: TensorflowBinding): TensorflowBinding {
  const shapes = new Map<number, number[]>();
  const createTensor: TensorflowBinding['createTensor'] = (shape, dtype, values) => {
    const id = real.createTensor(shape, dtype, values);
    shapes.set(id, shape);
    return id;
  };
  const zeros = (shape: number[]): TensorHandle => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    return { id: createTensor(shape, real.TF_FLOAT, values), shape, dtype: real.TF_FLOAT };
  };
  const executeOp = (name: string, attributes: OpAttribute[], inputs: number[], outputs: number): TensorHandle[] => {
    let made: TensorHandle[];
    if (name === 'CudnnRNN') {
      const [[T, B], [, , H]] = [shapes.get(inputs[0])!, shapes.get(inputs[1])!];
      made = [[T, B, H], [1, B, H], [1, B, H], [1]].map(zeros);
    } else if (name === 'CudnnRNNBackprop') made = inputs.slice(0, 4).map((id) => zeros(shapes.get(id)!));
    else made = real.executeOp(name, attributes, inputs, outputs);
    for (const { id, shape } of made) shapes.set(id, shape);
    return made;
  };
  return Object.create(real, {
    createTensor: { value: createTensor },
    executeOp: { value: executeOp },
  }) as TensorflowBinding;
}

async function main([what, ...rest]: string[]): Promise<void> {
  const say = (result: object): void => console.log(JSON.stringify(result));
  if (what === 'host') {
    const backend = await createWebgpuBackend({ modulesFolder: rest[0], flags: ['backend=null'] });
    for (const units of [128, 512]) say({ units, ms: await median(backend, { layers: 1, units, batch: 64 }, 1500) });
    await backend.dispose();
  } else if (what === 'host-tensorflow') {
    const binding = withoutCudnn(loadTensorflow(rest[0]));
    const backend = await createTensorflowBackend({ binding, form: 'cudnn' });
    // One row, so that the CPU spends little time in the other operations.
    say({ units: 128, ms: await median(backend, { layers: 1, units: 128, batch: 1 }, 1500) });
    await backend.dispose();
  } else {
    const [name, modulesFolder, cases] = rest;
    const backend = await createBackend(name as Backend['name'], { modulesFolder });
    for (const each of JSON.parse(cases) as Case[]) {
      const ms = await median(backend, each, 3000);
      say({ ...each, kernel: backend.kernel, targetsPerSecond: (each.batch * steps * 1000) / ms });
    }
    await backend.dispose();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
