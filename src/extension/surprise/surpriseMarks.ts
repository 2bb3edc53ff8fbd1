/**
 * The surprise map: the open text tinted by how little the model expected each character or word, with a hover that
 * shows what it expected instead. Only visible text is decorated, and only text after the first changed line is
 * recomputed.
 */
import * as vscode from 'vscode';
import type { SurpriseResult } from '../../common/engineProtocol';
import { asInklingError, cancelled, isCancelled } from '../../common/errors';
import { formatFixed, formatPercent } from '../../common/formats';
import { setting } from '../configuration';
import { Disposables } from '../dispose';
import { Emitter } from '../emitter';
import type { EngineCaller } from '../engineHost/engineClient';
import { followDocument } from '../followDocument';
import type { ActiveModel } from '../models/activeModel';
import { codeSpan } from '../plainText';
import { signalOf } from '../signalOf';
import {
  holds,
  marksIn,
  neededParts,
  offsetOf,
  passages,
  positionOf,
  readAgain,
  textOf,
  type MappedText,
  type Part,
} from './mappedText';
import { markdownMarks } from './markdownMarks';
import type { Mark } from './surpriseFigures';

const levels = 5;
/** The strongest levels are underlined as well, so that they can be recognised without their colour. */
const lines: readonly (string | undefined)[] = [undefined, undefined, undefined, 'underline dotted', 'underline'];
/** *Next Surprise* stops at these. */
const strongLevel = 4;
const recomputeDelayMs = 300;
const redrawDelayMs = 50;
/** Lines decorated beyond the visible ones, so that scrolling a little needs no redraw. */
const marginLines = 40;

interface FollowedText extends MappedText {
  followed: vscode.Disposable;
  timer?: NodeJS.Timeout;
  running?: AbortController;
}

