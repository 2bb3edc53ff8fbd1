/**
 * Finds the columns of a table with the labels and the texts: one rule for every format. Names given by the caller take
 * precedence, then the known names in the order of the lists below, whatever the order of the columns.
 */
import { InklingError } from '../../common/errors';
import { sentence, type Sentence } from '../../common/l10n';
import type { LabelledColumns } from '../../common/classifierProtocol';

/** A table from any format. */
export interface LabelledTable {
  kind: 'headed' | 'headless' | 'json';
  /** Their names; "1", "2", … if the table has no header. */
  columns: string[];
  /**
   * A value for each column; undefined if the row has none. More values than columns mean unquoted separators in the
   * text.
   */
  rows: { line: number; values: unknown[] }[];
  separator?: string;
}

/** Columns by name, or by number from 1 on. */
export interface WantedColumns {
  label?: string;
  text?: string;
  /** Of two bare labels, the one that means spam. */
  spam?: string;
}

const spamNames = ['spam', 'is_spam', 'isspam', 'is spam'];
// The last two are spaCy's and Prodigy's.
const labelNames = ['label', 'class', 'category', 'target', 'tag', 'v1', ...spamNames, 'cats', 'accept'];
const textNames = ['text', 'message', 'sms', 'body', 'content', 'review', 'email', 'v2'];

/** For messages. */
export const knownColumns = [...labelNames.slice(1), ...textNames.slice(1)].join(', ');

/** Whether a header names a label and a text column, or the requested ones. */
export function isHeader(cells: string[], wanted: WantedColumns): boolean {
  const named = (want: string | undefined, known: string[]): boolean =>
    want === undefined ? ranked(cells, known).length > 0 : indexOfName(cells, want) >= 0;
  return named(wanted.label, labelNames) && named(wanted.text, textNames);
}

/**
 * The label and the text column. Throws `invalidInput` if a requested one is missing. A column that is neither
 * requested nor known is left out.
 */
export function chooseColumns(table: LabelledTable, wanted: WantedColumns, name: string): LabelledColumns {
  const { columns } = table;
  const find = (want: string | undefined, what: 'label' | 'text'): number | undefined => {
    if (want === undefined) return undefined;
    const at = indexOf(columns, want);
    if (at < 0) {
      throw new InklingError(
        'invalidInput',
        what === 'label'
          ? sentence('{0} has no label column "{1}"; its columns are {2}.', name, want, columns.join(', '))
          : sentence('{0} has no text column "{1}"; its columns are {2}.', name, want, columns.join(', ')),
      );
    }
    return at;
  };
  const given = { label: find(wanted.label, 'label'), text: find(wanted.text, 'text') };
  const labels = given.label !== undefined ? [given.label] : candidatesOf(table, labelNames, given.text);
  const label = labels.at(0);
  const texts =
    given.text !== undefined
      ? [given.text]
      : table.kind === 'headless'
        ? longestFirst(table, label).slice(0, 1)
        : ranked(columns, textNames).filter((c) => c !== label);
  const named = (c: number | undefined): string | undefined => (c === undefined ? undefined : columns[c]);
  return {
    columns,
    label: named(label),
    text: named(texts.at(0)),
    doubtful: labels.length !== 1 || texts.length !== 1 || mostlyDistinct(table, labels[0]),
    ...(label !== undefined && openLabels(table, label)),
  };
}

/** Two labels without a meaning of their own, such as 0 and 1, in a column whose name does not explain them either. */
function openLabels({ columns, rows }: LabelledTable, label: number): { bareLabels?: string[] } {
  const labels = [...new Set(rows.map(({ values }) => String(values[label] ?? '').trim()))].filter(Boolean).sort();
  return areBare(labels) && !namesSpam(columns[label]) ? { bareLabels: labels } : {};
}

function areBare(labels: string[]): boolean {
  return labels.length === 2 && labels.every((label) => /^(?:[+-]?[01]|true|false|yes|no|y|n)$/i.test(label));
}

function namesSpam(column: string): boolean {
  return spamNames.includes(normalise(column));
}

/**
 * Which of the labels in a column means spam: the one the user named, or the "yes" of a column called "spam". Undefined
 * if the labels are to stay unchanged.
 */
export function spamLabelOf(column: string, labels: Iterable<string>, wanted: WantedColumns): string | undefined {
  const distinct = [...new Set(labels)];
  if (wanted.spam !== undefined)
    return distinct.length === 2 && distinct.includes(wanted.spam) ? wanted.spam : undefined;
  if (!namesSpam(column) || !areBare(distinct)) return undefined;
  return distinct.find((label) => /^(?:\+?1|true|yes|y)$/i.test(label));
}

/** "mail.csv: label: column "label", text: column "message"". */
export function describeColumns(name: string, { label, text, columns, doubtful }: LabelledColumns): Sentence {
  const others = columns.filter((column) => column !== label && column !== text);
  const read = [name, String(label), String(text)];
  return doubtful && others.length > 0
    ? sentence(
        '{0}: label: column "{1}", text: column "{2}"; not read: {3} (on the command line, others can be named with --label-column and --text-column)',
        ...read,
        others.join(', '),
      )
    : sentence('{0}: label: column "{1}", text: column "{2}"', ...read);
}

function candidatesOf(table: LabelledTable, names: string[], text: number | undefined): number[] {
  if (table.kind !== 'headless') return ranked(table.columns, names).filter((c) => c !== text);
  const distinct = table.columns.map((_, c) => distinctValues(table, c));
  return table.columns
    .map((_, c) => c)
    .filter((c) => c !== text && distinct[c] > 1 && distinct[c] * 2 <= table.rows.length)
    .sort((a, b) => distinct[a] - distinct[b] || a - b);
}

/** The columns with a known name, in order of precedence. */
function ranked(columns: string[], names: string[]): number[] {
  return names.map((name) => columns.findIndex((column) => normalise(column) === name)).filter((column) => column >= 0);
}

function indexOf(columns: string[], want: string): number {
  const named = indexOfName(columns, want);
  if (named >= 0) return named;
  return /^[1-9]\d*$/.test(want) && Number(want) <= columns.length ? Number(want) - 1 : -1;
}

function indexOfName(columns: string[], want: string): number {
  const exact = columns.indexOf(want);
  return exact >= 0 ? exact : columns.findIndex((column) => normalise(column) === normalise(want));
}

function normalise(name: string): string {
  return name.trim().toLowerCase();
}

function distinctValues({ rows }: LabelledTable, column: number): number {
  return new Set(rows.map(({ values }) => values[column])).size;
}

/** A label occurs in several rows; a number, a name or a text in only one. */
function mostlyDistinct(table: LabelledTable, column: number): boolean {
  return table.rows.length >= 10 && distinctValues(table, column) * 2 > table.rows.length;
}

function longestFirst({ columns, rows }: LabelledTable, except: number | undefined): number[] {
  const length = columns.map((_, c) => rows.reduce((sum, { values }) => sum + String(values[c] ?? '').length, 0));
  return columns
    .map((_, c) => c)
    .filter((c) => c !== except)
    .sort((a, b) => length[b] - length[a]);
}
