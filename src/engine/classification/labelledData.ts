/**
 * Labelled text: `label<TAB>text` lines, CSV or TSV with a header, JSON Lines, or a folder with one sub-folder of texts
 * for each label. Every row that cannot be used is named by source and line, and refused or skipped as the caller chose.
 */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../common/errors';
import type { DataAdvice, DataProblem } from '../../common/classifierProtocol';
import { decodeText } from '../corpus/decodeText';
import { parseDelimited } from './delimited';

export interface LabelledExample {
  label: string;
  text: string;
  source: string;
  /** 1-based line where the row begins. */
  line: number;
}

export interface LabelledData {
  examples: LabelledExample[];
  /** Distinct labels, sorted by code unit (scikit-learn's order). */
  classes: string[];
  /** Rows left out; empty when bad rows are refused. */
  problems: DataProblem[];
}

export type BadRows = 'refuse' | 'skip';

const labelNames = ['label', 'class', 'category', 'target', 'tag', 'v1'];
const textNames = ['text', 'message', 'sms', 'body', 'content', 'review', 'email', 'v2'];

/** Reads a file, or a folder whose sub-folders are the labels. Throws `invalidInput` naming the remedy. */
export async function readLabelledData(location: string, badRows: BadRows): Promise<LabelledData> {
  const stat = await fs.stat(location).catch((error: NodeJS.ErrnoException) => {
    throw new InklingError('invalidInput', `${location} cannot be read (${error.code}); check the path.`);
  });
  if (stat.isDirectory()) return readFolders(location, badRows);
  const content = decodeText(await fs.readFile(location), location);
  return parseLabelledText(content, path.basename(location), badRows);
}

/**
 * The examples in the content of one file. `name` is for messages, and its ending helps to tell the format: lines that
 * begin with `{` are JSON Lines; a first row that names a label column and a text column is a header; else every line
 * is `label<TAB>text`, with quotation marks taken as they stand.
 */
export function parseLabelledText(content: string, name: string, badRows: BadRows): LabelledData {
  const text = content.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const first = text.split('\n', 50).find((line) => line.trim() !== '');
  if (first === undefined) throw new InklingError('invalidInput', `${name} is empty: it holds no labelled text.`);
  const collector = new Collector(name);
  if (first.trimStart().startsWith('[') && /\.json$/i.test(name)) {
    throw new InklingError(
      'invalidInput',
      `${name} is one JSON array: write its objects one a line, without brackets and commas around them (JSON Lines).`,
    );
  }
  if (first.trimStart().startsWith('{')) readJsonLines(text, collector);
  else {
    const separator = headerSeparator(first);
    if (separator) readTable(text, separator, collector);
    else if (first.includes('\t')) readTabbedLines(text, collector);
    else if (/\.csv$/i.test(name) || /^[^\s,]+,/.test(first)) {
      throw new InklingError(
        'invalidInput',
        `${name}, line 1: the header "${shorten(first)}" names no label and text column; name them ` +
          `"label" and "text" (also known: ${[...labelNames.slice(1), ...textNames.slice(1)].join(', ')}).`,
      );
    } else readTabbedLines(text, collector);
  }
  return collector.finish(badRows);
}

/** Joins what several sources gave. */
export function joinLabelledData(parts: LabelledData[]): LabelledData {
  const examples = parts.flatMap((part) => part.examples);
  return { examples, classes: classesOf(examples), problems: parts.flatMap((part) => part.problems) };
}

/** Throws `invalidInput` where no classifier can be trained: fewer than two classes, or a class of fewer than `least`. */
export function requireTrainable(data: LabelledData, least = 4): void {
  const { classes, examples } = data;
  if (classes.length < 2) {
    const what = classes.length === 0 ? 'There are no labelled examples' : `All examples are labelled "${classes[0]}"`;
    throw new InklingError('invalidInput', `${what}; a classifier needs examples of at least two classes.`);
  }
  if (classes.length > 1000) {
    throw new InklingError(
      'invalidInput',
      `There are ${classes.length} different labels; is the label really in the first column? At most 1,000 can be told apart.`,
    );
  }
  for (const label of classes) {
    const count = examples.filter((example) => example.label === label).length;
    if (count < least) {
      throw new InklingError(
        'invalidInput',
        `There ${count === 1 ? 'is only 1 example' : `are only ${count} examples`} of "${label}" ` +
          `(${examples.length} examples in all); add at least ${least - count} more of it.`,
      );
    }
  }
}

/** Held-out examples of a class below which its recall is not known well enough: at a true recall of 0.9 the Wilson
 *  95 % interval of 40 examples is about 0.77 to 0.96. */
const heldOutWanted = 40;

/** For each class: how many examples there are and how many more its verdicts need before they are worth anything. */
export function adviseOnData(
  classes: string[],
  counts: { all: number[]; heldOut: number[] },
  heldOutFraction: number,
): DataAdvice[] {
  return classes.map((label, c) => {
    const examples = counts.all[c];
    const wanted = Math.ceil(heldOutWanted / heldOutFraction);
    const missing = Math.max(0, wanted - examples);
    const message =
      missing === 0
        ? `"${label}": ${examples} examples, enough to judge it by.`
        : `"${label}": ${examples} examples (${counts.heldOut[c]} held out); add about ${missing} more before its figures are worth anything.`;
    return { label, examples, heldOut: counts.heldOut[c], missing, message };
  });
}

