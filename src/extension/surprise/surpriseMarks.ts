/**
 * The surprise map: the open text tinted by how little the model expected each character or word, with a hover that says
 * what it expected instead. Only what is visible is decorated; only what follows the first changed line is recomputed.
 */
import * as vscode from 'vscode';
import { asInklingError, isCancelled } from '../../common/errors';
import { windowStart } from '../completion/cursorText';
import { setting } from '../configuration';
import { Disposables } from '../dispose';
import type { EngineCaller } from '../engineHost/engineClient';
import type { ActiveModel } from '../models/activeModel';
import { codeSpan } from '../plainText';
import { signalOf } from '../signalOf';
import { SurpriseFigures } from './surpriseFigures';

const levels = 5;
const recomputeDelayMs = 300;
const redrawDelayMs = 50;
/** Lines decorated beyond the visible ones, so that a little scrolling needs no redraw. */
const marginLines = 40;
/** Of a longer text, only so much around what is visible is mapped: the engine takes a step for every character. */
const maximumLength = 100_000;
const consideredCount = 5;

interface MappedText {
  document: vscode.TextDocument;
  figures: SurpriseFigures;
  /** The document with plain line ends, and where each of its lines begins. */
  text: string;
  lineStarts: number[];
  /** Where the mapped part of the text begins; figures count from there. */
  base: number;
  timer?: NodeJS.Timeout;
  running?: AbortController;
}

