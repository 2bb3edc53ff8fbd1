/**
 * The user's corrections of verdicts, kept in one file on this machine. They are sent with every request to the engine:
 * the same text gets the given label, and the words of the others count as additional labelled messages. The model file
 * is not changed, so removing a correction undoes it completely.
 */
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { correctionLength, type Correction } from '../../common/classifierProtocol';
import { SerialQueue } from '../../common/serialQueue';
import { Emitter } from '../emitter';

export interface StoredCorrection extends Correction {
  id: string;
  /** Path of the classifier that was corrected; '' for the built-in one. */
  classifier: string;
}

/** The oldest are dropped first, because all are sent with every request. */
const maximumCorrections = 300;

export class CorrectionStore {
  private readonly changed = new Emitter<void>();
  readonly onDidChange = this.changed.event;
  private entries: StoredCorrection[] | undefined;
  private readonly writing = new SerialQueue();

  constructor(private readonly file: string) {}

  /** Those of one classifier, oldest first. */
  of(classifier: string): StoredCorrection[] {
    return (this.entries ??= this.read()).filter((entry) => entry.classifier === classifier);
  }

  /** Stores the labels of texts, replacing earlier corrections of the same text. Returns a function that undoes it. */
  async add(classifier: string, corrections: readonly Correction[]): Promise<() => Promise<void>> {
    const added = corrections.map(({ text, label }): StoredCorrection => ({
      id: randomUUID(),
      classifier,
      text: text.slice(0, correctionLength),
      label,
    }));
    const texts = new Set(added.map((entry) => entry.text));
    let replaced: StoredCorrection[] = [];
    await this.change((before) => {
      replaced = before.filter((entry) => entry.classifier === classifier && texts.has(entry.text));
      const others = before.filter((entry) => !replaced.includes(entry));
      return [...others, ...added].slice(-maximumCorrections);
    });
    const ids = new Set(added.map(({ id }) => id));
    return () => this.change((now) => [...now.filter((entry) => !ids.has(entry.id)), ...replaced]);
  }

  remove(id: string): Promise<void> {
    return this.change((now) => now.filter((entry) => entry.id !== id));
  }

  private read(): StoredCorrection[] {
    try {
      return JSON.parse(fs.readFileSync(this.file, 'utf8')) as StoredCorrection[];
    } catch {
      return []; // missing or unreadable: the next correction rewrites it
    }
  }

  /** One after the other, each based on the current file: another window may have written it. */
  private change(make: (now: StoredCorrection[]) => StoredCorrection[]): Promise<void> {
    return this.writing.run(() => this.write(make(this.read())));
  }

  private async write(entries: StoredCorrection[]): Promise<void> {
    this.entries = entries;
    await fs.promises.mkdir(path.dirname(this.file), { recursive: true });
    const temporary = `${this.file}.${process.pid}`;
    await fs.promises.writeFile(temporary, JSON.stringify(entries));
    await fs.promises.rename(temporary, this.file);
    this.changed.fire();
  }
}
