/** The evaluations of a run as a table, for people who prefer figures or cannot see the curves. */
import { formatInteger, t } from '../common/l10n';
import { toUnit } from '../common/lossUnits';
import type { RunHistory } from '../common/runHistory';
import type { EpochEvent } from '../common/trainEvents';
import { tokenScale } from './chart/chartModel';
import { h } from './dom';

/** Longer tables are thinned; the best and the last row always stay. */
const maximumRows = 40;

export function evaluationTable(): { element: HTMLElement; draw(history: RunHistory): void } {
  const rows = h('tbody');
  const head = [t('epoch'), t('step'), t('train'), t('held out'), t('bits')].map((name) =>
    h('th', { scope: 'col' }, name),
  );
  const table = h(
    'table',
    {},
    h('caption', { class: 'visually-hidden' }, t('Losses in nats; bits per character')),
    h('thead', {}, h('tr', {}, ...head)),
    rows,
  );
  const element = h(
    'details',
    { ontoggle: () => drawNow() },
    h('summary', {}, t('Figures as a table')),
    h('div', { class: 'scroll' }, table),
  );
  let latest: RunHistory | undefined;
  const drawNow = (): void => {
    if (!latest || !element.open) return;
    const scale = tokenScale(latest);
    rows.replaceChildren(
      ...chooseRows(latest.evaluations).map((e) => {
        const bits =
          e.heldOutBitsPerCharacter ?? (e.heldOutLoss === undefined ? undefined : toUnit(e.heldOutLoss, 'bits', scale));
        const cells = [
          e.epoch,
          formatInteger(e.step),
          e.trainLoss?.toFixed(3) ?? '–',
          e.heldOutLoss?.toFixed(3) ?? '–',
          bits?.toFixed(3) ?? '–',
        ];
        return h('tr', { class: e.best ? 'best' : undefined }, ...cells.map((cell) => h('td', {}, String(cell))));
      }),
    );
  };
  return {
    element,
    draw(history) {
      latest = history;
      drawNow();
    },
  };
}

/** At most `maximumRows`, evenly spread, newest first. */
export function chooseRows(evaluations: readonly EpochEvent[]): EpochEvent[] {
  const stride = Math.ceil(evaluations.length / maximumRows);
  const lastBest = evaluations.findLastIndex((e) => e.best);
  const last = evaluations.length - 1;
  return evaluations.filter((_, i) => i % Math.max(1, stride) === 0 || i === lastBest || i === last).reverse();
}
