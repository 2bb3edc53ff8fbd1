/** The temperatures of the wall's columns, as removable chips, and a button that adds the slider's. */
import { formatNumber } from '../../common/formats';
import { t } from '../../common/l10n';
import { maximumColumns } from '../../common/wall';
import { h } from '../dom';
import { icon } from '../icons';
import { button } from '../toolkit';

export interface TemperatureChips {
  element: HTMLElement;
  draw(temperatures: readonly number[], slider: number): void;
}

export function temperatureChips(onChange: (temperatures: number[]) => void): TemperatureChips {
  let shown: readonly number[] = [];
  let next = 0;
  const chips = h('span', { class: 'chips' });
  const add = button(t('Add'), () => onChange(withTemperature(shown, next)), {
    hint: t("Add a column at the slider's temperature"),
  });
  const element = h(
    'div',
    { class: 'row', role: 'group', 'aria-label': t('Temperatures side by side') },
    h('span', { class: 'muted' }, t('Side by side')),
    chips,
    add.element,
  );
  return {
    element,
    draw(temperatures, slider) {
      const same = temperatures.join() === shown.join();
      shown = temperatures;
      next = slider;
      add.setLabel(`+ ${formatNumber(slider)}`);
      add.setEnabled(!temperatures.includes(slider) && temperatures.length < maximumColumns);
      if (same) return; // a chip may have the focus, or be under a finger
      chips.replaceChildren(
        ...temperatures.map((temperature) =>
          h(
            'button',
            {
              class: 'chip',
              'aria-label': t('Remove temperature {0}', formatNumber(temperature)),
              title: t('Remove this column'),
              onclick: () => onChange(temperatures.filter((t) => t !== temperature)),
            },
            formatNumber(temperature),
            icon('close'),
          ),
        ),
      );
    },
  };
}

/** In rising order, each once. */
export function withTemperature(temperatures: readonly number[], added: number): number[] {
  return [...new Set([...temperatures, added])].sort((a, b) => a - b).slice(0, maximumColumns);
}
