/**
 * The contents of the chart in the chosen unit: curves, band, markers and baselines of one run, with earlier runs behind it.
 * Data in, data out: `renderChart.ts` turns it into an image and `readOut` into words.
 */
import type { TextBaselines } from '../../common/engineProtocol';
import { sayGuard } from '../../common/describeRun';
import { t } from '../../common/l10n';
import { bitsToUnit, characterScale, scaleOf, toUnit, unitName, type TokenScale } from '../../common/lossUnits';
import type { ProgressPoint, RunHistory } from '../../common/runHistory';
import type { StudioSettings } from '../../common/studioProtocol';
import { nearest, smooth, xOf, type BandPoint, type Point } from './series';

export interface ChartLine {
  label: string;
  role: 'train' | 'heldOut' | 'overlay';
  /** Which of the overlay colours. */
  overlay: number;
  points: Point[];
}

export interface ChartMarker {
  kind: 'best' | 'guard' | 'learning-rate';
  x: number;
  /** Only the best checkpoint is marked on the curve itself. */
  y?: number;
  label: string;
}

export interface ChartModel {
  lines: ChartLine[];
  band: BandPoint[];
  baselines: { label: string; y: number }[];
  markers: ChartMarker[];
  xQuantity: StudioSettings['training']['xQuantity'];
  xScale: 'linear' | 'log';
  yScale: 'linear' | 'log';
  yName: string;
}

export interface ChartInput {
  history: RunHistory;
  settings: StudioSettings['training'];
  baselines?: TextBaselines;
  overlays: { title: string; history: RunHistory }[];
}

export function buildLossChart({ history, settings, baselines, overlays }: ChartInput): ChartModel {
  const scale = tokenScale(history);
  const unit = (nats: number): number => toUnit(nats, settings.unit, scale);
  const x = xIn(history, settings);

  // The extremes are smoothed like the mean, or a line that lags behind would leave its band.
  const [smoothed, lowest, highest] = (['loss', 'minimum', 'maximum'] as const).map((key) =>
    smooth(
      history.progress.map((p) => ({ y: p[key], merged: p.merged })),
      settings.smoothing,
    ),
  );
  const lines: ChartLine[] = overlays.map(({ title, history: earlier }, i) => overlayLine(title, earlier, i, settings));
  lines.push({
    label: settings.smoothing > 0 ? t('train (smoothed)') : t('train'),
    role: 'train',
    overlay: 0,
    points: finite(history.progress.map((p, i) => ({ x: x(p), y: unit(smoothed[i]) }))),
  });
  lines.push({ label: t('held out'), role: 'heldOut', overlay: 0, points: heldOutPoints(history, x, unit) });

  return {
    lines,
    band: history.progress
      .map((p, i) => ({ x: x(p), low: unit(lowest[i]), high: unit(highest[i]) }))
      .filter((p) => Number.isFinite(p.low) && Number.isFinite(p.high)),
    baselines: settings.showBaselines && baselines ? baselineLines(baselines, settings, scale) : [],
    markers: markers(history, x, unit),
    xQuantity: settings.xQuantity,
    xScale: settings.xScale,
    yScale: settings.yScale,
    yName: unitName(settings.unit, scale),
  };
}

/** Accuracy from 0 to 1 over the same x axis. */
export function buildAccuracyChart({ history, settings }: ChartInput): ChartModel {
  const x = xIn(history, settings);
  const smoothed = smooth(
    history.progress.map((p) => ({ y: p.accuracy, merged: p.merged })),
    settings.smoothing,
  );
  const heldOut = history.evaluations.flatMap((e) =>
    e.heldOutAccuracy === undefined ? [] : [{ x: x(e), y: e.heldOutAccuracy }],
  );
  return {
    lines: [
      {
        label: t('train'),
        role: 'train',
        overlay: 0,
        points: finite(history.progress.map((p, i) => ({ x: x(p), y: smoothed[i] }))),
      },
      { label: t('held out'), role: 'heldOut', overlay: 0, points: finite(heldOut) },
    ],
    band: [],
    baselines: [],
    markers: [],
    xQuantity: settings.xQuantity,
    xScale: settings.xScale,
    yScale: 'linear',
    yName: t('accuracy'),
  };
}

