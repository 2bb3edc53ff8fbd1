/**
 * The backend of one training run: the one that was asked for, or wasm where that is not to be had, since a run on the
 * CPU is better than none. Why it is this one stands in the run's `start` event; what goes wrong later becomes a notice.
 */
import type { ComputeRequest } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import type { TrainEvent } from '../../common/trainEvents';
import { defaultModulesFolder, type createBackend } from '../backends';
import type { Backend } from '../backends/backend';
import { findTensorflow } from '../backends/tensorflow/binding';
import { findWebgpu } from '../backends/webgpu/loadModule';

export type NewBackend = typeof createBackend;

/** Runs `work` with the backend, which is disposed of afterwards. `work` sends its events through the function it gets. */
export async function withRunBackend<R>(
  newBackend: NewBackend,
  { backend: choice = 'auto', threads, half }: ComputeRequest,
  onEvent: (event: TrainEvent) => void,
  work: (backend: Backend, onEvent: (event: TrainEvent) => void) => Promise<R>,
): Promise<R> {
  const reasons: string[] = [];
  if (choice === 'auto' && !gpuPackageInstalled()) reasons.push('No GPU package is installed.');
  /** Where the run stands; undefined before its `start` event, which comes first. */
  let step: number | undefined;
  const early: string[] = [];
  const say = (message: string): void => {
    if (step === undefined) early.push(message);
    else onEvent({ event: 'notice', step, kind: 'backend', message });
  };
  const options = {
    threads,
    half,
    onChoice: (chosen: { reason: string }): void => void reasons.push(chosen.reason),
    onUnavailable: (message: string): void => void reasons.push(message),
    onFallback: say,
  };
  const open = async (): Promise<Backend> => {
    try {
      return await newBackend(choice, options);
    } catch (error) {
      const { code, message } = asInklingError(error);
      if (code !== 'backendUnavailable') throw error;
      reasons.push(message);
      say(`${message} Going on with wasm.`);
      return newBackend('wasm', { threads });
    }
  };
  const backend = await open();
  try {
    return await work(backend, (event) => {
      if (event.event !== 'start') {
        if ('step' in event) step = event.step;
        return onEvent(event);
      }
      step = event.fromStep;
      onEvent({ ...event, backendReason: reasons.join(' ') || undefined });
      for (const message of early.splice(0)) say(message);
    });
  } finally {
    await backend.dispose();
  }
}

function gpuPackageInstalled(): boolean {
  const folder = defaultModulesFolder();
  return findWebgpu(folder) !== undefined || findTensorflow(folder) !== undefined;
}
