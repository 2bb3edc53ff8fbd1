/** Whether a process lives; `ask` sends it signal 0, which does nothing else: `() => process.kill(id, 0)`. */
export function isAlive(ask: () => void): boolean {
  try {
    ask();
    return true;
  } catch (error) {
    // Somebody else's process may not be asked, but lives.
    return (error as { code?: unknown }).code === 'EPERM';
  }
}
