/** The user's own examples: texts labelled by hand, one selection after the other, and a button to train on them. */
import type { LabelledItem } from '../../common/classifierState';
import { t } from '../../common/l10n';
import { h, setText, show } from '../dom';
import { button } from '../toolkit';

export interface ExampleActions {
  add(): void;
  remove(id: string): void;
  train(): void;
}

export function exampleList({ add, remove, train }: ExampleActions): {
  element: HTMLElement;
  draw(examples: readonly LabelledItem[]): void;
} {
  let shown: string | undefined;
  const title = h('summary');
  const counts = h('p', { class: 'muted small' });
  const rows = h('ul', { class: 'corrections' });
  const trainButton = button(t('Train on These Examples'), train).element;
  const element = h(
    'details',
    {},
    title,
    h('p', { class: 'muted small' }, t('Select a text in the editor, add it here and give it a class.')),
    h('div', { class: 'row' }, button(t('Add Selection as Example'), add).element, trainButton),
    counts,
    rows,
  );
  return {
    element,
    draw(examples) {
      const ids = examples.map(({ id }) => id).join();
      if (ids === shown) return; // one may have the focus
      shown = ids;
      setText(title, t('Your examples ({0})', examples.length));
      const labels = [...new Set(examples.map(({ label }) => label))].sort();
      const count = (label: string): number => examples.filter((example) => example.label === label).length;
      setText(counts, labels.map((label) => `${label}: ${count(label)}`).join(' · '));
      show(trainButton, labels.length >= 2);
      rows.replaceChildren(
        ...examples.map(({ id, label, excerpt }) =>
          h(
            'li',
            {},
            h('strong', {}, label),
            h('span', { class: 'excerpt', title: excerpt }, excerpt),
            button(t('Remove'), () => remove(id), { kind: 'icon', icon: 'close' }).element,
          ),
        ),
      );
    },
  };
}
