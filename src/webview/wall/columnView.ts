/** One column of the wall: a sample at one temperature, tinted, with its copied passages and its buttons. */
import { formatNumber } from '../../common/formats';
import { formatInteger, t } from '../../common/l10n';
import { tintRanges } from '../../common/tint';
import { tokenAt, wantedRanges, type WallColumn } from '../../common/wall';
import { h, setText, show } from '../dom';
import { button } from '../toolkit';
import { boxOf, offsetAtPoint, TextPaint } from './highlights';
import { percent, spokenToken } from './tokenText';

export interface ColumnActions {
  copy(text: string): void;
  insert(text: string): void;
  keep(column: WallColumn, prompt: string): void;
  openSource(source: string, offset: number, text: string): void;
  /** Absent for a recorded column, which cannot be closed. */
  close?(id: number): void;
  /** Called when a token is chosen; `box` is its place on the screen, `from` gets the focus back. */
  consider?(column: WallColumn, start: number, box: DOMRect, from: HTMLElement): void;
}

/** Only the end of a long prompt is shown. */
const promptTail = 80;
const maximumRuns = 3;

export class ColumnView {
  readonly element: HTMLElement;
  private readonly text = document.createTextNode('');
  private readonly prompt = h('span', { class: 'prompt' });
  private readonly lead = h('span', { class: 'lead' });
  private readonly writing: HTMLElement;
  private readonly title = h('b');
  private readonly status = h('span', { class: 'muted' });
  private readonly copies = h('div', { class: 'copies small' });
  private readonly live = h('span', { class: 'visually-hidden', 'aria-live': 'polite' });
  private readonly tints = new TextPaint();
  private readonly copied = new TextPaint();
  private readonly wanted = new TextPaint();
  private readonly caret = new TextPaint();
  private column: WallColumn | undefined;
  private promptText = '';
  /** Start of the token that the arrow keys are at. */
  private caretAt: number | undefined;
  private shownTint = false;
  private answers = false;

  constructor(private readonly actions: ColumnActions) {
    const whole = (): string => (this.column?.lead ?? '') + (this.column?.text ?? '');
    const tool = (label: string, sign: 'copy' | 'insert' | 'keep' | 'close', run: () => void): HTMLElement =>
      button(label, run, { kind: 'icon', icon: sign }).element;
    const { close } = actions;
    this.writing = h(
      'div',
      {
        class: 'writing',
        tabindex: 0,
        role: 'textbox',
        'aria-readonly': 'true',
        'aria-multiline': 'true',
        onclick: (event) => this.clicked(event as MouseEvent),
        onkeydown: (event) => this.key(event as KeyboardEvent),
        onblur: () => this.moveCaret(undefined),
      },
      this.prompt,
      this.lead,
      this.text,
    );
    this.element = h(
      'article',
      { class: 'column' },
      h(
        'header',
        {},
        this.title,
        this.status,
        h(
          'span',
          { class: 'tools' },
          tool(t('Copy'), 'copy', () => actions.copy(whole())),
          tool(t('Insert at cursor'), 'insert', () => actions.insert(whole())),
          tool(t('Keep in list'), 'keep', () => this.column && actions.keep(this.column, this.promptText)),
          close ? tool(t('Close'), 'close', () => this.column && close(this.column.id)) : null,
        ),
      ),
      this.writing,
      this.copies,
      this.live,
    );
  }

  /** `answers`: whether the model can say what else it considered. */
  draw(column: WallColumn, prompt: string, tint: boolean, answers: boolean): void {
    this.answers = answers;
    if (this.column === column && this.promptText === prompt && this.shownTint === tint) return;
    this.column = column;
    this.promptText = prompt;
    this.shownTint = tint;
    const temperature = `T ${formatNumber(column.options.temperature)}`;
    setText(this.title, column.lead === '' ? temperature : t('{0}, branch', temperature));
    setText(this.status, { writing: t('writing…'), done: '', failed: t('failed') }[column.state]);
    this.element.classList.toggle('busy', column.state === 'writing');
    this.writing.setAttribute('aria-label', t('Sample at temperature {0}', formatNumber(column.options.temperature)));
    setText(this.prompt, prompt.length > promptTail ? `…${prompt.slice(-promptTail)}` : prompt);
    setText(this.lead, column.lead);
    if (column.text.startsWith(this.text.data)) this.text.appendData(column.text.slice(this.text.length));
    else this.text.data = column.text;
    this.paint(column, tint);
    this.paintWanted(column);
    this.drawCopies(column);
  }

