/**
 * The journal of what the user wrote, by lines: for each passage, the lines that are new in a document and the
 * remembered ones that are gone from it. Reading the passages in order gives what is remembered of each document, so
 * leaving out passages undoes them.
 */
import type { KnownText } from '../../common/engineProtocol';
import { Emitter } from '../emitter';
import { JsonList } from '../jsonList';

export interface Passage {
  id: string;
  /** When it was last saved, in milliseconds since 1970. */
  at: number;
  /** The URI of the document. */
  document: string;
  added: string[];
  removed: string[];
  /**
   * Bits per character of the added lines for the model, without and with what was remembered of other documents then;
   * undefined until measured.
   */
  bits?: { without: number; with: number };
}

/** Saves of one document that follow each other this closely belong to one passage. */
const passageMs = 10 * 60_000;

/** The oldest passages are dropped when all lines together exceed this many characters. */
const mostCharacters = 1_000_000;

export class Journal extends JsonList<Passage> {
  private readonly forgot = new Emitter<void>();
  /** Something was forgotten: it must not be noted again because it still stands in an open document. */
  readonly onDidForget = this.forgot.event;

  /**
   * Notes what was written in a document, which has the given lines now and had `before` when it was opened. Continues
   * the last passage if that is recent and of the same document.
   */
  async note(document: string, before: ReadonlySet<string>, lines: readonly string[], now: number): Promise<void> {
    await this.change((passages) => {
      const last = passages.at(-1);
      const continues = last?.document === document && now - last.at < passageMs;
      const earlier = continues ? passages.slice(0, -1) : [...passages];
      const known = linesOf(earlier).get(document) ?? new Set();
      const present = new Set(lines);
      const isNew = (line: string): boolean => line.trim() !== '' && !before.has(line) && !known.has(line);
      const added = [...present].filter(isNew);
      const removed = [...known].filter((line) => !present.has(line));
      if (added.length === 0 && removed.length === 0) return earlier;
      if (continues && isSame(last.added, added) && isSame(last.removed, removed)) return [...passages];
      const id = continues ? last.id : `${now} ${passages.length}`;
      return shortened([...earlier, { id, at: now, document, added, removed }]);
    });
  }

  /** Notes what was measured of a passage. */
  measured(id: string, bits: Passage['bits']): Promise<void> {
    return this.change((passages) => passages.map((passage) => (passage.id === id ? { ...passage, bits } : passage)));
  }

  /** Forgets a passage and all later ones. */
  forgetSince(id: string): Promise<void> {
    return this.forget((passages) => {
      const from = passages.findIndex((passage) => passage.id === id);
      return from < 0 ? [...passages] : passages.slice(0, from);
    });
  }

  forgetDocument(document: string): Promise<void> {
    return this.forget((passages) => passages.filter((passage) => passage.document !== document));
  }

  forgetAll(): Promise<void> {
    return this.forget(() => []);
  }

  private async forget(keep: (now: Passage[]) => Passage[]): Promise<void> {
    await this.change(keep);
    this.forgot.fire();
  }

  /** A document, or the folder of documents, has another URI now. */
  async moved(from: string, to: string): Promise<void> {
    const isMoved = ({ document }: Passage): boolean => document === from || document.startsWith(`${from}/`);
    if (!this.all().some(isMoved)) return;
    await this.change((passages) =>
      passages.map((passage) =>
        isMoved(passage) ? { ...passage, document: to + passage.document.slice(from.length) } : passage,
      ),
    );
  }

  /** Undoes forgetting. */
  restore(passages: readonly Passage[]): Promise<void> {
    return this.change(() => [...passages]);
  }

  /** What is remembered, as a text for each document. */
  texts(): KnownText[] {
    return [...linesOf(this.all())].map(([name, lines]) => ({ name, text: [...lines, ''].join('\n') }));
  }
}

/** The remembered lines of each document. */
function linesOf(passages: readonly Passage[]): Map<string, Set<string>> {
  const documents = new Map<string, Set<string>>();
  for (const { document, added, removed } of passages) {
    const lines = documents.get(document) ?? new Set();
    for (const line of removed) lines.delete(line);
    for (const line of added) lines.add(line);
    documents.set(document, lines);
  }
  for (const [document, lines] of documents) if (lines.size === 0) documents.delete(document);
  return documents;
}

function shortened(passages: Passage[]): Passage[] {
  let characters = 0;
  const kept = passages.toReversed().filter(({ added }) => {
    for (const line of added) characters += line.length;
    return characters <= mostCharacters;
  });
  return kept.reverse();
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}