export class SurpriseMarks extends Disposables implements vscode.HoverProvider {
  private readonly mapped = new Map<string, MappedText>();
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
    this.add(vscode.workspace.onDidCloseTextDocument((document) => this.closed(document)));
    this.add(vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.scrolled(textEditor)));
    this.add(vscode.window.onDidChangeVisibleTextEditors(() => this.redrawSoon()));
    this.add(vscode.languages.registerHoverProvider({ pattern: '**' }, this));
    this.add({ dispose: () => [...this.mapped.values()].forEach(({ document }) => this.forget(document)) });
  }

  /** Whether a document is mapped. */
  isShown(document: vscode.TextDocument): boolean {
    return this.mapped.has(document.uri.toString());
  }

  /** Shows the map of a document, or takes it away; resolves when it is drawn. Rejects when there is no model. */
  async toggle(document: vscode.TextDocument): Promise<void> {
    if (this.isShown(document)) {
      this.forget(document);
      this.redraw();
      return;
    }
    await this.active.require();
    const map: MappedText = { document, figures: new SurpriseFigures(), text: '', lineStarts: [0], base: 0 };
    this.mapped.set(document.uri.toString(), map);
    try {
      await this.compute(map, 0);
    } catch (error) {
      const isCurrent = this.mapped.get(document.uri.toString()) === map;
      // The text has changed meanwhile: another computation is due.
      if (isCurrent && isCancelled(error)) return;
      if (isCurrent) this.forget(document);
      throw error;
    }
  }

  /** Another model writes now, or the unit changed. */
  async refresh(): Promise<void> {
    for (const map of this.mapped.values()) {
      map.figures.cut(0);
      await this.compute(map, 0).catch((error) => this.report(error));
    }
  }

  /** Mean bits a character of a mapped document, for tests and tooltips. */
  meanBits(document: vscode.TextDocument): number | undefined {
    return this.mapped.get(document.uri.toString())?.figures.meanBits;
  }

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    const map = this.mapped.get(document.uri.toString());
    const found = map?.figures.token(offsetOf(map, position) - map.base);
    const modelPath = found && (await this.active.find());
    if (!map || !found || !modelPath) return undefined;
    const start = map.base + found.start;
    const end = map.base + found.end;
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
    const map = this.mapped.get(document.uri.toString());
    if (!map || contentChanges.length === 0) return;
    const firstLine = Math.min(...contentChanges.map((change) => change.range.start.line));
    const firstChanged = map.lineStarts[firstLine] ?? 0;
    // A change before the mapped part moves all of it.
    map.figures.cut(Math.max(0, firstChanged - map.base));
    map.running?.abort();
    clearTimeout(map.timer);
    map.timer = setTimeout(() => {
      this.compute(map, map.figures.length).catch((error) => this.report(error));
    }, recomputeDelayMs);
  }

  /** Asks for the figures from `from` on and draws them. */
  private async compute(map: MappedText, from: number): Promise<void> {
    map.running?.abort();
    const { signal } = (map.running = new AbortController());
    const text = map.document.getText().replace(/\r\n?/g, '\n');
    const lineStarts = lineStartsOf(text);
    const base = baseFor(map, lineStarts, text.length);
    const modelPath = await this.active.require();
    const result = await this.engine.call(
      'surprise',
      { modelPath, text: text.slice(base, base + maximumLength), from: base === map.base ? from : 0 },
      { signal },
    );
    if (signal.aborted) return;
    Object.assign(map, { text, lineStarts, base });
    map.figures.replaceFrom(result);
    this.redraw();
  }

  /** Said of a document that only gets another language, too. */
  private closed(document: vscode.TextDocument): void {
    if (document.isClosed) this.forget(document);
  }

  private forget(document: vscode.TextDocument): void {
    const map = this.mapped.get(document.uri.toString());
    clearTimeout(map?.timer);
    map?.running?.abort();
    this.mapped.delete(document.uri.toString());
  }

  private scrolled({ document }: vscode.TextEditor): void {
    const map = this.mapped.get(document.uri.toString());
    if (map && baseFor(map, map.lineStarts, map.text.length) !== map.base) {
      clearTimeout(map.timer);
      map.timer = setTimeout(() => {
        this.compute(map, 0).catch((error) => this.report(error));
      }, recomputeDelayMs);
    }
    this.redrawSoon();
  }

  private redrawSoon(): void {
    clearTimeout(this.redrawTimer);
    if (this.mapped.size > 0) this.redrawTimer = setTimeout(() => this.redraw(), redrawDelayMs);
  }

  private redraw(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const map = this.mapped.get(editor.document.uri.toString());
      const ranges: vscode.Range[][] = this.decorations.map(() => []);
      if (map) {
        const unit = setting('surpriseMap.unit', editor.document);
        for (const { start, end } of editor.visibleRanges) {
          const first = map.lineStarts[Math.max(0, start.line - marginLines)] ?? map.text.length;
          const last = map.lineStarts[end.line + marginLines] ?? map.text.length;
          const mappedText = map.text.slice(map.base, map.base + map.figures.length);
          for (const mark of map.figures.marks(
            mappedText,
            unit,
            Math.max(0, first - map.base),
            Math.max(0, last - map.base),
          )) {
            const range = new vscode.Range(
              positionOf(map, map.base + mark.start),
              positionOf(map, map.base + mark.end),
            );
            ranges[mark.level - 1].push(range);
          }
        }
      }
      this.decorations.forEach((decoration, i) => editor.setDecorations(decoration, ranges[i]));
    }
  }

  /** A recomputation in the background that failed leaves the map as it was. */
  private report(error: unknown): void {
    if (!isCancelled(error)) {
      this.log.warn(`Surprise map: ${asInklingError(error).message}`);
    }
  }
}

/** Where the mapped part should begin: it stays where it is as long as it holds all that is visible. */
function baseFor(map: MappedText, lineStarts: readonly number[], length: number): number {
  if (length <= maximumLength) return 0;
  const visible = vscode.window.visibleTextEditors
    .filter(({ document }) => document === map.document)
    .flatMap(({ visibleRanges }) => visibleRanges);
  if (visible.length === 0) return map.base;
  const first = lineStarts[visible[0].start.line] ?? length;
  const last = lineStarts[visible[visible.length - 1].end.line + 1] ?? length;
  if (map.text !== '' && first >= map.base && Math.min(last, length) <= map.base + maximumLength) return map.base;
  const wanted = Math.max(0, Math.min(first - maximumLength / 2, length - maximumLength));
  // At the beginning of a line, so that no surrogate pair is cut; not before `wanted`, so that the end is reached.
  return lineStarts.find((start) => start >= wanted) ?? wanted;
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}

/** Offsets count plain line ends; positions are the editor's, whatever its line ends are. */
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
