/**
 * The files that models are written to before they are renamed, `<file>.<process id>.<uuid>.tmp`; the lock that is held
 * meanwhile, `<file>.lock`; and the removal of what writers left behind that ended or were killed.
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

const temporary = new Set<string>();

function removeTemporary(): void {
  for (const file of temporary) rmSync(file, { recursive: true, force: true });
}

/** Calls `work`; if the process exits before it is done, `file` (a file or folder) is removed. */
export async function removedOnExit<R>(file: string, work: () => Promise<R>): Promise<R> {
  if (temporary.size === 0) process.on('exit', removeTemporary);
  temporary.add(file);
  try {
    return await work();
  } finally {
    temporary.delete(file);
    if (temporary.size === 0) process.off('exit', removeTemporary);
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

/** A lock that is held longer than this no longer counts. */
const longestLockMs = 60_000;
const retryMs = 20;

/**
 * Calls `work` under an exclusive lock on this path, across threads, processes and machines that share the folder. A
 * lock whose holder was killed, or has held it for a minute, no longer counts.
 */
export async function withLock<R>(file: string, work: () => Promise<R>): Promise<R> {
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
  return removedOnExit(lock, async () => {
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
  if (Date.now() - touched.mtimeMs > longestLockMs) return true;
  try {
    const holder = JSON.parse(await fs.readFile(lock, 'utf8')) as { host: unknown; pid: unknown };
    return holder.host === os.hostname() && !isAlive(() => process.kill(Number(holder.pid), 0));
  } catch {
    return false; // being written, or gone
  }
}

/** The name of the model that a model file or checkpoint belongs to. */
function modelOf(name: string): string {
  return name.replace(/\.checkpoint$/, '');
}
