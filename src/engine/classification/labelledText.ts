/**
 * Reads labelled text in common formats: `label<TAB>text` lines, tables with a header or without (comma, semicolon,
 * tab), JSON Lines or one JSON array (also spaCy's `cats` and Prodigy's `answer`), fastText's `__label__`. The content
 * determines the format, not the file extension. Every unusable row is reported with source and line; nothing is left
 * out silently.
 */
import { InklingError } from '../../common/errors';
import { sentence, type Told, type Sentence } from '../../common/l10n';
import type { DataProblem, LabelledColumns } from '../../common/classifierProtocol';
import { endOfString } from '../../common/jsonText';
import { parseDelimited, type DelimitedRow } from './delimited';
import {
  chooseColumns,
  describeColumns,
  isHeader,
  knownColumns,
  spamLabelOf,
  type LabelledTable,
  type WantedColumns,
} from './labelledColumns';

export interface LabelledExample {
  label: string;
  text: string;
  source: string;
  /** 1-based line where the row begins. */
  line: number;
}

/** The contents of a file, before anything is rejected. */
export interface ReadExamples {
  examples: LabelledExample[];
  problems: DataProblem[];
  /** Notes: how it was read, what was left out. */
  notices: Told[];
}

/**
 * The examples in the content of one file; `name` is for messages. Throws `invalidInput` if it is not labelled text.
 */
export function readExamples(content: string, name: string, wanted: WantedColumns): ReadExamples {
  const collector = new Collector(name);
  const table = readTable(content, name, wanted, collector);
  if (table) {
    const columns = chooseColumns(table, wanted, name);
    if (columns.label === undefined || columns.text === undefined) throw unknownColumns(table, name);
    collector.notices.unshift(describeColumns(name, columns));
    addRows(table, columns.label, columns.text, collector);
    collector.nameLabels(columns.label, wanted);
  }
  return collector.finish();
}

/** The columns that `readExamples` would use; undefined for formats without columns. */
export function columnsOf(content: string, name: string): LabelledColumns | undefined {
  const table = readTable(content, name, {}, new Collector(name));
  return table && chooseColumns(table, {}, name);
}

function addRows(table: LabelledTable, labelName: string, textName: string, collector: Collector): void {
  const { columns, rows, separator } = table;
  const [label, text] = [columns.indexOf(labelName), columns.indexOf(textName)];
  let joined = 0;
  for (const { line, values } of rows) {
    const extra = values.length - columns.length;
    if (extra > 0) {
      values.splice(text, extra + 1, values.slice(text, text + extra + 1).join(separator));
      joined++;
    }
    collector.add(line, values[label], values[text]);
  }
  if (joined === 0) return;
  collector.notices.push(
    joined === 1
      ? sentence(
          '{0}: 1 text contains separators outside of quotation marks; they were read as part of the text',
          collector.source,
        )
      : sentence(
          '{0}: {1} texts contain separators outside of quotation marks; they were read as part of the text',
          collector.source,
          joined,
        ),
  );
}

/** Collects the rows and problems of one source. */
class Collector {
  readonly notices: Told[] = [];
  private readonly examples: LabelledExample[] = [];
  private readonly problems: DataProblem[] = [];

  constructor(readonly source: string) {}

  add(line: number, label: unknown, text: unknown): void {
    if (typeof label === 'number' || typeof label === 'boolean') label = String(label);
    if (typeof label !== 'string') return this.problem(line, absence.label(label));
    if (typeof text !== 'string') return this.problem(line, absence.text(text));
    if (label.trim() === '') return this.problem(line, sentence('the label is empty'));
    if (text.trim() === '') return this.problem(line, sentence('the text is empty'));
    if (text.includes('\0') || label.includes('\0'))
      return this.problem(line, sentence('there is a NUL character in it'));
    this.examples.push({ label: label.trim(), text: text.trim(), source: this.source, line });
  }

  problem(line: number, reason: Told): void {
    this.problems.push({ source: this.source, line, reason });
  }

  /** Renames two bare labels to "spam" and "ham" if it is known which is which. */
  nameLabels(column: string, wanted: WantedColumns): void {
    const spam = spamLabelOf(
      column,
      this.examples.map(({ label }) => label),
      wanted,
    );
    if (spam === undefined) return;
    const other = this.examples.find(({ label }) => label !== spam)!.label;
    for (const example of this.examples) example.label = example.label === spam ? 'spam' : 'ham';
    this.notices.push(sentence('{0}: "{1}" read as spam, "{2}" as ham', this.source, spam, other));
  }

