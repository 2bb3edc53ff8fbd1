/** Whether a process is running. `ask` sends it signal 0, which has no other effect: `() => process.kill(id, 0)`. */
export function isAlive(ask: () => void): boolean {
  try {
    ask();
    return true;
  } catch (error) {
    // A process of another user cannot be signalled, but is running.
    return (error as { code?: unknown }).code === 'EPERM';
  }
}
