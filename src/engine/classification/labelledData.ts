/**
 * Labelled texts for training or measuring: from one file, or from a folder with one sub-folder of texts for each
 * label. Every unusable row is reported with source and line, and rejected or skipped as the caller chose.
 */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../common/errors';
import type { DataAdvice, DataProblem, LabelledColumns } from '../../common/classifierProtocol';
import { sayAdvice } from '../../common/verdictSentences';
import { readBytes, unreadable } from '../corpus/readTextFile';
import { decodeText, type DecodedText, type DecodeOptions } from '../corpus/decodeText';
import type { WantedColumns } from './labelledColumns';
import { columnsOf, readExamples, type LabelledExample, type ReadExamples } from './labelledText';
import { duplicateKey } from './split';

export type { LabelledExample } from './labelledText';

export interface LabelledData {
  examples: LabelledExample[];
  /** Distinct labels, sorted by code unit (scikit-learn's order). */
  classes: string[];
  /** Rows left out; empty if bad rows are rejected. */
  problems: DataProblem[];
  /** Notes: the columns that were read, what was merged or left out. */
  notices: string[];
}

export type BadRows = 'refuse' | 'skip';

/** Reads a file, or a folder whose sub-folders are the labels. Throws `invalidInput` naming the remedy. */
export async function readLabelledData(
  location: string,
  badRows: BadRows,
  wanted: WantedColumns = {},
  options: Pick<DecodeOptions, 'encoding'> = {},
): Promise<LabelledData> {
  if ((await statOf(location)).isDirectory()) return assemble([await readFolders(location, options)], badRows);
  const { text, notices } = await contentOf(location, options);
  const read = readExamples(text, path.basename(location), wanted);
  return assemble([{ ...read, notices: [...notices, ...read.notices] }], badRows);
}

/** The examples in the content of one file; `name` is for messages. Throws `invalidInput` naming the remedy. */
export function parseLabelledText(
  content: string,
  name: string,
  badRows: BadRows,
  wanted: WantedColumns = {},
): LabelledData {
  return assemble([readExamples(content, name, wanted)], badRows);
}

/** The columns of a file, and which would be read; undefined for folders and formats without columns. */
export async function labelledColumns(
  location: string,
  options: Pick<DecodeOptions, 'encoding'> = {},
): Promise<LabelledColumns | undefined> {
  if ((await statOf(location)).isDirectory()) return undefined;
  return columnsOf((await contentOf(location, options)).text, path.basename(location));
}

/** SHA-256, hexadecimal, of the examples: shows whether two classifiers learned from the same ones. */
export function hashExamples({ examples }: LabelledData): string {
  const hash = createHash('sha256');
  for (const { label, text } of examples) hash.update(`${label}\0${text}\0`);
  return hash.digest('hex');
}

/** Merges the results of several sources. */
export function joinLabelledData(parts: LabelledData[]): LabelledData {
  return parts.length === 1 ? parts[0] : assemble(parts, 'skip');
}

function assemble(parts: ReadExamples[], badRows: BadRows): LabelledData {
  const problems = parts.flatMap((part) => part.problems);
  if (badRows === 'refuse' && problems.length > 0) {
    throw refusal(
      problems,
      parts.every((part) => part.examples.length === 0),
    );
  }
  const notices = new Set(parts.flatMap((part) => part.notices));
  const examples = joinSpellings(
    parts.flatMap((part) => part.examples),
    notices,
  );
  const contradiction = contradictionsIn(examples);
  if (contradiction) notices.add(contradiction);
  const classes = [...new Set(examples.map((example) => example.label))].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { examples, classes, problems, notices: [...notices] };
}

/** Labels that differ only in case are one label, spelt as in most examples. */
function joinSpellings(examples: LabelledExample[], notices: Set<string>): LabelledExample[] {
  const counts = new Map<string, Map<string, number>>();
  for (const { label } of examples) {
    const key = label.toLowerCase();
    const spellings = counts.get(key) ?? new Map<string, number>();
    counts.set(key, spellings.set(label, (spellings.get(label) ?? 0) + 1));
  }
  const spelling = new Map<string, string>();
  for (const [key, spellings] of counts) {
    const [[kept], ...others] = [...spellings].sort((a, b) => b[1] - a[1]);
    spelling.set(key, kept);
    if (others.length === 0) continue;
    const joined = others.map(([label, count]) => `"${label}" (${count})`).join(', ');
    notices.add(`labels that differ only in case are one: ${joined} counted as "${kept}"`);
  }
  if (spelling.size === new Set(examples.map(({ label }) => label)).size) return examples;
  return examples.map((example) => ({ ...example, label: spelling.get(example.label.toLowerCase())! }));
}

/** A sentence about equal texts with different labels, one of which must be wrong. */
function contradictionsIn(examples: LabelledExample[]): string | undefined {
  const first = new Map<string, LabelledExample>();
  const pairs: [LabelledExample, LabelledExample][] = [];
  for (const example of examples) {
    const key = duplicateKey(example.text);
    const known = first.get(key);
    if (!known) first.set(key, example);
    else if (known.label !== example.label) pairs.push([known, example]);
  }
  if (pairs.length === 0) return undefined;
  const [[a, b]] = pairs;
  const place = ({ source, line, label }: LabelledExample): string => `${source}, line ${line} ("${label}")`;
  const texts = pairs.length === 1 ? '1 text has' : `${pairs.length} texts have`;
  return `${texts} two labels, such as ${place(a)} and ${place(b)}; correct them, or the figures will be worse`;
}