  finish(): ReadExamples {
    this.problems.sort((a, b) => a.line - b.line);
    return { examples: this.examples, problems: this.problems, notices: this.notices };
  }
}

const isNothing = (value: unknown): boolean => typeof value !== 'object' || value === null;
const absence = {
  label(value: unknown): Sentence {
    if (isNothing(value)) return sentence('the label is missing');
    return Array.isArray(value)
      ? sentence('the label is a list, not a text')
      : sentence('the label is an object, not a text');
  },
  text(value: unknown): Sentence {
    if (isNothing(value)) return sentence('the text is missing');
    return Array.isArray(value)
      ? sentence('the text is a list, not a text')
      : sentence('the text is an object, not a text');
  },
};

/** The table in `content`; undefined if the format has no columns and its examples were passed to the collector. */
function readTable(
  content: string,
  name: string,
  wanted: WantedColumns,
  collector: Collector,
): LabelledTable | undefined {
  const whole = content.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const lines = whole.split('\n');
  // Blank lines before the header, including those that a spreadsheet writes as separators only.
  let skipped = lines.findIndex((line) => !isBlank(line));
  if (skipped < 0) throw new InklingError('invalidInput', sentence('{0} is empty: it holds no labelled text.', name));
  const declared = /^"?sep=(.)"?[,;\t]*$/i.exec(lines[skipped].trimEnd())?.[1];
  if (declared !== undefined) skipped++;
  const [first = ''] = lines.slice(skipped);
  const text = lines.slice(skipped).join('\n');

  const array = jsonArray(text, skipped);
  if (array) return jsonTable(array, collector);
  if (first.trimStart().startsWith('{')) return jsonTable(jsonLines(lines, skipped, collector), collector);
  if (/\.json$/i.test(name)) {
    throw new InklingError(
      'invalidInput',
      sentence('{0} is not valid JSON: correct it, or save it as CSV or JSON Lines.', name),
    );
  }
  if (first.startsWith('__label__')) return void readFastText(lines, collector);

  const separators = declared ? [declared] : ['\t', ',', ';'];
  const header = separators.find((separator) => isHeader(cellsOf(first, separator), wanted));
  const parse = (separator: string): DelimitedRow[] =>
    parseTable(text, separator).map((row) => ({ ...row, line: row.line + skipped }));
  if (header) return headedTable(parse(header), header, collector);
  const asked = declared !== undefined || wanted.label !== undefined || wanted.text !== undefined;
  if (!asked && first.includes('\t')) return void readTabbedLines(lines, collector);
  const headless = separators
    .map((separator) => headlessShape(parse(separator), separator))
    .filter((shape) => shape !== undefined)
    .sort((a, b) => a.labelLength - b.labelLength)
    .at(0);
  if (headless) {
    const { columns, rows, separator } = headless;
    collector.notices.push(sentence('{0}: no header; columns are counted from 1', name));
    return { kind: 'headless', columns, separator, rows: soundRows(columns, rows, separator, collector) };
  }
  // An unknown header: its columns appear in the question or the error.
  const separator = separators.find((candidate) => cellsOf(first, candidate).length > 1) ?? ',';
  if (asked || /\.csv$/i.test(name) || /^[^\s,]+,/.test(first)) {
    return headedTable(parse(separator), separator, collector);
  }
  return void readTabbedLines(lines, collector);
}

function unknownColumns({ kind, columns }: LabelledTable, name: string): InklingError {
  if (kind === 'json') {
    return new InklingError(
      'invalidInput',
      sentence(
        '{0} has no label or no text; {1}. Write objects such as {2}, one per line (JSON Lines) or in one array, or, on the command line, name the fields with --label-column and --text-column.',
        name,
        columns.length > 0
          ? sentence('its fields are: {0}', shorten(columns.join(', ')))
          : sentence('it holds no objects'),
        '{"label": "spam", "text": "…"}',
      ),
    );
  }
  if (columns.length === 1) {
    return new InklingError(
      'invalidInput',
      sentence(
        '{0} has one column only, "{1}". Put a tab, a comma or a semicolon between label and text.',
        name,
        shorten(columns[0]),
      ),
    );
  }
  return new InklingError(
    'invalidInput',
    sentence(
      '{0}, line 1: the header "{1}" names no label and text column; name them "label" and "text" (also known: {2}), or, on the command line, say which they are with --label-column and --text-column.',
      name,
      shorten(columns.join(',')),
      knownColumns,
    ),
  );
}

