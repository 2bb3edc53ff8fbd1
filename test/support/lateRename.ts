/** Two writers of one file, of which the first is held up in the middle of its work. */
import fs from 'node:fs/promises';

/**
 * Calls `first` and, when that is about to rename a file, `second`. The rename continues once the second has found the lock
 * taken, or, if there is no lock, has finished. Returns what both return.
 */
export async function withLateRename<A, B>(first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
  const { rename, writeFile } = fs;
  let other: Promise<B> | undefined;
  fs.rename = async (...parameters) => {
    fs.rename = rename;
    const lockIsTaken = new Promise<void>((resolve) => {
      fs.writeFile = async (...written) => {
        try {
          return await writeFile(...written);
        } catch (error) {
          resolve();
          throw error;
        }
      };
    });
    other = second();
    await Promise.race([lockIsTaken, other]);
    return rename(...parameters);
  };
  try {
    const result = await first();
    if (!other) throw new Error('The first writer renamed no file.');
    return [result, await other];
  } finally {
    Object.assign(fs, { rename, writeFile });
  }
}
