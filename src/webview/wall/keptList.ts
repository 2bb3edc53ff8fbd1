/** Kept samples. The host stores them all; the page shows a screenful, and more on request. */
import { formatDay, formatNumber } from '../../common/formats';
import { t } from '../../common/l10n';
import type { KeptSample } from '../../common/studioProtocol';
import { h, show } from '../dom';
import { button } from '../toolkit';

const pageSize = 10;

export interface KeptActions {
  copy(text: string): void;
  insert(text: string): void;
  remove(id: string): void;
}

export class KeptList {
  readonly element: HTMLElement;
  private readonly list = h('div', { class: 'stack' });
  private readonly heading = h('h2');
  private readonly more = button(t('Show more'), () => this.showMore());
  private kept: readonly KeptSample[] = [];
  private count = pageSize;

  constructor(private readonly actions: KeptActions) {
    this.element = h('section', { hidden: true }, this.heading, this.list, this.more.element);
  }

  draw(kept: readonly KeptSample[]): void {
    this.kept = kept;
    show(this.element, kept.length > 0);
    show(this.more.element, kept.length > this.count);
    this.heading.textContent = t('Kept ({0})', kept.length);
    this.list.replaceChildren(...kept.slice(0, this.count).map((sample) => this.card(sample)));
  }

  private showMore(): void {
    this.count += pageSize;
    this.draw(this.kept);
  }

  private card(sample: KeptSample): HTMLElement {
    const { actions } = this;
    const about = [`T ${formatNumber(sample.temperature)}`, sample.model, formatDay(sample.keptAt)].filter(
      (part) => part !== '',
    );
    return h(
      'article',
      { class: 'column kept' },
      h(
        'header',
        {},
        h('span', { class: 'muted small' }, about.join(' · ')),
        h(
          'span',
          { class: 'tools' },
          button(t('Copy'), () => actions.copy(sample.text), { kind: 'icon', icon: 'copy' }).element,
          button(t('Insert at cursor'), () => actions.insert(sample.text), { kind: 'icon', icon: 'insert' }).element,
          button(t('Remove from list'), () => actions.remove(sample.id), { kind: 'icon', icon: 'close' }).element,
        ),
      ),
      h(
        'div',
        { class: 'writing', tabindex: 0, role: 'group', 'aria-label': t('Kept sample') },
        h('span', { class: 'prompt' }, sample.prompt.slice(-40)),
        sample.text,
      ),
    );
  }
}
