/**
 * The texts that runs read, as files: each is written to disk once, under the hash of its contents, and is a path from
 * then on. A resumed run reads exactly what it read before.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TextSource } from '../../common/engineProtocol';

/** The text of an editor, or a file that the engine reads itself. */
export type FoundText = { name: string; text: string } | TextSource;

/** A text without a run may be about to get one: the user is choosing how to train on it. */
const unusedMs = 24 * 3_600_000;

export class TextStore {
  constructor(private readonly folder: string) {}

  /** Writes the texts that do not exist yet; files are passed on unchanged. Throws what writing throws. */
  async keep(texts: readonly FoundText[]): Promise<TextSource[]> {
    const sources: TextSource[] = [];
    for (const found of texts) {
      sources.push('path' in found ? found : { name: found.name, path: await this.write(found.text) });
    }
    return sources;
  }

  /** Removes the texts that are not among `used` (paths) and were last stored more than a day ago. */
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