// Lines

function readTabbedLines(lines: string[], collector: Collector): void {
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const tab = line.indexOf('\t');
    if (tab < 0) collector.problem(i + 1, sentence('there is no tab between label and text'));
    else collector.add(i + 1, line.slice(0, tab), line.slice(tab + 1));
  });
}

/** `__label__spam text`, also with a comma between them. */
function readFastText(lines: string[], collector: Collector): void {
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const [, label, rest] = /^\s*__label__(\S+)\s+(?:,\s+)?(.*)$/.exec(line) ?? [];
    if (label === undefined) collector.problem(i + 1, sentence('the line does not begin with "__label__" and a label'));
    else if (rest.startsWith('__label__')) collector.problem(i + 1, sentence('there are several labels; keep one'));
    else collector.add(i + 1, label, rest);
  });
  collector.notices.push(sentence("{0}: read as fastText's format (__label__)", collector.source));
}

// JSON

interface JsonEntry {
  line: number;
  value: unknown;
}

/** The elements of a JSON array and their lines, or undefined if it is not one. `from`: lines before `text`. */
function jsonArray(text: string, from: number): JsonEntry[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    return undefined;
  }
  const lines = elementLines(text);
  return (values as unknown[]).map((value, i) => ({ line: from + lines[i], value }));
}

/** The 1-based line where each element of a valid JSON array begins. */
function elementLines(text: string): number[] {
  const lines: number[] = [];
  let depth = 0;
  let line = 1;
  let awaited = false;
  for (let at = 0; at < text.length; at++) {
    const token = text[at];
    if (token === '"') at = endOfString(text, at) - 1;
    if (/[^\S\n]/.test(token)) continue;
    if (token === '\n') line++;
    else if (depth === 1 && token === ',') awaited = true;
    else {
      if (awaited && token !== ']') lines.push(line);
      awaited = depth === 0;
      if (token === '[' || token === '{') depth++;
      if (token === ']' || token === '}') depth--;
    }
  }
  return lines;
}

function jsonLines(lines: string[], from: number, collector: Collector): JsonEntry[] {
  const entries: JsonEntry[] = [];
  for (let i = from; i < lines.length; i++) {
    if (lines[i].trim() === '') continue;
    try {
      entries.push({ line: i + 1, value: JSON.parse(lines[i]) });
    } catch {
      collector.problem(i + 1, sentence('this is not valid JSON'));
    }
  }
  return entries;
}

function jsonTable(entries: JsonEntry[], collector: Collector): LabelledTable {
  const objects: { line: number; fields: Record<string, unknown> }[] = [];
  let rejected = 0;
  for (const { line, value } of entries) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      collector.problem(line, sentence('this is not a JSON object'));
      continue;
    }
    const fields = { ...(value as Record<string, unknown>) };
    // Prodigy: only accepted answers count; the answer to a choice is in `accept`.
    if ('answer' in fields && fields.answer !== 'accept') {
      rejected++;
      continue;
    }
    if (fields.label === undefined && Array.isArray(fields.accept) && fields.accept.length === 1) {
      [fields.accept] = fields.accept as unknown[];
    }
    if (fields.label === undefined && typeof fields.cats === 'object' && fields.cats !== null) {
      // spaCy: a score for each category.
      const chosen = Object.entries(fields.cats).filter(([, score]) => Number(score) >= 0.5);
      if (chosen.length !== 1) {
        collector.problem(line, `"cats" names ${chosen.length} categories of a score of 0.5 or more; it must name one`);
        continue;
      }
      [[fields.cats]] = chosen;
    }
    objects.push({ line, fields });
  }
  if (rejected > 0) {
    collector.notices.push(
      rejected === 1
        ? sentence('{0}: 1 row left out whose "answer" is not "accept"', collector.source)
        : sentence('{0}: {1} rows left out whose "answer" is not "accept"', collector.source, rejected),
    );
  }
  const columns = [...new Set(objects.flatMap(({ fields }) => Object.keys(fields)))];
  const rows = objects.map(({ line, fields }) => ({ line, values: columns.map((column) => fields[column]) }));
  return { kind: 'json', columns, rows };
}

