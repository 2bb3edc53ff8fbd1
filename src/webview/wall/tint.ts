/** The model's confidence as a few steps of tint, and names for invisible tokens. No DOM. */
import { formatPercent } from '../../common/formats';
import { t } from '../../common/l10n';
import type { WallColumn } from '../../common/wall';

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

const named: Record<string, string> = { ' ': '␣', '\n': '↵', '\t': '⇥', '\r': '␍', '\u00a0': '⍽' };

/** A token as shown in a list; the space in front of a word is left out. */
export function visibleToken(token: string): string {
  if (token === '') return '∅';
  return Array.from(withoutSpace(token), (c) => named[c] ?? (/\p{M}/u.test(c) ? `◌${c}` : c)).join('');
}

/** A token as read out by a screen reader. */
export function spokenToken(token: string): string {
  const spoken: Record<string, string> = { ' ': t('space'), '\n': t('new line'), '\t': t('tab') };
  return spoken[token] ?? withoutSpace(token);
}

function withoutSpace(token: string): string {
  return token.length > 1 && token.startsWith(' ') ? token.slice(1) : token;
}

export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return `<${formatPercent(0.1, 1)}`;
  return formatPercent(value, value < 10 ? 1 : 0);
}