/** Norm of the whole gradient before clipping, and after it, over the same x axis. */
export function buildGradientChart({ history, settings }: ChartInput): ChartModel {
  const x = xIn(history, settings);
  const line = (
    label: string,
    role: 'train' | 'heldOut',
    norm: (p: ProgressPoint) => number | undefined,
  ): ChartLine => ({
    label,
    role,
    overlay: 0,
    points: finite(history.progress.map((p) => ({ x: x(p), y: norm(p) ?? NaN }))),
  });
  return {
    lines: [
      line(t('before clipping'), 'train', (p) => p.gradientNorm),
      line(t('after clipping'), 'heldOut', (p) => p.clippedNorm),
    ],
    band: [],
    baselines: [],
    markers: [],
    xQuantity: settings.xQuantity,
    xScale: settings.xScale,
    yScale: settings.yScale,
    yName: t('gradient'),
  };
}

/**
 * The range of x and y that must be visible; undefined while there is nothing to draw. A baseline below the curves is
 * always in it. One far above them, which a run that starts from a base model has left behind before it begins, is not:
 * it would leave the curves hardly any height.
 */
export function extent(model: ChartModel): { x: [number, number]; y: [number, number] } | undefined {
  const usable = (v: number, kind: 'linear' | 'log'): boolean => Number.isFinite(v) && (kind === 'linear' || v > 0);
  const xs: number[] = [];
  const ys: number[] = [];
  for (const line of model.lines) {
    for (const point of line.points) {
      if (usable(point.x, model.xScale)) xs.push(point.x);
      if (usable(point.y, model.yScale)) ys.push(point.y);
    }
  }
  if (xs.length === 0 || ys.length === 0) return undefined;
  const [lowest, highest] = range(ys);
  for (const { y } of model.baselines) if (usable(y, model.yScale) && y <= 2 * highest - lowest) ys.push(y);
  const [left, right] = range(xs);
  const [low, high] = range(ys);
  const margin = model.yScale === 'linear' ? (high - low || Math.abs(high) || 1) * 0.05 : 0;
  return {
    x:
      model.xScale === 'linear' ? [Math.min(0, left), right > 0 ? right : 1] : [left, right > left ? right : left * 10],
    y: model.yScale === 'linear' ? [low - margin, high + margin] : [low * 0.97, high * 1.03],
  };
}

export interface ReadOut {
  x: number;
  rows: { label: string; role: ChartLine['role']; overlay: number; y: number; low?: number; high?: number }[];
}

/** The reading of every curve nearest to x; undefined for an empty chart. */
export function readOut(model: ChartModel, x: number): ReadOut | undefined {
  const leading = model.lines.filter((line) => line.role !== 'overlay' && line.points.length > 0);
  const densest = leading.reduce<ChartLine | undefined>(
    (a, b) => (a && a.points.length >= b.points.length ? a : b),
    undefined,
  );
  if (!densest) return undefined;
  const at = densest.points[nearest(densest.points, x)].x;
  const band = model.band[nearest(model.band, at)];
  const rows = [...model.lines].reverse().flatMap((line) => {
    const i = nearest(line.points, at);
    if (i < 0) return [];
    const { label, role, overlay } = line;
    const spread = role === 'train' && band ? { low: band.low, high: band.high } : {};
    return [{ label, role, overlay, y: line.points[i].y, ...spread }];
  });
  return { x: at, rows };
}

/** All x at which the chosen run has a reading, in order; the arrow keys step through them. */
export function readingPlaces(model: ChartModel): number[] {
  const all = model.lines.filter((line) => line.role !== 'overlay').flatMap((line) => line.points.map((p) => p.x));
  return [...new Set(all)].sort((a, b) => a - b);
}

