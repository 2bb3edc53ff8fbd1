/**
 * The surprise map: the open text tinted by how little the model expected each character or word, with a hover that
 * shows what it expected instead. Only visible text is decorated, and only text after the first changed line is
 * recomputed.
 */
import * as vscode from 'vscode';
import { asInklingError, isCancelled } from '../../common/errors';
import { windowStart } from '../completion/cursorText';
import { setting } from '../configuration';
import { Disposables } from '../dispose';
import type { EngineCaller } from '../engineHost/engineClient';
import { followDocument } from '../followDocument';
import type { ActiveModel } from '../models/activeModel';
import { codeSpan } from '../plainText';
import { signalOf } from '../signalOf';
import { SurpriseFigures } from './surpriseFigures';

const levels = 5;
const recomputeDelayMs = 300;
const redrawDelayMs = 50;
/** Lines decorated beyond the visible ones, so that scrolling a little needs no redraw. */
const marginLines = 40;
/** In a longer text, only this much around the visible part is mapped: the engine needs a step for every character. */
const maximumLength = 100_000;
const consideredCount = 5;

/** A part of a text: the engine's figures for it are relative to its base. */
interface Part {
  base: number;
  figures: SurpriseFigures;
}

interface MappedText {
  document: vscode.TextDocument;
  /** The document with `\n` line ends at the last update, and the offset of each line. */
  text: string;
  lineStarts: number[];
  /** Only the text before it is unchanged since `text`. */
  unchanged: number;
  /** All of a short text; for a long one, the visible part of each editor and its surroundings. */
  parts: Part[];
  followed: vscode.Disposable;
  timer?: NodeJS.Timeout;
  running?: AbortController;
}

