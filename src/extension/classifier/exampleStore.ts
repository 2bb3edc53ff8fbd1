/** Texts that the user has labelled by hand, one selection after the other, to train a classifier on without a file. */
import { randomUUID } from 'node:crypto';
import type { LabelledSource } from '../../common/classifierProtocol';
import { JsonList } from '../jsonList';

export interface Example {
  id: string;
  label: string;
  text: string;
}

export class ExampleStore extends JsonList<Example> {
  /** The labels in use, the latest first. */
  labels(): string[] {
    return [...new Set([...this.all()].reverse().map(({ label }) => label))];
  }

  /** A text that is stored already gets the new label. */
  add(label: string, texts: readonly string[]): Promise<void> {
    return this.change((before) => [
      ...before.filter((entry) => !texts.includes(entry.text)),
      ...texts.map((text): Example => ({ id: randomUUID(), label, text })),
    ]);
  }

  /** All examples as JSON Lines, which the engine reads as it reads a file. */
  source(name: string): LabelledSource {
    return {
      name,
      text: this.all()
        .map(({ label, text }) => JSON.stringify({ label, text }))
        .join('\n'),
    };
  }
}
