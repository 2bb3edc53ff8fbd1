/**
 * Comma-, tab- or semicolon-separated rows after RFC 4180: a cell that begins with a quotation mark ends at the next
 * single one, holds separators and line ends as they are, and writes a quotation mark as two.
 */
export interface DelimitedRow {
  cells: string[];
  /** 1-based line where the row begins. */
  line: number;
  /** Why the row cannot be trusted. */
  fault?: string;
}

/** Rows of `text` (line ends LF). A fault of quoting spoils only the line where the row begins: reading
 *  goes on at the next one. */
export function parseDelimited(text: string, separator: string): DelimitedRow[] {
  const rows: DelimitedRow[] = [];
  let position = 0;
  let line = 1;
  while (position < text.length) {
    const row: DelimitedRow = { cells: [], line };
    const start = position;
    for (;;) {
      if (text[position] === '"') {
        const cell = quotedCell(text, position);
        const after = cell && text[cell.end];
        if (!cell || (after !== undefined && after !== separator && after !== '\n')) {
          row.fault = cell ? 'there is text after a closing quotation mark' : 'a quotation mark is never closed';
          position = lineEnd(text, start);
          line = row.line;
          break;
        }
        row.cells.push(cell.value);
        line += cell.lines;
        position = cell.end;
      } else {
        const end = cellEnd(text, position, separator);
        row.cells.push(text.slice(position, end));
        position = end;
      }
      if (text[position] !== separator) break;
      position++;
    }
    rows.push(row);
    position++;
    line++;
  }
  return rows;
}

function quotedCell(text: string, open: number): { value: string; end: number; lines: number } | undefined {
  let close = open + 1;
  for (;;) {
    close = text.indexOf('"', close);
    if (close < 0) return undefined;
    if (text[close + 1] !== '"') break;
    close += 2;
  }
  const raw = text.slice(open + 1, close);
  return { value: raw.replaceAll('""', '"'), end: close + 1, lines: raw.split('\n').length - 1 };
}

function cellEnd(text: string, from: number, separator: string): number {
  let end = from;
  while (end < text.length && text[end] !== separator && text[end] !== '\n') end++;
  return end;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
