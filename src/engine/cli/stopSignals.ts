/** Ctrl-C, `kill` and a closed terminal: signals that ask a command to stop. */

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** `npx` forwards a Ctrl-C that the terminal has sent to both: a second signal this soon is the same one. */
const echoMs = 300;

/**
 * Calls `handle` with 1 at the first signal, 2 at the second and so on, instead of the default, which ends the process.
 * Returns a function for the end of the command: from then on, a signal ends the process with the exit code it has,
 * because what it had to write is written.
 */
export function onStopSignals(handle: (count: number) => void): () => void {
  let count = 0;
  let lastMs = -Infinity;
  let isOver = false;
  const listener = (): void => {
    if (isOver) process.exit();
    const now = performance.now();
    const isEcho = now - lastMs < echoMs;
    lastMs = now;
    if (!isEcho) handle(++count);
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    isOver = true;
  };
}
