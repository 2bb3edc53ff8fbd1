/**
 * The collections of texts that models take into account beside the current document, as reported by the host: the other
 * files of a folder, for example. A file is read again only if it has changed.
 */
import * as fs from 'node:fs/promises';
import type { KnownText } from '../../common/engineProtocol';
import { SerialQueue } from '../../common/serialQueue';
import { readProse } from '../corpus/readTextFile';

interface Held {
  /** The text itself, by name; what `TextsLayer` follows. */
  texts: Map<string, string>;
  /** What identifies the version of each file that was read. */
  versions: Map<string, string>;
}

export class KnownTexts {
  private readonly collections = new Map<string, Held>();
  private readonly queue = new SerialQueue();

  /** The texts of a collection by their names; undefined if it is unknown. */
  texts(collection: string): ReadonlyMap<string, string> | undefined {
    return this.collections.get(collection)?.texts;
  }

  /**
   * A collection consists of exactly these texts from now on; without any, it is forgotten. Files that cannot be read or
   * are not prose are left out.
   */
  update(collection: string, texts: readonly KnownText[]): Promise<void> {
    return this.queue.run(async () => {
      const old = this.collections.get(collection);
      const held: Held = { texts: new Map(), versions: new Map() };
      for (const known of texts) await read(known, held, old);
      if (held.texts.size > 0) this.collections.set(collection, held);
      else this.collections.delete(collection);
    });
  }
}

async function read(known: KnownText, into: Held, old: Held | undefined): Promise<void> {
  const { name } = known;
  if ('text' in known) {
    into.texts.set(name, known.text);
    return;
  }
  const version = await fs.stat(known.path).then(
    ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
    () => undefined,
  );
  if (version === undefined) return;
  const before = old?.versions.get(name) === version ? old.texts.get(name) : undefined;
  const text = before ?? (await readProse(known.path, name, { encoding: known.encoding }).catch(() => undefined))?.text;
  if (text === undefined) return;
  into.texts.set(name, text);
  into.versions.set(name, version);
}