export function tokenScale(history: RunHistory): TokenScale {
  return history.start ? scaleOf(history.start.config.text.unit, history.evaluations) : characterScale;
}

function xIn(
  history: RunHistory,
  settings: StudioSettings['training'],
): (p: { step: number; epoch: number; seconds: number }) => number {
  const stepsPerEpoch = history.start?.stepsPerEpoch ?? 0;
  return (p) => xOf(p, settings.xQuantity, stepsPerEpoch);
}

function heldOutPoints(
  history: RunHistory,
  x: (p: { step: number; epoch: number; seconds: number }) => number,
  unit: (nats: number) => number,
): Point[] {
  return finite(
    history.evaluations.flatMap((e) => (e.heldOutLoss === undefined ? [] : [{ x: x(e), y: unit(e.heldOutLoss) }])),
  );
}

/** An earlier run is one line: its held-out loss, or its training loss where nothing was held out. */
function overlayLine(
  title: string,
  history: RunHistory,
  overlay: number,
  settings: StudioSettings['training'],
): ChartLine {
  const scale = tokenScale(history);
  const unit = (nats: number): number => toUnit(nats, settings.unit, scale);
  const x = xIn(history, settings);
  const heldOut = heldOutPoints(history, x, unit);
  if (heldOut.length > 0) return { label: t('{0}, held out', title), role: 'overlay', overlay, points: heldOut };
  const smoothed = smooth(
    history.progress.map((p) => ({ y: p.loss, merged: p.merged })),
    settings.smoothing,
  );
  const points = finite(history.progress.map((p, i) => ({ x: x(p), y: unit(smoothed[i]) })));
  return { label: t('{0}, train', title), role: 'overlay', overlay, points };
}

function baselineLines(
  baselines: TextBaselines,
  settings: StudioSettings['training'],
  scale: TokenScale,
): ChartModel['baselines'] {
  const { gzip, brotli, ppm, markov } = baselines;
  const online = (name: string): string => t('{0}, online', name);
  const named: [string, number][] = [
    [online('gzip'), gzip],
    [online('brotli'), brotli],
    [online('PPM'), ppm],
    [t('Markov order {0}, static', markov.order), markov.bitsPerCharacter],
  ];
  return named.flatMap(([label, bits]) => {
    const y = bitsToUnit(bits, settings.unit, scale);
    return y === undefined ? [] : [{ label, y }];
  });
}

function markers(
  history: RunHistory,
  x: (p: { step: number; epoch: number; seconds: number }) => number,
  unit: (nats: number) => number,
): ChartMarker[] {
  const list: ChartMarker[] = [];
  const timeAt = (step: number): { step: number; epoch: number; seconds: number } => {
    // Guard events and notices carry only a step; their x is looked up on the curves.
    const near =
      history.progress[
        nearest(
          history.progress.map((p) => ({ x: p.step })),
          step,
        )
      ];
    return { step, epoch: near?.epoch ?? 0, seconds: near?.seconds ?? 0 };
  };
  for (const guard of history.guards) list.push({ kind: 'guard', x: x(timeAt(guard.step)), label: sayGuard(guard) });
  for (const notice of history.notices) {
    if (notice.kind === 'learning-rate') {
      list.push({ kind: 'learning-rate', x: x(timeAt(notice.step)), label: t('learning rate changed') });
    }
  }
  const best = history.evaluations.filter((e) => e.best).at(-1);
  if (best) {
    const loss = best.heldOutLoss ?? best.trainLoss;
    if (loss !== null) list.push({ kind: 'best', x: x(best), y: unit(loss), label: t('best checkpoint') });
  }
  return list;
}

function finite(points: Point[]): Point[] {
  return points.filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y));
}

/** Loops, because spread arguments fail on long lists. */
function range(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
