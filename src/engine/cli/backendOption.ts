/** The backend that --backend, --threads and --half ask for. */
import type { Backend } from '../backends/backend';
import { createBackend } from '../backends/index';
import { choiceOption, numberOption, UsageError } from './usage';

const choices = ['auto', 'wasm', 'tensorflow', 'webgpu', 'reference'] as const;

/**
 * Runs `use` with the backend, which is disposed of afterwards whatever happens. What `auto` chose and why, and a GPU that
 * fails, are told on the error output.
 */
export async function withBackend<R>(
  options: { backend?: string; threads?: string; half?: boolean },
  use: (backend: Backend) => Promise<R>,
): Promise<R> {
  const choice = choiceOption('backend', options.backend, choices) ?? 'auto';
  const { half } = options;
  if (half && choice !== 'webgpu') throw new UsageError('--half stores in 16 bits on a GPU: add --backend webgpu.');
  const threads = numberOption('threads', options.threads, { low: 1, high: 64, whole: true });
  const say = (message: string): void => void process.stderr.write(`inkling: ${message}\n`);
  const backend = await createBackend(choice, {
    threads,
    half,
    onChoice: ({ reason }) => say(reason),
    onUnavailable: say,
    onFallback: say,
  });
  try {
    return await use(backend);
  } finally {
    await backend.dispose();
  }
}