function classesOf(examples: LabelledExample[]): string[] {
  return [...new Set(examples.map((example) => example.label))].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Gathers rows and problems of one source. */
class Collector {
  private readonly examples: LabelledExample[] = [];
  private readonly problems: DataProblem[] = [];

  constructor(readonly source: string) {}

  add(line: number, label: unknown, text: unknown): void {
    if (typeof label === 'number' || typeof label === 'boolean') label = String(label);
    if (typeof label !== 'string') return this.problem(line, 'the label is missing');
    if (typeof text !== 'string') return this.problem(line, 'the text is missing');
    if (label.trim() === '') return this.problem(line, 'the label is empty');
    if (text.trim() === '') return this.problem(line, 'the text is empty');
    this.examples.push({ label: label.trim(), text: text.trim(), source: this.source, line });
  }

  problem(line: number, reason: string): void {
    this.problems.push({ source: this.source, line, reason });
  }

  finish(badRows: BadRows): LabelledData {
    if (badRows === 'refuse' && this.problems.length > 0) throw refusal(this.problems);
    return { examples: this.examples, classes: classesOf(this.examples), problems: this.problems };
  }
}

function refusal(problems: DataProblem[]): InklingError {
  const shown = problems.slice(0, 5).map((p) => `${p.source}, line ${p.line}: ${p.reason}`);
  const rest = problems.length > 5 ? `; and ${problems.length - 5} more` : '';
  const rows = problems.length === 1 ? '1 row' : `${problems.length} rows`;
  return new InklingError(
    'invalidInput',
    `${rows} cannot be used: ${shown.join('; ')}${rest}. Correct them, or skip bad rows (--bad-rows skip).`,
  );
}

function readTabbedLines(text: string, collector: Collector): void {
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const tab = line.indexOf('\t');
    if (tab < 0) collector.problem(i + 1, 'there is no tab between label and text');
    else collector.add(i + 1, line.slice(0, tab), line.slice(tab + 1));
  });
}

function readJsonLines(text: string, collector: Collector): void {
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch {
      return collector.problem(i + 1, 'this is not valid JSON');
    }
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      return collector.problem(i + 1, 'this is not a JSON object');
    }
    const fields = new Map(Object.entries(row).map(([key, value]) => [key.toLowerCase(), value as unknown]));
    const pick = (names: string[]): unknown => fields.get(names.find((name) => fields.has(name)) ?? '');
    collector.add(i + 1, pick(labelNames), pick(textNames));
  });
}

/** The separator of a header that names a label and a text column, or undefined. */
function headerSeparator(line: string): string | undefined {
  return ['\t', ',', ';'].find((separator) => {
    const cells = headerCells(line, separator);
    return cells.some((cell) => labelNames.includes(cell)) && cells.some((cell) => textNames.includes(cell));
  });
}

function headerCells(line: string, separator: string): string[] {
  return (parseDelimited(line, separator)[0]?.cells ?? []).map((cell) => cell.trim().toLowerCase());
}

function readTable(text: string, separator: string, collector: Collector): void {
  const rows = parseDelimited(text, separator);
  const header = rows[0].cells.map((cell) => cell.trim().toLowerCase());
  const labelColumn = header.findIndex((cell) => labelNames.includes(cell));
  const textColumn = header.findIndex((cell) => textNames.includes(cell));
  for (const row of rows.slice(1)) {
    if (row.fault) collector.problem(row.line, row.fault);
    else if (row.cells.length === 1 && row.cells[0].trim() === '') continue;
    else if (row.cells.length !== header.length) {
      collector.problem(row.line, `there are ${row.cells.length} cells where the header has ${header.length}`);
    } else collector.add(row.line, row.cells[labelColumn], row.cells[textColumn]);
  }
}

async function readFolders(folder: string, badRows: BadRows): Promise<LabelledData> {
  const entries = await fs.readdir(folder, { withFileTypes: true });
  const labels = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((e) => e.name);
  if (labels.length < 2) {
    throw new InklingError(
      'invalidInput',
      `${folder} has ${labels.length} sub-folders; it needs one for each label, with a text in each file.`,
    );
  }
  const examples: LabelledExample[] = [];
  const problems: DataProblem[] = [];
  for (const label of labels.sort()) {
    const files = (await fs.readdir(path.join(folder, label), { withFileTypes: true })).filter((e) => e.isFile());
    for (const file of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const source = path.join(label, file.name);
      try {
        const text = decodeText(await fs.readFile(path.join(folder, source)), source).trim();
        if (text === '') problems.push({ source, line: 1, reason: 'the text is empty' });
        else examples.push({ label, text, source, line: 1 });
      } catch (error) {
        if (!(error instanceof InklingError)) throw error;
        problems.push({ source, line: 1, reason: error.message });
      }
    }
  }
  if (badRows === 'refuse' && problems.length > 0) throw refusal(problems);
  return { examples, classes: classesOf(examples), problems };
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
