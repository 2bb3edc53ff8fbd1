/**
 * Labelled texts for training or measuring: from one file, or from a folder with one sub-folder of texts for each
 * label. Every unusable row is reported with source and line, and rejected or skipped as the caller chose.
 */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../common/errors';
import { sentence, type Sentence, type Told, say } from '../../common/l10n';
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
  notices: Told[];
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
  const notices = parts.flatMap((part) => part.notices);
  const examples = joinSpellings(
    parts.flatMap((part) => part.examples),
    notices,
  );
  const contradiction = contradictionsIn(examples);
  if (contradiction) notices.push(contradiction);
  const classes = [...new Set(examples.map((example) => example.label))].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { examples, classes, problems, notices: distinct(notices) };
}

function distinct(notices: Told[]): Told[] {
  return [...new Map(notices.map((notice) => [say(notice), notice])).values()];
}

/** Labels that differ only in case are one label, spelt as in most examples. */
function joinSpellings(examples: LabelledExample[], notices: Told[]): LabelledExample[] {
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
    notices.push(sentence('labels that differ only in case are one: {0} counted as "{1}"', joined, kept));
  }
  if (spelling.size === new Set(examples.map(({ label }) => label)).size) return examples;
  return examples.map((example) => ({ ...example, label: spelling.get(example.label.toLowerCase())! }));
}

/** A sentence about equal texts with different labels, one of which must be wrong. */
function contradictionsIn(examples: LabelledExample[]): Sentence | undefined {
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
  const place = ({ source, line, label }: LabelledExample): Sentence =>
    sentence('{0}, line {1} ("{2}")', source, String(line), label);
  return pairs.length === 1
    ? sentence(
        '1 text has two labels, such as {0} and {1}; correct them, or the figures will be worse',
        place(a),
        place(b),
      )
    : sentence(
        '{0} texts have two labels, such as {1} and {2}; correct them, or the figures will be worse',
        pairs.length,
        place(a),
        place(b),
      );
}

/**
 * Throws `invalidInput` if no classifier can be trained: fewer than two classes, or a class with fewer than `least`
 * examples.
 */
export function requireTrainable(data: LabelledData, least = 4): void {
  const { classes, examples } = data;
  if (classes.length < 2) {
    throw new InklingError(
      'invalidInput',
      classes.length === 0
        ? sentence(
            'There are no labelled examples; a classifier needs examples of at least two classes. Add some of each.',
          )
        : sentence(
            'All examples are labelled "{0}"; a classifier needs examples of at least two classes. Add some of another.',
            classes[0],
          ),
    );
  }
  if (examples.length >= 10 && classes.length * 2 > examples.length) {
    throw new InklingError(
      'invalidInput',
      sentence(
        'There are {0} different labels in {1} examples ("{2}", "{3}", …); that is probably not the label column. Name the right one with --label-column on the command line, or "label" in the header.',
        classes.length,
        examples.length,
        shorten(classes[0]),
        shorten(classes[1]),
      ),
    );
  }
  if (classes.length > 1000) {
    throw new InklingError(
      'invalidInput',
      sentence(
        'There are {0} different labels, and at most 1,000 can be told apart. Name the column of the labels with --label-column on the command line, or "label" in the header.',
        classes.length,
      ),
    );
  }
  for (const label of classes) {
    const count = examples.filter((example) => example.label === label).length;
    if (count < least) {
      throw new InklingError(
        'invalidInput',
        count === 1
          ? sentence(
              'There is only 1 example of "{0}" ({1} examples in all); add at least {2} more of it.',
              label,
              examples.length,
              least - count,
            )
          : sentence(
              'There are only {0} examples of "{1}" ({2} examples in all); add at least {3} more of it.',
              count,
              label,
              examples.length,
              least - count,
            ),
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
  const shown = problems.slice(0, 5).map((p) => sentence('{0}, line {1}: {2}', p.source, String(p.line), p.reason));
  if (problems.length > 5) shown.push(sentence('and {0} more', problems.length - 5));
  const list = shown.reduce((before, next) => sentence('{0}; {1}', before, next));
  const what =
    problems.length === 1
      ? sentence('1 row cannot be used: {0}.', list)
      : sentence('{0} rows cannot be used: {1}.', problems.length, list);
  return new InklingError(
    'invalidInput',
    noneIsUsable
      ? sentence(
          '{0} Write a label, a tab and the text in each line, or make a CSV file whose header names "label" and "text".',
          what,
        )
      : sentence(
          '{0} Correct them, or skip bad rows (--bad-rows skip, or inkling.classifier.badRows in VS Code).',
          what,
        ),
  );
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
      sentence(
        '{0} has {1} sub-folders; it needs one for each label, with a text in each file.',
        folder,
        labels.length,
      ),
    );
  }
  const read: ReadExamples = { examples: [], problems: [], notices: [] };
  const notices: Told[] = [];
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
        if (text === '') read.problems.push({ source, line: 1, reason: sentence('the text is empty') });
        else read.examples.push({ label, text, source, line: 1 });
      } catch (error) {
        if (!(error instanceof InklingError)) throw error;
        read.problems.push({ source, line: 1, reason: error.told });
      }
    }
  }
  read.notices.push(...notices.slice(0, shownNotices));
  if (notices.length > shownNotices)
    read.notices.push(sentence('… and {0} more like these', notices.length - shownNotices));
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
