/** Waiting for something to happen, in a page, in another process or in VS Code: never for a fixed time. */
import * as assert from 'node:assert/strict';

const pollMs = 25;

/** Waits until `condition` holds; fails with `what` otherwise, or at once if `condition` throws. */
export async function until(
  condition: () => boolean | PromiseLike<boolean>,
  what: string,
  limitMs = 60_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) assert.fail(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Repeats assertions until they hold; fails as they last did. */
export async function eventually(check: () => Promise<void> | void, limitMs = 15_000): Promise<void> {
  let failure: unknown;
  const holds = async (): Promise<boolean> => {
    try {
      await check();
      return true;
    } catch (error) {
      failure = error;
      return false;
    }
  };
  await until(holds, 'the assertions hold', limitMs).catch(() => {
    throw failure;
  });
}