  dispose(): void {
    this.tints.clear();
    this.copied.clear();
    this.wanted.clear();
    this.caret.clear();
    this.element.remove();
  }

  private paint(column: WallColumn, tint: boolean): void {
    this.tints.clear();
    if (tint) {
      for (const range of tintRanges(column)) this.tints.add(`tint-${range.tint}`, this.text, range.start, range.end);
    }
    this.copied.clear();
    for (const { start, end } of column.copy?.runs ?? []) this.copied.add('copied', this.text, start, end);
  }

  private paintWanted({ text, options }: WallColumn): void {
    this.wanted.clear();
    for (const { start, end } of wantedRanges(text, options.mustContain)) {
      this.wanted.add('wanted', this.text, start, end);
    }
  }

  private drawCopies(column: WallColumn): void {
    const { copy, message } = column;
    const children: HTMLElement[] = [];
    if (message !== undefined) children.push(h('span', { class: 'failure' }, message));
    if (copy?.novelShare !== undefined) {
      const hint = t('Share of its 8-character sequences that do not occur in the training text');
      children.push(h('span', { class: 'muted', title: hint }, t('{0} new sequences', percent(copy.novelShare))));
    }
    if (copy?.realWordShare !== undefined) {
      const hint = t(
        'Share of its words that occur in the training text, in the document or in the word list of the language',
      );
      children.push(h('span', { class: 'muted', title: hint }, t('{0} real words', percent(copy.realWordShare))));
    }
    const runs = copy?.runs ?? [];
    for (const run of runs.slice(0, maximumRuns)) {
      const length = run.end - run.start;
      children.push(
        h(
          'button',
          {
            class: 'link',
            title: t('Copied word for word: open it in the training text'),
            onclick: () => this.actions.openSource(run.source, run.sourceOffset, column.text.slice(run.start, run.end)),
          },
          t('{0} characters from {1} at {2}', length, run.source, formatInteger(run.sourceOffset)),
        ),
      );
    }
    const more = runs.length - maximumRuns;
    if (more > 0) children.push(h('span', { class: 'muted' }, t('and {0} more copied passages', more)));
    show(this.copies, children.length > 0);
    this.copies.replaceChildren(...children);
  }

  // ---- choosing a token

  private clicked(event: MouseEvent): void {
    // Dragging selects text and is not a click on a token.
    if (!document.getSelection()?.isCollapsed) return;
    const offset = offsetAtPoint(this.text, event.clientX, event.clientY);
    if (offset !== undefined) this.choose(offset);
  }

  private key(event: KeyboardEvent): void {
    const { column } = this;
    if (!column || column.lengths.length === 0) return;
    const starts = startsOf(column.lengths);
    const now = this.caretAt === undefined ? -1 : starts.indexOf(this.caretAt);
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: starts.length - 1 }[event.key];
    if (next !== undefined && !event.shiftKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.moveCaret(starts[Math.min(starts.length - 1, Math.max(0, next))]);
    } else if ((event.key === 'Enter' || event.key === ' ') && this.caretAt !== undefined) {
      event.preventDefault();
      this.choose(this.caretAt);
    }
  }

  private moveCaret(start: number | undefined): void {
    this.caretAt = start;
    this.caret.clear();
    const { column } = this;
    const token = column && start !== undefined ? tokenAt(column, start) : undefined;
    if (!column || !token) return;
    const end = token.start + token.length;
    this.caret.add('caret', this.text, token.start, end);
    const probability = column.probabilities[startsOf(column.lengths).indexOf(token.start)];
    const chance = probability < 0 ? '' : `, ${percent(probability)}`;
    const name = spokenToken(column.text.slice(token.start, end));
    setText(this.live, `${name}${chance}${this.answers ? `. ${t('Press Enter to see the alternatives')}` : ''}`);
  }

  private choose(offset: number): void {
    const { column } = this;
    const token = column && tokenAt(column, offset);
    if (!column || !token || !this.answers || !this.actions.consider) return;
    this.moveCaret(token.start);
    const [box] = boxOf(this.text, token.start, token.start + token.length);
    this.actions.consider(column, token.start, box ?? this.writing.getBoundingClientRect(), this.writing);
  }
}

function startsOf(lengths: readonly number[]): number[] {
  let start = 0;
  return lengths.map((length) => (start += length) - length);
}
