/** Repeats assertions until they hold, because a page or another process takes some time to respond. */
export async function eventually(check: () => Promise<void> | void, limitMs = 15_000): Promise<void> {
  for (const end = performance.now() + limitMs; ;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
