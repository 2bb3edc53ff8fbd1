/** Loss and accuracy after each epoch, on the training examples and on the validation part. */
import type { ClassifierEpochEvent } from '../../common/classifierProtocol';
import { t } from '../../common/l10n';
import type { ChartModel } from '../chart/chartModel';
import { ChartView, onThemeChange, themeColours } from '../chart/chartView';
import { epochsToCsv } from '../chart/csv';
import { lineColour } from '../chart/renderChart';
import { saveRow, type SavedCurves } from '../chart/saveRow';
import { h, show } from '../dom';
import type { Send } from '../host';

export class LearningCurves {
  readonly element: HTMLElement;
  private readonly chart = new ChartView();
  private readonly legend = h('div', { class: 'legend' });
  private loss: ChartModel | undefined;
  private saved: SavedCurves | undefined;

  constructor(send: Send) {
    const save = saveRow(this.chart, () => this.saved, send);
    this.element = h('div', { class: 'stack' }, this.chart.element, this.legend, save);
    onThemeChange(() => this.drawLegend());
  }

  draw(history: readonly ClassifierEpochEvent[], caption: SavedCurves['caption']): void {
    show(this.element, history.length > 0);
    this.saved = { name: t('{0} curves', caption.title), caption, csv: epochsToCsv(history) };
    const loss = curves(history, t('loss, nats'), 'trainLoss', 'validationLoss');
    const best = history.findLast((event) => event.best);
    if (best) loss.markers.push({ kind: 'best', x: best.epoch, y: best.validationLoss, label: t('best epoch') });
    this.chart.draw({
      loss,
      below: [
        {
          name: 'accuracy',
          model: curves(history, t('accuracy'), 'trainAccuracy', 'validationAccuracy'),
          label: (line) => t('accuracy, {0}', line),
        },
      ],
      headline: (x) => t('epoch {0}', Math.round(x)),
    });
    this.loss = loss;
    this.drawLegend();
  }

  private drawLegend(): void {
    const { loss } = this;
    if (!loss) return;
    const colours = themeColours();
    const items = loss.lines.map((line) => {
      const swatch = h('i', { class: 'swatch line' });
      swatch.style.background = lineColour(line, colours);
      return h('span', {}, swatch, line.label);
    });
    this.legend.replaceChildren(...items, h('span', { class: 'muted' }, loss.yName));
  }
}

type Figure = 'trainLoss' | 'validationLoss' | 'trainAccuracy' | 'validationAccuracy';

function curves(history: readonly ClassifierEpochEvent[], yName: string, train: Figure, aside: Figure): ChartModel {
  const points = (figure: Figure): { x: number; y: number }[] =>
    history.map((event) => ({ x: event.epoch, y: event[figure] })).filter(({ y }) => Number.isFinite(y));
  return {
    lines: [
      { label: t('train'), role: 'train', overlay: 0, points: points(train) },
      { label: t('validation'), role: 'heldOut', overlay: 0, points: points(aside) },
    ],
    band: [],
    baselines: [],
    markers: [],
    xQuantity: 'epoch',
    xScale: 'linear',
    yScale: 'linear',
    yName,
  };
}
