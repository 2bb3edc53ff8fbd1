/**
 * A place in a document that text is written to: where a change moves it, and whether it still is what it was. Counts
 * lines and characters rather than offsets, so that other line ends move nothing. Knows nothing of VS Code.
 */

/** Fits vscode.Position. */
export interface Point {
  readonly line: number;
  readonly character: number;
}

/** The text between two points became another. */
export interface Change {
  readonly start: Point;
  readonly end: Point;
  readonly text: string;
}

/** Negative when `a` comes first, 0 when they are the same. */
export function comparePoints(a: Point, b: Point): number {
  return a.line - b.line || a.character - b.character;
}

/** Where a point is after a change that ends at it or before it. */
export function moved(point: Point, { start, end, text }: Change): Point {
  const lines = text.split(/\r\n|\r|\n/);
  const line = point.line - end.line + start.line + lines.length - 1;
  if (point.line !== end.line) return { line, character: point.character };
  const before = lines.length > 1 ? 0 : start.character;
  return { line, character: before + lines[lines.length - 1].length + point.character - end.character };
}

export class Place {
  /** What was written lies between the two. */
  private from: Point;
  private to: Point;
  /** False once somebody else has changed what was written. */
  private intact = true;
  /** What saves did beside the place: white space they took away before and behind it, a line end they added behind it. */
  private lostBefore = '';
  private lostBehind = '';
  private addedLineEnd = '';
  /** The white space beside the place that a save may take for trailing. */
  private readonly spaceBefore: string;
  private readonly spaceBehind: string;

  /** `before` and `behind`: the rest of the line on either side. */
  constructor(at: Point, before: string, behind: string) {
    this.from = this.to = at;
    this.spaceBefore = before.slice(before.trimEnd().length);
    this.spaceBehind = behind.trim() === '' ? behind : '';
  }

  /** Where the next piece goes. */
  get end(): Point {
    return this.to;
  }

  /** A piece as it has to be inserted: white space that a save took away before the place comes back first. */
  piece(text: string): string {
    return this.isEmpty ? this.lostBefore + text : text;
  }

  /** The change that takes back what was written and what saves did beside it; undefined when there is nothing to. */
  get takenBack(): Change | undefined {
    if (!this.intact || this.isEmpty) return undefined;
    const end = moved(this.to, { start: this.to, end: this.to, text: this.addedLineEnd });
    return { start: this.from, end, text: this.lostBefore + this.lostBehind };
  }

  /** Follows an insertion of ours, here or at another place. */
  wrote(change: Change): void {
    if (comparePoints(change.start, this.to) !== 0) return this.move(change);
    if (this.isEmpty) {
      this.from = { line: this.from.line, character: this.from.character + this.lostBefore.length };
      this.lostBefore = '';
    }
    this.to = moved(this.to, change);
  }

  /**
   * Follows a change by somebody else. Returns false when it touches the place, which then is no longer what it was. What
   * a save does, removing white space and adding a last line end, does not count.
   */
  follow(change: Change, bySave: boolean): boolean {
    const { start, end } = change;
    const isBefore = comparePoints(end, this.from) <= 0;
    const isBehind = comparePoints(start, this.to) >= 0;
    if (isBehind && !bySave && start.line <= this.to.line + 1) this.addedLineEnd = '';
    if (comparePoints(end, this.from) < 0 || comparePoints(start, this.to) > 0) {
      this.move(change);
      return true;
    }
    if (bySave && this.followSave(change)) return true;
    if (!isBefore && !isBehind) this.intact = false;
    if (!isBehind) this.move(change);
    return false;
  }

  /** Returns false for a change that is not one of those that saves make. */
  private followSave(change: Change): boolean {
    const { start, end, text } = change;
    if (comparePoints(start, end) === 0) {
      const isLineEnd = comparePoints(start, this.to) === 0 && /^(\r\n|\r|\n)$/.test(text);
      if (isLineEnd) this.addedLineEnd = text;
      return isLineEnd;
    }
    if (text !== '') return false;
    const startsInside = comparePoints(start, this.from) >= 0;
    const endsInside = comparePoints(end, this.to) <= 0;
    if (startsInside && endsInside) {
      this.to = moved(this.to, change);
      return true;
    }
    // Beside it: only what lies on the place's own line is its white space; empty lines at the end of the text are not.
    const before = startsInside ? 0 : start.line === this.from.line ? this.from.character - start.character : NaN;
    const behind = endsInside ? 0 : end.line === this.to.line ? end.character - this.to.character : 0;
    const reachesIn = comparePoints(end, this.from) > 0 && comparePoints(start, this.to) < 0;
    if (Number.isNaN(before) || (reachesIn && !this.isEmpty)) return false;
    const kept = this.spaceBefore.length - this.lostBefore.length;
    this.lostBefore = this.spaceBefore.slice(kept - before, kept) + this.lostBefore;
    this.lostBehind += this.spaceBehind.slice(this.lostBehind.length, this.lostBehind.length + behind);
    if (!startsInside) {
      const removed = { start, end: this.from, text: '' };
      this.from = moved(this.from, removed);
      this.to = moved(this.to, removed);
    }
    return true;
  }

  private get isEmpty(): boolean {
    return comparePoints(this.from, this.to) === 0;
  }

  private move(change: Change): void {
    if (comparePoints(change.end, this.from) > 0) return;
    this.from = moved(this.from, change);
    this.to = moved(this.to, change);
  }
}
