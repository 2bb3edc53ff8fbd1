/** The user's corrections of this classifier, each of which can be undone. */
import type { ClassifierRecord } from '../../common/classifierProtocol';
import type { LabelledItem } from '../../common/classifierState';
import { t } from '../../common/l10n';
import { className } from '../../common/verdictSentences';
import { h, setText, show } from '../dom';
import { button } from '../toolkit';

export function correctionList(onRemove: (id: string) => void): {
  element: HTMLElement;
  /** `record`: that of the corrected classifier, if it is known. */
  draw(corrections: readonly LabelledItem[], record: ClassifierRecord | undefined): void;
} {
  let shown = '';
  const title = h('summary');
  const rows = h('ul', { class: 'corrections' });
  const element = h(
    'details',
    { hidden: true },
    title,
    rows,
    h('p', { class: 'muted small' }, t('They influence every verdict; the model itself is unchanged.')),
  );
  return {
    element,
    draw(corrections, record) {
      show(element, corrections.length > 0);
      setText(title, t('Your corrections ({0})', corrections.length));
      const ids = [record?.created, ...corrections.map(({ id }) => id)].join();
      if (ids === shown) return; // one may have the focus
      shown = ids;
      rows.replaceChildren(
        ...corrections.map(({ id, label, excerpt }) =>
          h(
            'li',
            {},
            h('strong', {}, record ? className(label, record) : label),
            h('span', { class: 'excerpt', title: excerpt }, excerpt),
            button(t('Undo'), () => onRemove(id), { kind: 'icon', icon: 'close' }).element,
          ),
        ),
      );
    },
  };
}
