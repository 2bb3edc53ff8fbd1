/**
 * Returns what `attempt` returns. If it throws, it is tried again, three times in all, because a registry may be
 * unavailable for a moment.
 */
export function retry(attempt) {
  for (let left = 2; ; left--) {
    try {
      return attempt();
    } catch (error) {
      if (left === 0) throw error;
      console.error(`${error.message}\ntrying again ...`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000);
    }
  }
}
