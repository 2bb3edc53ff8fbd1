/** A curve within the unit square (ROC, precision over recall) as SVG, with a mark at the threshold. No DOM. */
import type { BinaryCurves } from '../../common/classifierProtocol';
import { formatFixed } from '../../common/formats';
import { t } from '../../common/l10n';
import type { ChartColours } from '../chart/renderChart';
import { createScale, formatTick } from '../chart/scale';
import { linePerPixel, type Point } from '../chart/series';

export interface UnitCurve {
  title: string;
  xName: string;
  yName: string;
  points: Point[];
  /** Whether to draw the diagonal, which is where chance would be. */
  diagonal: boolean;
  /** At the threshold; undefined if a ratio has no denominator. */
  mark?: Point;
}

export function rocCurve({ roc }: BinaryCurves, confusion: number[][], positive: number): UnitCurve {
  const other = 1 - positive;
  const x = ratio(confusion[other][positive], confusion[other][other]);
  const y = ratio(confusion[positive][positive], confusion[positive][other]);
  return {
    title: t('ROC, area {0}', formatFixed(roc.auc, 4)),
    xName: t('false positive rate'),
    yName: t('true positive rate'),
    points: roc.falsePositiveRate.map((rate, i) => ({ x: rate, y: roc.truePositiveRate[i] })),
    diagonal: true,
    mark: x === undefined || y === undefined ? undefined : { x, y },
  };
}

export function precisionRecallCurve(
  { precisionRecall }: BinaryCurves,
  confusion: number[][],
  positive: number,
): UnitCurve {
  const other = 1 - positive;
  const x = ratio(confusion[positive][positive], confusion[positive][other]);
  const y = ratio(confusion[positive][positive], confusion[other][positive]);
  return {
    title: t('Average precision {0}', formatFixed(precisionRecall.averagePrecision, 4)),
    xName: t('recall'),
    yName: t('precision'),
    // From recall 0 to 1, so that the line runs to the right.
    points: precisionRecall.recall.map((recall, i) => ({ x: recall, y: precisionRecall.precision[i] })).reverse(),
    diagonal: false,
    mark: x === undefined || y === undefined ? undefined : { x, y },
  };
}

export function renderUnitCurve(
  { title, xName, yName, points, diagonal, mark }: UnitCurve,
  { width, height }: { width: number; height: number },
  colours: ChartColours,
): string {
  const [left, right, top, bottom] = [30, width - 8, 24, height - 32];
  const x = createScale('linear', [0, 1], [left, right]);
  const y = createScale('linear', [0, 1], [bottom, top]);
  const at = (p: Point): string => `${x.place(p.x).toFixed(1)} ${y.place(p.y).toFixed(1)}`;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-size="10" fill="${colours.muted}" role="img"><title>${title}</title>`,
    `<text x="${left}" y="12" font-size="11" fill="${colours.text}">${title}</text>`,
    `<path d="${ticks.map((t) => `M${left} ${y.place(t)}H${right}`).join('')}" stroke="${colours.grid}" stroke-opacity="${colours.gridOpacity}"/>`,
    ...ticks.map(
      (t) => `<text x="${left - 5}" y="${y.place(t)}" dy="0.35em" text-anchor="end">${formatTick(t)}</text>`,
    ),
    ...[0, 0.5, 1].map((t) => {
      const anchor = t === 0 ? 'start' : t === 1 ? 'end' : 'middle';
      return `<text x="${x.place(t)}" y="${bottom + 13}" text-anchor="${anchor}">${formatTick(t)}</text>`;
    }),
    `<text x="${right}" y="${bottom + 26}" text-anchor="end">${xName}</text>`,
  ];
  if (diagonal) {
    parts.push(`<path d="M${left} ${bottom}L${right} ${top}" stroke="${colours.muted}" stroke-dasharray="4 4"/>`);
  }
  // In the corner through which no line runs.
  const corner = diagonal ? `x="${right - 4}" text-anchor="end"` : `x="${left + 4}"`;
  parts.push(
    `<text ${corner} y="${bottom - 5}" stroke="${colours.background}" stroke-width="3" paint-order="stroke">${yName}</text>`,
  );
  parts.push(
    `<path d="M${linePerPixel(points, x.place).map(at).join('L')}" fill="none" stroke="${colours.train}" stroke-width="2" stroke-linejoin="round"/>`,
  );
  if (mark) {
    parts.push(
      `<circle cx="${x.place(mark.x).toFixed(1)}" cy="${y.place(mark.y).toFixed(1)}" r="5" fill="${colours.background}" stroke="${colours.heldOut}" stroke-width="2.5"/>`,
    );
  }
  return `${parts.join('')}</svg>`;
}

function ratio(part: number, rest: number): number | undefined {
  return part + rest === 0 ? undefined : part / (part + rest);
}
