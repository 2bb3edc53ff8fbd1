/**
 * Ranges of text tinted without elements (CSS Custom Highlight API), so that thousands of tinted characters cost no DOM
 * nodes. Where the API is missing the text is shown untinted.
 */

const supported = typeof CSS !== 'undefined' && 'highlights' in CSS;

function named(name: string): Highlight {
  const existing = CSS.highlights.get(name);
  if (existing) return existing;
  const created = new Highlight();
  CSS.highlights.set(name, created);
  return created;
}

/** The highlights on one text node, cleared and set again when the text changes. */
export class TextPaint {
  private laid: { name: string; range: AbstractRange }[] = [];

  /** Paints [start, end) of `node` in the style of `::highlight(name)`. */
  add(name: string, node: Text, start: number, end: number): void {
    if (!supported || start >= end || end > node.length) return;
    const range = new StaticRange({ startContainer: node, startOffset: start, endContainer: node, endOffset: end });
    named(name).add(range);
    this.laid.push({ name, range });
  }

  clear(): void {
    for (const { name, range } of this.laid) named(name).delete(range);
    this.laid = [];
  }
}

/** The offset in `node` under the pointer; undefined outside its text. */
export function offsetAtPoint(node: Text, x: number, y: number): number | undefined {
  const position = document.caretPositionFromPoint?.(x, y);
  const found = position
    ? { node: position.offsetNode, offset: position.offset }
    : rangePosition(document.caretRangeFromPoint?.(x, y));
  if (found?.node !== node) return undefined;
  // The caret position lies between two characters; the one meant is the one whose box contains the point.
  for (const offset of [found.offset, found.offset - 1]) {
    if (offset < 0 || offset >= node.length) continue;
    const boxes = [...boxOf(node, offset, offset + 1)];
    if (boxes.some((box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom)) return offset;
  }
  return undefined;
}

/** The boxes of a stretch of text on the screen. */
export function boxOf(node: Text, start: number, end: number): DOMRectList {
  const range = document.createRange();
  range.setStart(node, start);
  range.setEnd(node, end);
  return range.getClientRects();
}

function rangePosition(range: Range | null | undefined): { node: Node; offset: number } | undefined {
  return range ? { node: range.startContainer, offset: range.startOffset } : undefined;
}
