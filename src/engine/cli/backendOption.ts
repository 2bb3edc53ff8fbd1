/** The options --backend, --threads and --half. */
import type { ComputeRequest } from '../../common/engineProtocol';
import { createBackend } from '../backends';
import type { Backend } from '../backends/backend';
import { choiceOption, numberOption, UsageError } from './usage';

const choices = ['auto', 'wasm', 'tensorflow', 'webgpu', 'reference'] as const;

export interface BackendValues {
  backend?: string;
  threads?: string;
  half?: boolean;
}

/** Throws `UsageError`. */
export function computeRequest({ backend, threads, half }: BackendValues): ComputeRequest {
  const choice = choiceOption('backend', backend, choices) ?? 'auto';
  if (half && choice !== 'webgpu') throw new UsageError('--half stores in 16 bits on a GPU: add --backend webgpu.');
  return { backend: choice, half, threads: numberOption('threads', threads, { low: 1, high: 64, whole: true }) };
}

/** Runs `use` with one backend, which is always disposed of afterwards; `auto` means wasm here. */
export async function withBackend<R>(values: BackendValues, use: (backend: Backend) => Promise<R>): Promise<R> {
  const { backend: choice, ...options } = computeRequest(values);
  const backend = await createBackend(!choice || choice === 'auto' ? 'wasm' : choice, options);
  try {
    return await use(backend);
  } finally {
    await backend.dispose();
  }
}
