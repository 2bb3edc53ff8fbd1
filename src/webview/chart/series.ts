/**
 * Turns a run's history into drawable lines: smoothing, the band, and thinning to the number of pixels. No DOM.
 */
import type { ProgressPoint } from '../../common/runHistory';

export interface Point {
  x: number;
  y: number;
}

export interface BandPoint {
  x: number;
  low: number;
  high: number;
}

/**
 * Exponential moving average with bias correction (as Adam's first moment): m ← w·m + (1-w)·y, shown m / (1 - w^n), so
 * that the beginning is not pulled towards zero. A point merged from k measurements counts as k: thinning does not
 * change how much is smoothed. `weight` in [0, 1).
 */
export function smooth(values: readonly { y: number; merged: number }[], weight: number): number[] {
  let mean = 0;
  let correction = 1;
  return values.map(({ y, merged }) => {
    if (!Number.isFinite(y)) return y;
    const keep = weight ** merged;
    mean = keep * mean + (1 - keep) * y;
    correction *= keep;
    return mean / (1 - correction);
  });
}

/** Splits the points wherever x steps back, as it does when a run is restored to an earlier step. */
export function splitAtStepsBack<P extends { x: number }>(points: readonly P[]): P[][] {
  const stretches: P[][] = [];
  for (const point of points) {
    const current = stretches.at(-1);
    if (current && point.x >= current[current.length - 1].x) current.push(point);
    else stretches.push([point]);
  }
  return stretches;
}

/** At most one band point per pixel column, with the true extremes of all points in it. */
export function bandPerPixel(points: readonly BandPoint[], pixelOf: (x: number) => number): BandPoint[] {
  const band: BandPoint[] = [];
  let column = Number.NaN;
  for (const point of points) {
    const pixel = Math.round(pixelOf(point.x));
    if (Number.isNaN(pixel)) continue;
    const last = band.at(-1);
    if (last && pixel === column) {
      last.low = Math.min(last.low, point.low);
      last.high = Math.max(last.high, point.high);
    } else {
      band.push({ ...point });
      column = pixel;
    }
  }
  return band;
}

/** Keeps the first, lowest, highest and last point of every pixel column, which looks the same and costs less. */
export function linePerPixel(points: readonly Point[], pixelOf: (x: number) => number): Point[] {
  const line: Point[] = [];
  let column: Point[] = [];
  let at = Number.NaN;
  const close = (): void => {
    if (column.length <= 4) line.push(...column);
    else {
      const order = (a: Point, b: Point): number => column.indexOf(a) - column.indexOf(b);
      const low = column.reduce((a, b) => (b.y < a.y ? b : a));
      const high = column.reduce((a, b) => (b.y > a.y ? b : a));
      const chosen = new Set([column[0], low, high, column[column.length - 1]]);
      line.push(...[...chosen].sort(order));
    }
    column = [];
  };
  for (const point of points) {
    const pixel = Math.round(pixelOf(point.x));
    if (Number.isNaN(pixel)) continue;
    if (pixel !== at) close();
    at = pixel;
    column.push(point);
  }
  close();
  return line;
}

/** Index of the point nearest to x; -1 for none. Points need not be in order. */
export function nearest(points: readonly { x: number }[], x: number): number {
  let best = -1;
  points.forEach((point, i) => {
    if (best < 0 || Math.abs(point.x - x) < Math.abs(points[best].x - x)) best = i;
  });
  return best;
}

export function xOf(
  point: Pick<ProgressPoint, 'step' | 'epoch' | 'seconds'>,
  quantity: 'step' | 'epoch' | 'seconds',
  stepsPerEpoch: number,
): number {
  if (quantity === 'epoch') return stepsPerEpoch > 0 ? point.step / stepsPerEpoch : point.epoch;
  return point[quantity];
}
