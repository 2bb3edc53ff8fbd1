/**
 * A place in a document where text is written: how changes move it, and whether it is still intact. Counts lines and
 * characters rather than offsets, so that line ends do not matter. Independent of VS Code.
 */

/** Fits vscode.Position. */
export interface Point {
  readonly line: number;
  readonly character: number;
}

/** The text between two points was replaced. */
export interface Change {
  readonly start: Point;
  readonly end: Point;
  readonly text: string;
}

/** Negative if `a` comes first, 0 if they are equal. */
export function comparePoints(a: Point, b: Point): number {
  return a.line - b.line || a.character - b.character;
}

/** The position of a point after a change that ends at or before it. */
export function moved(point: Point, { start, end, text }: Change): Point {
  const lines = text.split(/\r\n|\r|\n/);
  const line = point.line - end.line + start.line + lines.length - 1;
  if (point.line !== end.line) return { line, character: point.character };
  const before = lines.length > 1 ? 0 : start.character;
  return { line, character: before + lines[lines.length - 1].length + point.character - end.character };
}

export class Place {
  /** The written text is between the two. */
  private from: Point;
  private to: Point;
  /** False once the text written here has been changed by anything else. */
  private intact = true;
  /** The effects of saves next to the place: white space removed before and after it, a line end added after it. */
  private lostBefore = '';
  private lostBehind = '';
  private addedLineEnd = '';
  /** The adjacent white space that a save may treat as trailing. */
  private readonly spaceBefore: string;
  private readonly spaceBehind: string;

  /** `before` and `behind`: the rest of the line on either side. */
  constructor(at: Point, before: string, behind: string) {
    this.from = this.to = at;
    this.spaceBefore = before.slice(before.trimEnd().length);
    this.spaceBehind = behind.trim() === '' ? behind : '';
  }

  /** The position of the next piece. */
  get end(): Point {
    return this.to;
  }

  /** A piece as it has to be inserted: white space that a save has removed before the place is restored first. */
  piece(text: string): string {
    return this.isEmpty ? this.lostBefore + text : text;
  }

  /** The written text, if it is still as it was written; undefined if there is none. */
  get written(): { start: Point; end: Point } | undefined {
    return this.intact && !this.isEmpty ? { start: this.from, end: this.to } : undefined;
  }

  /** Where the written text begins once `takenBack` alone has been applied. */
  get beginningAfterwards(): Point {
    return { line: this.from.line, character: this.from.character + this.lostBefore.length };
  }

  /** The change that removes the written text and reverts the effects of saves; undefined if there is nothing to do. */
  get takenBack(): Change | undefined {
    if (!this.intact || this.isEmpty) return undefined;
    const end = moved(this.to, { start: this.to, end: this.to, text: this.addedLineEnd });
    return { start: this.from, end, text: this.lostBefore + this.lostBehind };
  }

  /** Follows our own insertion, here or at another place. */
  wrote(change: Change): void {
    if (comparePoints(change.start, this.to) !== 0) return this.move(change);
    if (this.isEmpty) {
      this.from = { line: this.from.line, character: this.from.character + this.lostBefore.length };
      this.lostBefore = '';
    }
    this.to = moved(this.to, change);
  }

  /**
   * Follows any other change. Returns false if it touches the place, which is then no longer intact. The effects of a
   * save (removing white space and adding a final line end) do not count.
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
    // Only white space on the line of the place belongs to it; empty lines at the end of the text do not.
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
