/**
 * The user's corrections of verdicts, kept in one file on this machine. They are sent with every request to the engine:
 * the same text gets the given label, and the words of the others count as additional labelled messages. The model file
 * is not changed, so removing a correction undoes it completely.
 */
import { randomUUID } from 'node:crypto';
import { correctionLength, type Correction } from '../../common/classifierProtocol';
import { JsonList } from '../jsonList';

export interface StoredCorrection extends Correction {
  id: string;
  /** Path of the classifier that was corrected; '' for the built-in one. */
  classifier: string;
}

/** The oldest are dropped first, because all are sent with every request. */
const maximumCorrections = 300;

export class CorrectionStore extends JsonList<StoredCorrection> {
  /** Those of one classifier, oldest first. */
  of(classifier: string): StoredCorrection[] {
    return this.all().filter((entry) => entry.classifier === classifier);
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
}