/**
 * Throws `invalidInput` if no classifier can be trained: fewer than two classes, or a class with fewer than `least`
 * examples.
 */
export function requireTrainable(data: LabelledData, least = 4): void {
  const { classes, examples } = data;
  if (classes.length < 2) {
    const what = classes.length === 0 ? 'There are no labelled examples' : `All examples are labelled "${classes[0]}"`;
    throw new InklingError(
      'invalidInput',
      `${what}; a classifier needs examples of at least two classes. Add some of another.`,
    );
  }
  if (examples.length >= 10 && classes.length * 2 > examples.length) {
    throw new InklingError(
      'invalidInput',
      `There are ${classes.length} different labels in ${examples.length} examples ("${shorten(classes[0])}", ` +
        `"${shorten(classes[1])}", …); that is probably not the label column. Name the right one with --label-column.`,
    );
  }
  if (classes.length > 1000) {
    throw new InklingError(
      'invalidInput',
      `There are ${classes.length} different labels, and at most 1,000 can be told apart. Name the column of the labels with --label-column.`,
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

/**
 * The minimum number of held-out examples of a class for a sufficiently precise recall: at a true recall of 0.9 the
 * Wilson 95 % interval of 40 examples is about 0.77 to 0.96.
 */
const heldOutWanted = 40;

/** For each class: the number of examples, and how many more are needed for meaningful verdicts. */
export function adviseOnData(
  classes: string[],
  counts: { all: number[]; heldOut: number[] },
  heldOutFraction: number,
): DataAdvice[] {
  return classes.map((label, c) => {
    const examples = counts.all[c];
    const wanted = Math.ceil(heldOutWanted / heldOutFraction);
    const missing = Math.max(0, wanted - examples);
    const advice = { label, examples, heldOut: counts.heldOut[c], missing };
    return { ...advice, message: sayAdvice(advice) };
  });
}

function refusal(problems: DataProblem[], noneIsUsable: boolean): InklingError {
  const shown = problems.slice(0, 5).map((p) => `${p.source}, line ${p.line}: ${p.reason}`);
  const rest = problems.length > 5 ? `; and ${problems.length - 5} more` : '';
  const rows = problems.length === 1 ? '1 row' : `${problems.length} rows`;
  const remedy = noneIsUsable
    ? 'Write a label, a tab and the text in each line, or make a CSV file whose header names "label" and "text".'
    : 'Correct them, or skip bad rows (--bad-rows skip).';
  return new InklingError('invalidInput', `${rows} cannot be used: ${shown.join('; ')}${rest}. ${remedy}`);
}

async function statOf(location: string): Promise<Stats> {
  return fs.stat(location).catch((error: unknown) => {
    throw unreadable(location, error);
  });
}

/** A NUL affects its row, not the whole file. */
async function contentOf(file: string, { encoding }: DecodeOptions): Promise<DecodedText> {
  return decodeText(await readBytes(file, file), path.basename(file), { encoding, keepNuls: true });
}

/** How many notes on the reading of a folder's files are kept. */
const shownNotices = 3;

/** Files that operating systems create in folders. */
const systemFiles = ['thumbs.db', 'desktop.ini'];

function isHidden(name: string): boolean {
  return name.startsWith('.') || systemFiles.includes(name.toLowerCase());
}

async function readFolders(folder: string, options: DecodeOptions): Promise<ReadExamples> {
  const entries = (await fs.readdir(folder, { withFileTypes: true })).filter(({ name }) => !isHidden(name));
  const labels = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (labels.length < 2) {
    throw new InklingError(
      'invalidInput',
      `${folder} has ${labels.length} sub-folders; it needs one for each label, with a text in each file.`,
    );
  }
  const read: ReadExamples = { examples: [], problems: [], notices: [] };
  const notices: string[] = [];
  const unread = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  for (const label of labels.sort()) {
    const inside = (await fs.readdir(path.join(folder, label), { withFileTypes: true }))
      .filter(({ name }) => !isHidden(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const file of inside) {
      const source = path.join(label, file.name);
      if (!file.isFile()) {
        unread.push(source);
        continue;
      }
      try {
        const decoded = decodeText(await readBytes(path.join(folder, source), source), source, options);
        const text = decoded.text.trim();
        notices.push(...decoded.notices);
        if (text === '') read.problems.push({ source, line: 1, reason: 'the text is empty' });
        else read.examples.push({ label, text, source, line: 1 });
      } catch (error) {
        if (!(error instanceof InklingError)) throw error;
        read.problems.push({ source, line: 1, reason: error.message });
      }
    }
  }
  read.notices.push(...notices.slice(0, shownNotices));
  if (notices.length > shownNotices) read.notices.push(`… and ${notices.length - shownNotices} more like these`);
  if (unread.length > 0) {
    read.notices.push(
      `not read, because only files directly in a label's folder are: ${unread.slice(0, 3).join(', ')}` +
        (unread.length > 3 ? ` and ${unread.length - 3} more` : ''),
    );
  }
  return read;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