export class SurpriseMarks extends Disposables implements vscode.HoverProvider {
  private readonly drawn = new Emitter<void>();
  private readonly mapped = new Map<vscode.TextDocument, FollowedText>();
  private readonly decorations = Array.from({ length: levels }, (_, i) =>
    this.add(
      vscode.window.createTextEditorDecorationType({
        backgroundColor: new vscode.ThemeColor(`inkling.surprise${i + 1}`),
        textDecoration: lines[i],
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
    // Also fired for a document whose language was changed: other parts of it may now be prose.
    this.add(
      vscode.workspace.onDidOpenTextDocument((document) => {
        const map = this.mapped.get(document);
        if (map) this.computeSoon(map);
      }),
    );
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

  /** Fires when a map appears, disappears or gets new figures. */
  readonly onDidChange = this.drawn.event;

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

  /** Mean bits per character of a mapped document. */
  meanBits(document: vscode.TextDocument): number | undefined {
    return this.mapped.get(document)?.parts[0]?.figures.meanBits;
  }

  /** The share of a mapped document, or of its visible part, that has figures: 0 to 1. */
  progress(document: vscode.TextDocument): number {
    const map = this.mapped.get(document);
    if (!map || map.parts.length === 0) return 0;
    const shares = map.parts.map((part) => part.figures.length / Math.max(1, textOf(map, part).length));
    return Math.min(...shares, 1);
  }

  /**
   * The map of a document with all its figures; shown if it was not. Throws `invalidInput` if there is no model, and
   * `cancelled` if the document changes meanwhile.
   */
  async complete(document: vscode.TextDocument): Promise<MappedText> {
    if (!this.isShown(document)) await this.toggle(document);
    const map = this.mapped.get(document);
    if (!map) throw cancelled();
    await this.compute(map);
    return map;
  }

  /**
   * The strong mark after (or before) a position, from the other end of the map if there is no further one; undefined
   * if there is none. Throws like `complete`.
   */
  async find(
    document: vscode.TextDocument,
    position: vscode.Position,
    direction: 'next' | 'previous',
  ): Promise<vscode.Range | undefined> {
    const map = await this.complete(document);
    const unit = setting('surpriseMap.unit', document);
    const marks: Mark[] = [];
    for (const part of map.parts) {
      for (const { start, end } of passages(map, part)) {
        marks.push(...marksIn(map, part, unit, start, end).filter(({ level }) => level >= strongLevel));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    marks.sort((a, b) => a.start - b.start);
    const at = offsetOf(map, position);
    const found =
      direction === 'next'
        ? (marks.find(({ start }) => start > at) ?? marks[0])
        : (marks.findLast(({ start }) => start < at) ?? marks.at(-1));
    return found && new vscode.Range(positionOf(map, found.start), positionOf(map, found.end));
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
    const expected = await this.engine.call(
      'expected',
      { modelPath, map: nameOf(map, part), text: textOf(map, part), offset: found.start },
      { signal: signalOf(token) },
    );
    const rows = expected.map(
      ({ token: text, probability }) => `| ${codeSpan(text)} | ${formatPercent(probability * 100, 1)} |`,
    );
    const actual = codeSpan(map.text.slice(start, end));
    const likely = formatPercent(100 * 2 ** -found.bits, 1);
    const markdown = new vscode.MarkdownString(
      [
        vscode.l10n.t('{0}: {1} likely ({2} bits). Expected:', actual, likely, formatFixed(found.bits, 1)),
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

  private computeSoon(map: FollowedText): void {
    map.running?.abort();
    clearTimeout(map.timer);
    map.timer = setTimeout(() => {
      this.compute(map).catch((error) => this.report(error));
    }, recomputeDelayMs);
  }

  /** Requests the missing figures and draws them. */
  private async compute(map: FollowedText): Promise<void> {
    map.running?.abort();
    const { signal } = (map.running = new AbortController());
    readAgain(map);
    map.parts = neededParts(map);
    for (const part of map.parts) {
      const { figures } = part;
      const text = textOf(map, part);
      part.skipped = map.document.languageId === 'markdown' ? markdownMarks(text) : [];
      if (figures.length >= text.length) continue;
      const modelPath = await this.active.require(map.document);
      const add = (result: SurpriseResult): void => {
        if (signal.aborted) return;
        figures.replaceFrom(result);
        this.redraw();
      };
      const request = { modelPath, map: nameOf(map, part), text, from: figures.length };
      add(await this.engine.call('surprise', request, { signal, onEvent: add }));
      if (signal.aborted) return;
    }
    this.redraw();
  }

  private remember(document: vscode.TextDocument, map: Omit<FollowedText, 'document' | 'followed'>): FollowedText {
    const followed = followDocument(document, {
      moved: (opened) => {
        const { text, lineStarts, unchanged, parts } = remembered;
        this.forget(document);
        this.computeSoon(this.remember(opened, { text, lineStarts, unchanged, parts }));
      },
      closed: () => this.forget(document),
    });
    const remembered: FollowedText = { ...map, document, followed };
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
          const last = map.lineStarts[end.line + marginLines] ?? map.text.length;
          const part = map.parts.find((each) => holds(each, map, { start, end }));
          if (!part) continue;
          for (const mark of marksIn(map, part, unit, first, last)) {
            const range = new vscode.Range(positionOf(map, mark.start), positionOf(map, mark.end));
            ranges[mark.level - 1].push(range);
          }
        }
      }
      this.decorations.forEach((decoration, i) => editor.setDecorations(decoration, ranges[i]));
    }
    this.drawn.fire();
  }

  /** A failed recomputation in the background leaves valid figures in place. */
  private report(error: unknown): void {
    if (!isCancelled(error)) {
      this.log.warn(`Surprise map: ${asInklingError(error).message}`);
    }
  }
}

/** What the engine calls a part. */
function nameOf({ document }: MappedText, { base }: Part): string {
  return `${document.uri.toString()} ${base}`;
}
