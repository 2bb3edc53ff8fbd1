/** The model's confidence in what it wrote, as a few steps of tint. */
import type { WallColumn } from './wall';

/** Step i tints tokens below this probability (and not below the next); above the first there is no tint. */
export const tintSteps = [0.3, 0.1, 0.03, 0.01] as const;

/** 0 (sure, or not known) to 4. */
export function tintOf(probability: number): number {
  if (probability < 0) return 0;
  return tintSteps.filter((limit) => probability < limit).length;
}

export interface TintRange {
  start: number;
  end: number;
  tint: number;
}

/** Adjacent tokens of the same tint are merged; untinted text is left out. Offsets in UTF-16 units of the column's text. */
export function tintRanges({ lengths, probabilities }: Pick<WallColumn, 'lengths' | 'probabilities'>): TintRange[] {
  const ranges: TintRange[] = [];
  let start = 0;
  lengths.forEach((length, i) => {
    const tint = tintOf(probabilities[i]);
    const end = start + length;
    const last = ranges.at(-1);
    if (tint > 0) {
      if (last && last.end === start && last.tint === tint) last.end = end;
      else ranges.push({ start, end, tint });
    }
    start = end;
  });
  return ranges;
}
