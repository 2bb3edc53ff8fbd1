/** Axes: the mapping from data to pixels, and where the ticks go. No DOM. */
import { formatNumber } from '../../common/formats';

export interface Scale {
  kind: 'linear' | 'log';
  /** Data range, low to high. */
  domain: readonly [number, number];
  /** Pixels of the ends of the domain. */
  range: readonly [number, number];
  /** Pixel of a value; NaN for zero and below on a log axis. */
  place(value: number): number;
  /** Value at a pixel. */
  value(pixel: number): number;
}

export function createScale(
  kind: 'linear' | 'log',
  domain: readonly [number, number],
  range: readonly [number, number],
): Scale {
  const forward = kind === 'log' ? (v: number) => (v > 0 ? Math.log(v) : Number.NaN) : (v: number) => v;
  const back = kind === 'log' ? Math.exp : (v: number) => v;
  const [low, high] = [forward(domain[0]), forward(domain[1])];
  const slope = (range[1] - range[0]) / (high - low || 1);
  return {
    kind,
    domain,
    range,
    place: (value) => range[0] + (forward(value) - low) * slope,
    value: (pixel) => back(low + (pixel - range[0]) / slope),
  };
}

/** 1, 2 or 5 times a power of ten: at most about `count` round values within the domain. */
export function linearTicks([low, high]: readonly [number, number], count: number): number[] {
  if (!(high > low)) return Number.isFinite(low) ? [low] : [];
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((f) => f * power >= rough * (1 - 1e-9)) ?? 10;
  const step = factor * power;
  const ticks: number[] = [];
  // Counting multiples avoids labels such as 0.30000000000000004.
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

/** Powers of ten, with 2 and 5 between them where there is room; plain round values within less than a decade. */
export function logTicks([low, high]: readonly [number, number], count: number): number[] {
  if (!(low > 0) || !(high > low)) return low > 0 ? [low] : [];
  const decades = Math.log10(high / low);
  if (decades < 1) return linearTicks([low, high], count).filter((tick) => tick > 0);
  const factors = decades * 3 <= count * 1.5 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const ticks: number[] = [];
  const first = Math.floor(Math.log10(low));
  for (let power = first; power <= Math.ceil(Math.log10(high)); power++) {
    if ((power - first) % every !== 0) continue;
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(12));
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks;
}

const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400];

/** Ticks at round numbers of seconds, minutes and hours. */
export function timeTicks([low, high]: readonly [number, number], count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  if (rough <= 0.5) return linearTicks([low, high], count);
  const step = timeSteps.find((s) => s >= rough) ?? Math.ceil(rough / 86400) * 86400;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(i * step);
  return ticks;
}

/** "1.5k", "2M", "0.25": short enough for an axis. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  if (size >= 1 || size === 0) return trim(value);
  return formatNumber(Number(value.toPrecision(2)));
}

function trim(value: number): string {
  return formatNumber(Number(value.toFixed(2)));
}
