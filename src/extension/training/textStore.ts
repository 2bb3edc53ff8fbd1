/**
 * The texts that runs read, as files: each goes to the disk once, under the hash of what it says, and is a path from
 * then on. A run that is resumed reads exactly what it read before.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TextSource } from '../../common/engineProtocol';

/** A text as it stands in an editor, or a file that the engine reads itself. */
export type FoundText = { name: string; text: string } | TextSource;

/** A text that no run names may be about to get one: somebody is choosing how to train on it. */
const unusedMs = 24 * 3_600_000;

export class TextStore {
  constructor(private readonly folder: string) {}

  /** Writes the texts that are not there yet; files pass as they are. Throws what writing throws. */
  async keep(texts: readonly FoundText[]): Promise<TextSource[]> {
    const sources: TextSource[] = [];
    for (const found of texts) {
      sources.push('path' in found ? found : { name: found.name, path: await this.write(found.text) });
    }
    return sources;
  }

  /** Removes the texts that are not among `used` (paths) and were last kept more than a day ago. */
  async sweep(used: ReadonlySet<string>): Promise<void> {
    for (const name of await fs.promises.readdir(this.folder).catch(() => [])) {
      const file = path.join(this.folder, name);
      if (used.has(file)) continue;
      const kept = await fs.promises.stat(file).catch(() => undefined);
      if (kept && Date.now() - kept.mtimeMs > unusedMs) await fs.promises.rm(file, { force: true });
    }
  }

  private async write(text: string): Promise<string> {
    const file = path.join(this.folder, `${createHash('sha256').update(text).digest('hex')}.txt`);
    const now = new Date();
    const isThere = await fs.promises.utimes(file, now, now).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
    await fs.promises.mkdir(this.folder, { recursive: true });
    const temporary = `${file}.${process.pid}`;
    await fs.promises.writeFile(temporary, text);
    await fs.promises.rename(temporary, file);
    return file;
  }
}
