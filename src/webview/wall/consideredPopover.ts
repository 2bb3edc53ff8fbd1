/**
 * A popover with the alternatives the model considered at one place of a sample, each with a button to branch there. A
 * slider shows how a temperature would change them, and what the column's cuts would leave.
 */
import type { Considered } from '../../common/engineProtocol';
import { formatFixed } from '../../common/formats';
import { t } from '../../common/l10n';
import { bounds } from '../../common/studioProtocol';
import { reweigh } from '../../common/temperature';
import { tokenAt, type WallColumn } from '../../common/wall';
import { h } from '../dom';
import { icon } from '../icons';
import { slider } from '../toolkit';
import { percent, spokenToken, visibleToken } from './tokenText';

const contextLength = 16;
const margin = 6;
const shownTokens = 12;

export class ConsideredPopover {
  readonly element: HTMLElement;
  private readonly context = h('div', { class: 'muted small' });
  private readonly list = h('div', { class: 'considered' });
  private readonly temperature = slider(
    t('Temperature'),
    { ...bounds.temperature, step: 0.05 },
    (value) => formatFixed(value, 2),
    (value) => this.redraw(value),
    t('q = p^(1/T) / Σ p^(1/T): a low temperature favours the likeliest, a high one evens them out'),
  );
  /** All tokens that could come next, at temperature 1, the most likely first. */
  private considered: readonly Considered[] = [];
  private column: WallColumn | undefined;
  private start = 0;
  private anchor: DOMRect | undefined;
  /** Where the page was scrolled to when the popover opened. */
  private scrollY = 0;
  private from: HTMLElement | undefined;

  constructor(private readonly branch: (column: number, offset: number, token: string) => void) {
    this.element = h(
      'div',
      {
        class: 'popover',
        role: 'dialog',
        'aria-label': t('Alternatives the model considered here'),
        hidden: true,
        onkeydown: (event) => this.key(event as KeyboardEvent),
      },
      this.context,
      this.temperature.element,
      this.list,
    );
    document.addEventListener('pointerdown', (event) => {
      if (!this.element.hidden && !this.element.contains(event.target as Node)) this.close(false);
    });
    // The popover has a fixed place on the screen, which scrolling would separate from its text. The event comes a frame
    // late, so that of a scroll before the popover opened may arrive after it.
    window.addEventListener('scroll', () => {
      if (window.scrollY !== this.scrollY) this.close(false);
    });
    window.addEventListener('resize', () => this.place());
  }

  open(column: WallColumn, start: number, anchor: DOMRect, from: HTMLElement): void {
    this.column = column;
    this.start = start;
    this.from = from;
    this.anchor = anchor;
    this.scrollY = window.scrollY;
    const before = (column.lead + column.text.slice(0, start)).slice(-contextLength);
    const [opening, closing] = t('after “…{0}”').split('{0}');
    this.context.replaceChildren(opening, h('span', { class: 'writing-font' }, before), closing);
    this.list.replaceChildren(h('span', { class: 'muted' }, t('asking the model…')));
    this.element.hidden = false;
    this.place();
  }

  /** Shows the answer, unless another token has been chosen since. */
  answer(columnId: number, offset: number, considered: readonly Considered[]): void {
    const { column, start } = this;
    if (this.element.hidden || !column || column.id !== columnId || start !== offset) return;
    this.considered = considered;
    this.temperature.set(1);
    this.redraw(1);
    this.place();
    this.list.querySelector('button')?.focus({ preventScroll: true });
  }

  /** The bars at a temperature, with the cuts of the column. */
  private redraw(temperature: number): void {
    const { column, start } = this;
    if (!column) return;
    const written = column.text.slice(start, start + (tokenAt(column, start)?.length ?? 0));
    const { topK, topP, minP } = column.options;
    const reweighed = reweigh(
      this.considered.map(({ probability }) => probability),
      { temperature, topK, topP, minP },
    );
    const highest = reweighed[0]?.probability ?? 1;
    const rows = this.considered.slice(0, shownTokens).map(({ token }, i) => {
      const { probability, isCut } = reweighed[i];
      const chosen = token === written;
      const share = isCut ? t('cut') : percent(probability);
      const bar = h('i', { class: 'bar' });
      bar.style.width = `${(probability / highest) * 100}%`;
      return h(
        'button',
        {
          class: [chosen ? 'chosen' : '', isCut ? 'cut' : ''].join(' ').trim() || undefined,
          title: t('Branch here with this token'),
          onclick: () => {
            this.close(true);
            this.branch(column.id, start, token);
          },
        },
        tokenName(token),
        h('span', { class: 'track' }, bar),
        h('span', { class: 'share' }, share),
        chosen && h('span', { class: 'visually-hidden' }, t('the chosen one')),
        icon('branch'),
      );
    });
    this.list.replaceChildren(...(rows.length > 0 ? rows : [h('span', { class: 'muted' }, t('Nothing to show.'))]));
  }

  close(giveFocusBack: boolean): void {
    this.element.hidden = true;
    if (giveFocusBack) this.from?.focus({ preventScroll: true });
  }

  /** Below the token, or above it where there is no room below; always within the page. */
  private place(): void {
    const { anchor } = this;
    if (!anchor) return;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = Math.min(anchor.left, document.documentElement.clientWidth - width - margin);
    const below = anchor.bottom + margin;
    const above = anchor.top - margin - height;
    const lowest = Math.max(margin, window.innerHeight - height - margin);
    const top = below <= lowest ? below : above >= margin ? above : lowest;
    this.element.style.left = `${Math.max(margin, left)}px`;
    this.element.style.top = `${top}px`;
  }

  private key(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.stopPropagation();
      this.close(true);
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    // On the slider these keys change the temperature.
    if (step === undefined || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    const rows = [...this.list.querySelectorAll('button')];
    const at = rows.findIndex((row) => row === document.activeElement);
    rows[(at + step + rows.length) % rows.length]?.focus();
  }
}

/** A token as it is seen, and as it is read out where that is something else. */
function tokenName(token: string): HTMLElement {
  const [seen, spoken] = [visibleToken(token), spokenToken(token)];
  if (seen === spoken) return h('span', { class: 'token' }, seen);
  return h(
    'span',
    { class: 'token' },
    h('span', { 'aria-hidden': 'true' }, seen),
    h('span', { class: 'visually-hidden' }, spoken),
  );
}
