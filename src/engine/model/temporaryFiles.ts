/**
 * The files that models are written to before they are renamed into place, `<file>.<process id>.<uuid>.tmp`; the lock
 * held while that is done, `<file>.lock`; and the removal of what ended and killed writers left behind.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { isAlive } from '../../common/isAlive';

const namePattern = /^(.+?)(?:\.(\d+))?\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.tmp$/;
const modelSuffix = '.inkling.safetensors';

/**
 * A write takes seconds; a file untouched for this long no longer has a writer, even on another machine that shares the
 * folder.
 */
const abandonedMs = 3_600_000;

/** A new name next to `file`. */
export function temporaryFileFor(file: string): string {
  return `${file}.${process.pid}.${randomUUID()}.tmp`;
}

const passing = new Set<string>();

function removePassing(): void {
  for (const place of passing) rmSync(place, { recursive: true, force: true });
}

/** Does `work` on a file or folder that does not outlive it: if the process ends meanwhile, it is removed. */
export async function whilePassing<R>(place: string, work: () => Promise<R>): Promise<R> {
  if (passing.size === 0) process.on('exit', removePassing);
  passing.add(place);
  try {
    return await work();
  } finally {
    passing.delete(place);
    if (passing.size === 0) process.off('exit', removePassing);
  }
}

/**
 * Removes what killed writers left in the folder of `file`, for this file and for any with the usual name of models:
 * only files that have not been touched for an hour and whose process is gone. Never throws, because it is not
 * essential.
 */
export async function sweepTemporaryFiles(file: string): Promise<void> {
  const folder = path.dirname(file);
  const own = modelOf(path.basename(file));
  for (const name of await fs.readdir(folder).catch(() => [])) {
    const [, target, owner] = namePattern.exec(name) ?? [];
    if (target === undefined) continue;
    const model = modelOf(target);
    if (model !== own && !model.endsWith(modelSuffix)) continue;
    const leftover = path.join(folder, name);
    const touched = await fs.stat(leftover).catch(() => undefined);
    if (
      !touched ||
      Date.now() - touched.mtimeMs < abandonedMs ||
      (owner && isAlive(() => process.kill(Number(owner), 0)))
    )
      continue;
    await fs.rm(leftover, { force: true }).catch(() => {});
  }
}

/** A lock held longer than this no longer counts. */
const longestAloneMs = 60_000;
const retryMs = 20;

/**
 * Calls `work` under an exclusive lock on this path, across threads, processes and machines that share the folder. The
 * holder owns `<file>.lock`; a holder that was killed, or has held it for a minute, no longer counts.
 */
export async function whileAlone<R>(file: string, work: () => Promise<R>): Promise<R> {
  const lock = `${file}.lock`;
  for (;;) {
    try {
      await fs.writeFile(lock, JSON.stringify({ host: os.hostname(), pid: process.pid }), { flag: 'wx' });
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      if (await isAbandoned(lock)) await fs.rm(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
  return whilePassing(lock, async () => {
    try {
      return await work();
    } finally {
      await fs.rm(lock, { force: true }).catch(() => undefined);
    }
  });
}

async function isAbandoned(lock: string): Promise<boolean> {
  const touched = await fs.stat(lock).catch(() => undefined);
  if (!touched) return false; // gone in the meantime: try again
  if (Date.now() - touched.mtimeMs > longestAloneMs) return true;
  try {
    const holder = JSON.parse(await fs.readFile(lock, 'utf8')) as { host: unknown; pid: unknown };
    return holder.host === os.hostname() && !isAlive(() => process.kill(Number(holder.pid), 0));
  } catch {
    return false; // being written, or gone
  }
}

/** The name of the model that a file belongs to: its own, or for a checkpoint that of its model. */
function modelOf(name: string): string {
  return name.replace(/\.checkpoint$/, '');
}
