/**
 * Comma-, semicolon- or tab-separated rows. Commas and semicolons after RFC 4180: a cell that begins with a quotation
 * mark ends at the next single one, may contain separators and line ends, and doubles its quotation marks. In
 * tab-separated files, which usually have no quoting, a quotation mark is literal unless its cell is closed on the same
 * line.
 *
 * Written by hand because an error must affect only one line, not the rest of the file, and because the contents of a
 * quoted cell are checked against the surrounding rows; libraries do neither.
 */
export interface DelimitedRow {
  cells: string[];
  /** 1-based line where the row begins. */
  line: number;
  /** Whether a cell is in quotation marks. */
  quoted?: boolean;
  /** The reason why the row cannot be trusted. */
  fault?: string;
}

export interface DelimitedOptions {
  separator: string;
  /**
   * Whether a line inside a quoted cell is really a separate row, so that the quotation mark was not meant to open a
   * cell.
   */
  isRow?: (line: string) => boolean;
}

/**
 * Rows of `text` (line ends LF). A quoting error affects only the line where the row begins: reading continues at the
 * next one.
 */
export function parseDelimited(text: string, { separator, isRow = () => false }: DelimitedOptions): DelimitedRow[] {
  const rows: DelimitedRow[] = [];
  let position = 0;
  let line = 1;
  while (position < text.length) {
    const row: DelimitedRow = { cells: [], line };
    const start = position;
    for (;;) {
      const quoted = text[position] === '"' ? quotedCell(text, position) : undefined;
      const closes = quoted !== undefined && [undefined, separator, '\n'].includes(text[quoted.end]);
      const literal = text[position] !== '"' || (separator === '\t' && !(closes && quoted.lines === 0));
      if (literal) {
        const end = cellEnd(text, position, separator);
        row.cells.push(text.slice(position, end));
        position = end;
      } else {
        row.fault = faultOf(quoted, closes, line, isRow);
        if (row.fault !== undefined) {
          position = lineEnd(text, start);
          line = row.line;
          break;
        }
        row.quoted = true;
        row.cells.push(quoted!.value);
        line += quoted!.lines;
        position = quoted!.end;
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

interface QuotedCell {
  value: string;
  /** After the closing quotation mark. */
  end: number;
  /** Line ends inside. */
  lines: number;
}

/** The problem of a cell that opens with a quotation mark on `line`. */
function faultOf(
  cell: QuotedCell | undefined,
  closes: boolean,
  line: number,
  isRow: (line: string) => boolean,
): string | undefined {
  if (!cell) return 'a quotation mark is never closed';
  if (!closes) return 'there is text after a closing quotation mark';
  if (!cell.value.split('\n').slice(1).some(isRow)) return undefined;
  return (
    `a quotation mark is closed only on line ${line + cell.lines}, and the lines between look like rows of their own; ` +
    'double the mark inside the cell, and put the whole cell in quotation marks'
  );
}

function quotedCell(text: string, open: number): QuotedCell | undefined {
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
