/**
 * A list kept in a JSON file on this machine, for all windows: each change is applied to the current content of the
 * file.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { SerialQueue } from '../common/serialQueue';
import { Emitter } from './emitter';

export class JsonList<T extends { id: string }> {
  private readonly changed = new Emitter<void>();
  readonly onDidChange = this.changed.event;
  private entries: T[] | undefined;
  private readonly writing = new SerialQueue();

  constructor(private readonly file: string) {}

  /** Oldest first. */
  all(): readonly T[] {
    return (this.entries ??= this.read());
  }

  remove(id: string): Promise<void> {
    return this.change((now) => now.filter((entry) => entry.id !== id));
  }

  /** One after the other, each applied to the current content: another window may have written the file. */
  change(make: (now: T[]) => T[]): Promise<void> {
    return this.writing.run(() => this.write(make(this.read())));
  }

  private read(): T[] {
    try {
      return JSON.parse(fs.readFileSync(this.file, 'utf8')) as T[];
    } catch {
      return []; // none yet, or a file that cannot be read: the next change writes a new one
    }
  }

  private async write(entries: T[]): Promise<void> {
    this.entries = entries;
    await fs.promises.mkdir(path.dirname(this.file), { recursive: true });
    const temporary = `${this.file}.${process.pid}`;
    await fs.promises.writeFile(temporary, JSON.stringify(entries));
    await fs.promises.rename(temporary, this.file);
    this.changed.fire();
  }
}
