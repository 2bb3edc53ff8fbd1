/** Lets messages, timers and signals have their turn during long work. */

/** A command waits at most about this long (and the step under way) for its turn. */
const turnMs = 20;

let lastTurn = performance.now();

/** Call it as often as convenient; it gives up the thread only when a turn is due. */
export async function takeTurns(): Promise<void> {
  if (performance.now() - lastTurn < turnMs) return;
  await new Promise((resolve) => setImmediate(resolve));
  lastTurn = performance.now();
}