export class SurpriseMarks extends Disposables implements vscode.HoverProvider {
  private readonly mapped = new Map<vscode.TextDocument, MappedText>();
  private readonly decorations = Array.from({ length: levels }, (_, i) =>
    this.add(
      vscode.window.createTextEditorDecorationType({
        backgroundColor: new vscode.ThemeColor(`inkling.surprise${i + 1}`),
        rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      }),
    ),
  );
  private redrawTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly engine: EngineCaller,
    private readonly active: ActiveModel,
    private readonly log: vscode.LogOutputChannel,
  ) {
    super();
    this.add(vscode.workspace.onDidChangeTextDocument((event) => this.changed(event)));
    this.add(vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.scrolled(textEditor)));
    this.add(
      vscode.window.onDidChangeVisibleTextEditors((editors) => editors.forEach((editor) => this.scrolled(editor))),
    );
    this.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('inkling.surpriseMap')) this.redraw();
      }),
    );
    this.add(vscode.languages.registerHoverProvider({ pattern: '**' }, this));
    this.add({ dispose: () => [...this.mapped.keys()].forEach((document) => this.forget(document)) });
  }

  /** Whether a document is mapped. */
  isShown(document: vscode.TextDocument): boolean {
    return this.mapped.has(document);
  }

  /** Shows or removes the map of a document; resolves when it is drawn. Rejects if there is no model. */
  async toggle(document: vscode.TextDocument): Promise<void> {
    if (this.isShown(document)) {
      this.forget(document);
      this.redraw();
      return;
    }
    await this.active.require(document);
    const map = this.remember(document, { text: '', lineStarts: [0], unchanged: 0, parts: [] });
    try {
      await this.compute(map);
    } catch (error) {
      const isCurrent = this.mapped.get(document) === map;
      // The text has changed in the meantime: another computation will follow.
      if (isCurrent && isCancelled(error)) return;
      if (isCurrent) this.forget(document);
      throw error;
    }
  }

  /** Another model is active now: the figures of the previous one are obsolete. */
  async refresh(): Promise<void> {
    for (const map of this.mapped.values()) map.parts = [];
    this.redraw();
    for (const map of this.mapped.values()) await this.compute(map).catch((error) => this.report(error));
  }

  /** Mean bits per character of a mapped document, for tests and tooltips. */
  meanBits(document: vscode.TextDocument): number | undefined {
    return this.mapped.get(document)?.parts[0]?.figures.meanBits;
  }

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    const map = this.mapped.get(document);
    const offset = map && offsetOf(map, position);
    if (!map || offset === undefined || offset >= map.unchanged) return undefined;
    const part = map.parts.find(({ base, figures }) => figures.token(offset - base));
    const found = part?.figures.token(offset - part.base);
    const modelPath = found && (await this.active.find(document));
    if (!part || !found || !modelPath) return undefined;
    const start = part.base + found.start;
    const end = part.base + found.end;
    const prompt = map.text.slice(windowStart(start), start);
    const considered = await this.engine.call(
      'considered',
      { modelPath, prompt, count: consideredCount },
      { signal: signalOf(token) },
    );
    const rows = considered.map(
      ({ token: text, probability }) => `| ${codeSpan(text)} | ${(probability * 100).toFixed(1)} % |`,
    );
    const actual = codeSpan(map.text.slice(start, end));
    const markdown = new vscode.MarkdownString(
      [
        vscode.l10n.t('{0}: surprise {1} bits. Expected:', actual, found.bits.toFixed(1)),
        '',
        `| ${vscode.l10n.t('Next')} | ${vscode.l10n.t('Probability')} |`,
        '| :--- | ---: |',
        ...rows,
      ].join('\n'),
    );
    return new vscode.Hover(markdown, new vscode.Range(positionOf(map, start), positionOf(map, end)));
  }

  private changed({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const map = this.mapped.get(document);
    if (!map || contentChanges.length === 0) return;
    const firstLine = Math.min(...contentChanges.map((change) => change.range.start.line));
    map.unchanged = Math.min(map.unchanged, map.lineStarts[firstLine] ?? 0);
    this.computeSoon(map);
  }

  private scrolled({ document }: vscode.TextEditor): void {
    const map = this.mapped.get(document);
    if (map && neededParts(map).some((part) => !map.parts.includes(part))) this.computeSoon(map);
    this.redrawSoon();
  }

  private computeSoon(map: MappedText): void {
    map.running?.abort();
    clearTimeout(map.timer);
    map.timer = setTimeout(() => {
      this.compute(map).catch((error) => this.report(error));
    }, recomputeDelayMs);
  }

  /** Requests the missing figures and draws them. */
  private async compute(map: MappedText): Promise<void> {
    map.running?.abort();
    const { signal } = (map.running = new AbortController());
    readAgain(map);
    map.parts = neededParts(map);
    for (const { base, figures } of map.parts) {
      const text = map.text.slice(base, base + maximumLength);
      if (figures.length >= text.length) continue;
      const modelPath = await this.active.require(map.document);
      const result = await this.engine.call('surprise', { modelPath, text, from: figures.length }, { signal });
      if (signal.aborted) return;
      figures.replaceFrom(result);
      this.redraw();
    }
    this.redraw();
  }

  private remember(document: vscode.TextDocument, map: Omit<MappedText, 'document' | 'followed'>): MappedText {
    const followed = followDocument(document, {
      moved: (opened) => {
        const { text, lineStarts, unchanged, parts } = remembered;
        this.forget(document);
        this.computeSoon(this.remember(opened, { text, lineStarts, unchanged, parts }));
      },
      closed: () => this.forget(document),
    });
    const remembered: MappedText = { ...map, document, followed };
    this.mapped.set(document, remembered);
    return remembered;
  }

  private forget(document: vscode.TextDocument): void {
    const map = this.mapped.get(document);
    clearTimeout(map?.timer);
    map?.running?.abort();
    map?.followed.dispose();
    this.mapped.delete(document);
  }

  private redrawSoon(): void {
    clearTimeout(this.redrawTimer);
    if (this.mapped.size > 0) this.redrawTimer = setTimeout(() => this.redraw(), redrawDelayMs);
  }

  private redraw(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const map = this.mapped.get(editor.document);
      const ranges: vscode.Range[][] = this.decorations.map(() => []);
      if (map) {
        const unit = setting('surpriseMap.unit', editor.document);
        for (const { start, end } of editor.visibleRanges) {
          const first = map.lineStarts[Math.max(0, start.line - marginLines)] ?? map.text.length;
          const last = Math.min(map.lineStarts[end.line + marginLines] ?? map.text.length, map.unchanged);
          const part = map.parts.find((each) => holds(each, map, { start, end }));
          if (!part) continue;
          const { base, figures } = part;
          const text = map.text.slice(base, base + figures.length);
          for (const mark of figures.marks(text, unit, Math.max(0, first - base), Math.max(0, last - base))) {
            const range = new vscode.Range(positionOf(map, base + mark.start), positionOf(map, base + mark.end));
            ranges[mark.level - 1].push(range);
          }
        }
      }
      this.decorations.forEach((decoration, i) => editor.setDecorations(decoration, ranges[i]));
    }
  }

  /** A failed recomputation in the background leaves valid figures in place. */
  private report(error: unknown): void {
    if (!isCancelled(error)) {
      this.log.warn(`Surprise map: ${asInklingError(error).message}`);
    }
  }
}

/**
 * Updates the parts after a change of the document: a part after the change moves with its figures, a part around it
 * keeps its first figures.
 */
function readAgain(map: MappedText): void {
  const { text: before, unchanged } = map;
  const text = map.document.getText().replace(/\r\n?/g, '\n');
  const added = text.length - before.length;
  const parts = map.parts.flatMap(({ base, figures }): Part[] => {
    if (base > unchanged)
      return before.slice(base) === text.slice(base + added) ? [{ base: base + added, figures }] : [];
    figures.cut(unchanged - base);
    return [{ base, figures }];
  });
  Object.assign(map, { text, lineStarts: lineStartsOf(text), unchanged: text.length, parts });
}

/** One part per editor that shows the text; unchanged if no editor does. New parts have no figures yet. */
function neededParts(map: MappedText): Part[] {
  const at = (base: number): Part => ({ base, figures: new SurpriseFigures() });
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
function holds(
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
function positionOf(map: MappedText, offset: number): vscode.Position {
  let low = 0;
  let high = map.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (map.lineStarts[middle] <= offset) low = middle;
    else high = middle - 1;
  }
  return new vscode.Position(low, offset - map.lineStarts[low]);
}

function offsetOf(map: MappedText, position: vscode.Position): number {
  return (map.lineStarts[position.line] ?? Infinity) + position.character;
}