// Tables

function isBlank(line: string): boolean {
  return /^[\s,;]*$/.test(line);
}

function cellsOf(line: string, separator: string): string[] {
  return parseDelimited(line, { separator })[0]?.cells ?? [];
}

/**
 * Rows of a table, detecting quotation marks that were not meant to open a cell: lines inside a quoted cell have as
 * many cells as the first row, and one of them is a value that occurs elsewhere in its column, as labels do.
 */
function parseTable(text: string, separator: string): DelimitedRow[] {
  const rows = parseDelimited(text, { separator });
  const width = rows.find((row) => !row.fault)?.cells.length ?? 0;
  if (!text.includes('"') || width < 2) return rows;
  const known = Array.from({ length: width }, () => new Set<string>());
  for (const { cells, fault } of rows.slice(1)) {
    if (!fault && cells.length === width) cells.forEach((cell, c) => cell.trim() !== '' && known[c].add(cell));
  }
  const isRow = (line: string): boolean => {
    const cells = cellsOf(line, separator);
    return cells.length === width && cells.some((cell, c) => known[c].has(cell));
  };
  return parseDelimited(text, { separator, isRow });
}

function headedTable(rows: DelimitedRow[], separator: string, collector: Collector): LabelledTable {
  const [header, ...rest] = rows;
  const names = header.cells.map((cell) => cell.trim());
  // Several files joined into one have as many headers.
  const own = rest.filter(({ cells }) => cells.map((cell) => cell.trim()).join('\t') !== names.join('\t'));
  const columns = distinctNames(names);
  const repeated = rest.length - own.length;
  if (repeated > 0) {
    collector.notices.push(
      repeated === 1
        ? sentence('{0}: 1 row that repeats the header was left out', collector.source)
        : sentence('{0}: {1} rows that repeat the header were left out', collector.source, repeated),
    );
  }
  return { kind: 'headed', columns, separator, rows: soundRows(columns, own, separator, collector) };
}

/** "text", "text", "label" become "text", "text (2)", "label", so that a name stands for one column. */
function distinctNames(names: string[]): string[] {
  return names.map((name, at) => {
    const earlier = names.slice(0, at).filter((other) => other === name).length;
    return earlier === 0 ? name : `${name} (${earlier + 1})`;
  });
}

interface HeadlessShape {
  columns: string[];
  rows: DelimitedRow[];
  separator: string;
  /** The average length of values in the column that looks like labels: with the right separator, they are short. */
  labelLength: number;
}

/** A table whose first row is data: one column has few different values, which recur. Undefined if it is not one. */
function headlessShape(rows: DelimitedRow[], separator: string): HeadlessShape | undefined {
  const whole = rows.filter(({ cells, fault }) => !fault && cells.length > 1);
  if (whole.length < 4 || whole.length * 2 < rows.length) return undefined;
  const width = Math.min(...whole.map(({ cells }) => cells.length));
  const columns = Array.from({ length: width }, (_, c) => String(c + 1));
  const lengths = columns.flatMap((_, c) => {
    const values = whole.map(({ cells }) => cells[c]);
    const labels = new Set(values).size * 2 <= values.length && values.indexOf(values[0], 1) > 0;
    return labels ? [values.reduce((sum, value) => sum + value.length, 0) / values.length] : [];
  });
  return lengths.length > 0 ? { columns, rows, separator, labelLength: Math.min(...lengths) } : undefined;
}

/** The rows that have a value for each column; the others become problems. */
function soundRows(
  columns: string[],
  rows: DelimitedRow[],
  separator: string,
  collector: Collector,
): LabelledTable['rows'] {
  // Without quoting, separators cannot be protected: then additional cells are part of the text.
  const quotes = separator === '\t' || rows.some(({ quoted, fault }) => quoted === true || fault !== undefined);
  const sound: LabelledTable['rows'] = [];
  for (const { cells, line, fault } of rows) {
    if (fault !== undefined) collector.problem(line, fault);
    else if (cells.every((cell) => cell.trim() === '')) continue;
    else if (cells.length === columns.length || (cells.length > columns.length && !quotes)) {
      sound.push({ line, values: cells });
    } else {
      collector.problem(
        line,
        sentence(
          'there are {0} cells where there are {1} columns; a text that contains "{2}" must be in quotation marks',
          cells.length,
          columns.length,
          separator,
        ),
      );
    }
  }
  return sound;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
