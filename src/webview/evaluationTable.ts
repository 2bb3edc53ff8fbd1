/** The evaluations of a run as a table, for people who prefer figures or cannot see the curves. */
import { formatInteger, t } from '../common/l10n';
import { toUnit } from '../common/lossUnits';
import type { RunHistory } from '../common/runHistory';
import type { EpochEvent } from '../common/trainEvents';
import { tokenScale } from './chart/chartModel';
import { h, scrolling } from './dom';

/** Longer tables are thinned; the best and the last row always stay. */
const maximumRows = 40;

export function evaluationTable(): { element: HTMLElement; draw(history: RunHistory): void } {
  const rows = h('tbody');
  const head = [
    t('epoch'),
    t('step'),
    t('train'),
    t('accuracy'),
    t('held out'),
    t('bits'),
    t('accuracy'),
    t('ms a step'),
  ].map((name) => h('th', { scope: 'col' }, name));
  const table = h(
    'table',
    {},
    h('caption', { class: 'visually-hidden' }, t('Losses in nats; bits per character; shares of right predictions')),
    h('thead', {}, h('tr', {}, ...head)),
    rows,
  );
  const element = h(
    'details',
    { ontoggle: () => drawNow() },
    h('summary', {}, t('Figures as a table')),
    scrolling(table),
  );
  let latest: RunHistory | undefined;
  const drawNow = (): void => {
    if (!latest || !element.open) return;
    const scale = tokenScale(latest);
    const stepTimes = stepMilliseconds(latest);
    rows.replaceChildren(
      ...chooseRows(latest.evaluations).map((e) => {
        const bits =
          e.heldOutBitsPerCharacter ?? (e.heldOutLoss === undefined ? undefined : toUnit(e.heldOutLoss, 'bits', scale));
        const cells = [
          e.epoch,
          formatInteger(e.step),
          e.trainLoss?.toFixed(4) ?? '–',
          e.trainAccuracy?.toFixed(4) ?? '–',
          e.heldOutLoss?.toFixed(4) ?? '–',
          bits?.toFixed(3) ?? '–',
          e.heldOutAccuracy?.toFixed(4) ?? '–',
          stepTimes.get(e)?.toFixed(1) ?? '–',
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

/** How long a step took up to each evaluation since the one before, in milliseconds, evaluations and samples included. */
export function stepMilliseconds({ start, evaluations }: RunHistory): Map<EpochEvent, number> {
  const times = new Map<EpochEvent, number>();
  let before = { step: start?.fromStep ?? 0, seconds: start?.fromSeconds ?? 0 };
  for (const e of evaluations) {
    if (e.step > before.step) times.set(e, (1000 * (e.seconds - before.seconds)) / (e.step - before.step));
    before = e;
  }
  return times;
}

/** At most `maximumRows`, evenly spread, newest first. */
export function chooseRows(evaluations: readonly EpochEvent[]): EpochEvent[] {
  const stride = Math.ceil(evaluations.length / maximumRows);
  const lastBest = evaluations.findLastIndex((e) => e.best);
  const last = evaluations.length - 1;
  return evaluations.filter((_, i) => i % Math.max(1, stride) === 0 || i === lastBest || i === last).reverse();
}
