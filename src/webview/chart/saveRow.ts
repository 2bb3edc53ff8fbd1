/** The row "Save as PNG, SVG, CSV" below a chart. */
import { t } from '../../common/l10n';
import { h } from '../dom';
import type { Send } from '../host';
import { button } from '../toolkit';
import { paintPng, type ChartView } from './chartView';

export interface SavedCurves {
  /** Suggested file name, without its ending. */
  name: string;
  /** Above the picture. */
  caption: { title: string; sentence: string };
  csv: string;
}

const [width, height] = [900, 480];

/** `curves` is called when a button is pressed; undefined: there is nothing to save. */
export function saveRow(chart: ChartView, curves: () => SavedCurves | undefined, send: Send): HTMLElement {
  const save = async (format: 'png' | 'svg' | 'csv'): Promise<void> => {
    const saved = curves();
    if (!saved) return;
    const { name, caption, csv } = saved;
    const svg = chart.picture(caption, width, height);
    const contents = format === 'csv' ? csv : format === 'svg' ? svg : await paintPng(svg, width, height);
    send({ type: 'export', format, name, contents });
  };
  const buttons = (['png', 'svg', 'csv'] as const).map(
    (format) =>
      button(format.toUpperCase(), () => void save(format), { hint: t('Save the curves as {0}', format.toUpperCase()) })
        .element,
  );
  return h('div', { class: 'row' }, h('span', { class: 'muted' }, t('Save as')), ...buttons);
}
