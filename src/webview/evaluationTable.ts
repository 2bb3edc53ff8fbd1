/** The evaluations of a run as a table, for people who prefer figures or cannot see the curves. */
import { formatFixed } from '../common/formats';
import { formatInteger, t } from '../common/l10n';
import { toUnit, unitName, type LossUnit } from '../common/lossUnits';
import type { RunHistory } from '../common/runHistory';
import type { EpochEvent } from '../common/trainEvents';
import { tokenScale } from './chart/chartModel';
import { h, scrolling, setText } from './dom';

/** Longer tables are thinned; the best and the last row always stay. */
const maximumRows = 40;

export function evaluationTable(): { element: HTMLElement; draw(history: RunHistory, unit: LossUnit): void } {
  const rows = h('tbody');
  const caption = h('caption', { class: 'muted small' });
  const head = [t('epoch'), t('step'), t('train'), t('accuracy'), t('held out'), t('accuracy'), t('ms per step')].map(
    (name) => h('th', { scope: 'col' }, name),
  );
  const table = h('table', {}, caption, h('thead', {}, h('tr', {}, ...head)), rows);
  const element = h(
    'details',
    { ontoggle: () => drawNow() },
    h('summary', {}, t('Figures as a table')),
    scrolling(table),
  );
  let latest: { history: RunHistory; unit: LossUnit } | undefined;
  const drawNow = (): void => {
    if (!latest || !element.open) return;
    const { history, unit } = latest;
    const scale = tokenScale(history);
    const stepTimes = stepMilliseconds(history);
    setText(caption, t('Losses in {0}; accuracy: share of correct predictions', unitName(unit, scale)));
    const loss = (nats: number | null | undefined): string =>
      typeof nats === 'number' ? formatFixed(toUnit(nats, unit, scale), 3) : '–';
    const share = (value: number | null | undefined): string =>
      typeof value === 'number' ? formatFixed(value, 4) : '–';
    const best = history.evaluations.findLast((e) => e.best);
    rows.replaceChildren(
      ...chooseRows(history.evaluations).map((e) => {
        const milliseconds = stepTimes.get(e);
        const cells = [
          e.epoch,
          formatInteger(e.step),
          loss(e.trainLoss),
          share(e.trainAccuracy),
          loss(e.heldOutLoss),
          share(e.heldOutAccuracy),
          milliseconds === undefined ? '–' : formatFixed(milliseconds, 1),
        ];
        return h('tr', { class: e === best ? 'best' : undefined }, ...cells.map((cell) => h('td', {}, String(cell))));
      }),
    );
  };
  return {
    element,
    draw(history, unit) {
      latest = { history, unit };
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
