/**
 * A document as the surprise map sees it: its text with `\n` line ends, and the parts of it that have figures. A short
 * text is one part; of a long one, only what surrounds the visible lines is mapped.
 */
import * as vscode from 'vscode';
import { lastAtOrBelow } from '../../common/search';
import type { Span } from './markdownMarks';
import { SurpriseFigures, type Mark, type SurpriseUnit } from './surpriseFigures';

/** In a longer text, only this much around the visible part is mapped: the engine needs a step for every character. */
export const maximumLength = 100_000;

/** A part of a text: its figures and everything that is not prose are relative to its base. */
export interface Part {
  base: number;
  figures: SurpriseFigures;
  /** What is not prose and gets no marks, in order. */
  skipped: readonly Span[];
}

export interface MappedText {
  document: vscode.TextDocument;
  /** The document with `\n` line ends at the last update, and the offset of each line. */
  text: string;
  lineStarts: number[];
  /** Only the text before it is unchanged since `text`. */
  unchanged: number;
  parts: Part[];
}

/** The text of a part, which may have figures for its beginning only. */
export function textOf({ text }: MappedText, { base }: Part): string {
  return text.slice(base, base + maximumLength);
}

/** The paragraphs of a part that has figures, in order; each lasts up to the next blank line. */
export function* passages(map: MappedText, part: Part): Iterable<Span> {
  const { base, figures } = part;
  const text = textOf(map, part).slice(0, figures.length);
  let start = 0;
  for (const { index, 0: blank } of text.matchAll(/\n[ \t]*\n/g)) {
    yield { start: base + start, end: base + index };
    start = index + blank.length;
  }
  yield { start: base + start, end: base + text.length };
}

/** The marks of a part within [start, end) of the whole text; their offsets are those of the whole text. */
export function marksIn(map: MappedText, part: Part, unit: SurpriseUnit, start: number, end: number): Mark[] {
  const { base, figures, skipped } = part;
  const last = Math.min(end, map.unchanged) - base;
  return figures
    .marks(textOf(map, part), unit, Math.max(0, start - base), Math.max(0, last), skipped)
    .map((mark) => ({ ...mark, start: base + mark.start, end: base + mark.end }));
}

/**
 * Updates the parts after a change of the document: a part after the change moves with its figures, a part around it
 * keeps its first figures.
 */
export function readAgain(map: MappedText): void {
  const { text: before, unchanged } = map;
  const text = map.document.getText().replace(/\r\n?/g, '\n');
  const added = text.length - before.length;
  const parts = map.parts.flatMap((part): Part[] => {
    const { base, figures } = part;
    if (base > unchanged) {
      return before.slice(base) === text.slice(base + added) ? [{ ...part, base: base + added }] : [];
    }
    figures.cut(unchanged - base);
    return [part];
  });
  Object.assign(map, { text, lineStarts: lineStartsOf(text), unchanged: text.length, parts });
}

/** One part per editor that shows the text; unchanged if no editor does. New parts have no figures yet. */
export function neededParts(map: MappedText): Part[] {
  const at = (base: number): Part => ({ base, figures: new SurpriseFigures(), skipped: [] });
  if (map.text.length <= maximumLength) return [map.parts.find(({ base }) => base === 0) ?? at(0)];
  const parts = new Set<Part>();
  for (const { document, visibleRanges } of vscode.window.visibleTextEditors) {
    if (document !== map.document || visibleRanges.length === 0) continue;
    const visible = new vscode.Range(visibleRanges[0].start, visibleRanges[visibleRanges.length - 1].end);
    const known = [...parts, ...map.parts].find((part) => holds(part, map, visible));
    parts.add(known ?? at(baseFor(map, visible)));
  }
  if (parts.size > 0) return [...parts];
  return map.parts.length > 0 ? map.parts : [at(0)];
}

/** Whether a part contains everything that is visible in an editor. */
export function holds(
  { base }: Part,
  { text, lineStarts }: MappedText,
  visible: Pick<vscode.Range, 'start' | 'end'>,
): boolean {
  const first = lineStarts[visible.start.line] ?? text.length;
  const last = Math.min(lineStarts[visible.end.line + 1] ?? text.length, text.length);
  // If it is too long, its beginning.
  return first >= base && Math.min(last, first + maximumLength / 2) <= base + maximumLength;
}

/** The start of a part around the visible text: at the beginning of a line, so that no surrogate pair is split. */
function baseFor({ text, lineStarts }: MappedText, visible: vscode.Range): number {
  const first = lineStarts[visible.start.line] ?? text.length;
  const wanted = Math.max(0, Math.min(first - maximumLength / 2, text.length - maximumLength));
  // Not before `wanted`, so that the end is reached.
  return lineStarts.find((start) => start >= wanted && start <= first) ?? first;
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}

/** Offsets count `\n` line ends; positions are those of the editor, whatever its line ends. */
export function positionOf(map: MappedText, offset: number): vscode.Position {
  const line = lastAtOrBelow(map.lineStarts, offset);
  return new vscode.Position(line, offset - map.lineStarts[line]);
}

export function offsetOf(map: MappedText, position: vscode.Position): number {
  return (map.lineStarts[position.line] ?? Infinity) + position.character;
}
