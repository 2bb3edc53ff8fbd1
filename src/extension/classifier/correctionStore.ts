/**
 * The user's corrections of verdicts, kept in one file on this machine. They go along with every request to the engine:
 * the same text gets the label given, and the words of the others count as further labelled messages. The model's file
 * stays as it is, so taking a correction back undoes it wholly.
 */
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { correctionLength, type Correction } from '../../common/classifierProtocol';
import { SerialQueue } from '../../common/serialQueue';
import { Emitter } from '../emitter';

export interface StoredCorrection extends Correction {
  id: string;
  /** Path of the classifier that was corrected; '' for the one that comes along. */
  classifier: string;
}

/** The oldest go first: each is sent with every request. */
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

  /** Notes what the texts are; an earlier word on the same text is replaced. Returns how to take it back. */
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
      return []; // none yet, or a file that cannot be read: the next correction writes it anew
    }
  }

  /** One after the other, each on what the file says then: another window may have written it. */
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
