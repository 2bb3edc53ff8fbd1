/**
 * A text document that changes like those of VS Code: edits are refused when the text has changed meanwhile, saves trim
 * and append, undo steps are open or closed. Each character remembers who wrote it.
 */
import { comparePoints, type Change, type Point } from '../../../../src/extension/writing/place';
import type { DocumentChange, Target } from '../../../../src/extension/writing/streamingInsertion';

interface Letter {
  character: string;
  byStream: boolean;
}

interface UndoStep {
  before: Letter[];
  after: Letter[];
}

export class FakeDocument implements Target {
  private letters: Letter[];
  private version = 1;
  private readonly listeners = new Set<(change: DocumentChange) => void>();
  private undoSteps: UndoStep[] = [];
  private redoSteps: UndoStep[] = [];
  /** Whether the last undo step takes further pieces. */
  private isOpen = false;
  isReadOnly = false;
  isHidden = false;
  /** Called once, while the next edit of the stream is on its way. */
  meanwhile: (() => void) | undefined;
  /** Edits that the stream has made. */
  pieces: string[] = [];

  constructor(text: string) {
    this.letters = lettersOf(text, false);
  }

  /** With line feeds, whatever the line ends are. */
  get text(): string {
    return this.letters.map(({ character }) => character).join('');
  }

  /** The text without what the stream wrote. */
  get ownText(): string {
    return this.letters
      .filter(({ byStream }) => !byStream)
      .map(({ character }) => character)
      .join('');
  }

  onDidChange(listener: (change: DocumentChange) => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }

  async write(changes: readonly Change[], beginsUndoStep: boolean): Promise<'done' | 'refused' | 'hidden'> {
    if (this.isHidden) return 'hidden';
    const { version } = this;
    await Promise.resolve();
    const { meanwhile } = this;
    this.meanwhile = undefined;
    meanwhile?.();
    if (this.version !== version) return 'refused';
    if (this.isReadOnly) return 'done';
    this.pieces.push(changes.map(({ text }) => text).join('|'));
    this.change([...changes], 'edit', { byStream: true, begins: beginsUndoStep });
    this.isOpen = true;
    return 'done';
  }

  /** The writer's own edit, a separate undo step. */
  edit(start: number, end: number, text: string): void {
    this.change([{ start: this.pointAt(start), end: this.pointAt(end), text }], 'edit', { begins: true });
    this.isOpen = false;
  }

  /** As the writer would: at the end of `after`, or of the text. */
  type(text: string, after?: string): void {
    const at = after === undefined ? this.letters.length : this.text.indexOf(after) + after.length;
    this.edit(at, at, text);
  }

  /** Removes white space at the ends of lines, adds a line end at the end of the text, and closes the undo step. */
  save(): void {
    this.isOpen = false;
    const trimmed = [...this.text.matchAll(/[ \t]+$/gm)].map(({ index, 0: found }) => ({
      start: this.pointAt(index),
      end: this.pointAt(index + found.length),
      text: '',
    }));
    if (trimmed.length > 0) this.change(trimmed.reverse(), 'save', { begins: true });
    const end = this.pointAt(this.letters.length);
    if (end.character > 0) this.change([{ start: end, end, text: '\n' }], 'save', { begins: false });
    this.isOpen = false;
  }

  undo(): void {
    const step = this.undoSteps.pop();
    if (!step) return;
    this.redoSteps.push(step);
    this.become(step.before);
  }

  redo(): void {
    const step = this.redoSteps.pop();
    if (!step) return;
    this.undoSteps.push(step);
    this.become(step.after);
  }

  /** Other line ends: nothing changes its line or character. */
  changeLineEnds(): void {
    this.version++;
    this.tell({ changes: [], by: 'edit' });
  }

  /** Notifies its listeners of a change without content: it became dirty, for example. */
  reportNothing(): void {
    this.tell({ changes: [], by: 'edit' });
  }

  /** Applies changes that do not overlap, as one edit. */
  apply(changes: readonly Change[]): void {
    const order = [...changes].sort((a, b) => comparePoints(b.start, a.start));
    if (order.length > 0) this.change(order, 'edit', { begins: true });
  }

  offsetAt({ line, character }: Point): number {
    const lines = this.text.split('\n');
    if (line >= lines.length || character > lines[line].length) throw new RangeError(`no ${line}:${character}`);
    return lines.slice(0, line).reduce((sum, { length }) => sum + length + 1, character);
  }

  pointAt(offset: number): Point {
    const before = this.text.slice(0, offset).split('\n');
    return { line: before.length - 1, character: before[before.length - 1].length };
  }

  private change(
    changes: Change[],
    by: 'edit' | 'save',
    { byStream = false, begins = false }: { byStream?: boolean; begins?: boolean },
  ): void {
    const before = this.letters;
    const next = [...before];
    const places = changes.map(({ start, end }) => [this.offsetAt(start), this.offsetAt(end)]);
    changes
      .map(({ text }, i) => ({ from: places[i][0], to: places[i][1], text }))
      .sort((a, b) => b.from - a.from)
      .forEach(({ from, to, text }) => next.splice(from, to - from, ...lettersOf(text, byStream)));
    this.letters = next;
    this.redoSteps = [];
    const last = this.undoSteps.at(-1);
    if (last && this.isOpen && !begins) last.after = next;
    else this.undoSteps.push({ before, after: next });
    this.version++;
    this.tell({ changes: [...changes].sort((a, b) => comparePoints(b.start, a.start)), by });
  }

  private become(letters: Letter[]): void {
    const [before, after] = [this.text, letters.map(({ character }) => character).join('')];
    let start = 0;
    while (start < before.length && before[start] === after[start]) start++;
    let common = 0;
    while (common < Math.min(before.length, after.length) - start && before.at(-1 - common) === after.at(-1 - common)) {
      common++;
    }
    const change = {
      start: this.pointAt(start),
      end: this.pointAt(before.length - common),
      text: after.slice(start, after.length - common),
    };
    this.letters = letters;
    this.isOpen = false;
    this.version++;
    this.tell({ changes: [change], by: 'history' });
  }

  private tell(change: DocumentChange): void {
    for (const listener of this.listeners) listener(change);
  }
}

function lettersOf(text: string, byStream: boolean): Letter[] {
  return text.split('').map((character) => ({ character, byStream }));
}
