/**
 * Cross-entropy in display units. With L in nats per token and c characters per token: bits per character = L / (ln 2 ·
 * c), perplexity per token = exp(L).
 */
import { formatFixed } from './formats';
import { t } from './l10n';
import type { EpochEvent } from './trainEvents';

export type LossUnit = 'nats' | 'bits' | 'perplexity';

/**
 * What is known about the tokens of a run. Without `charactersPerToken` (words, nothing evaluated yet), bits are per
 * token.
 */
export interface TokenScale {
  unit: 'character' | 'word';
  charactersPerToken?: number;
}

export const characterScale: TokenScale = { unit: 'character', charactersPerToken: 1 };

/** Characters per token, from an evaluation that gives the loss in both units. */
export function scaleOf(unit: 'character' | 'word', evaluations: readonly EpochEvent[]): TokenScale {
  if (unit === 'character') return characterScale;
  for (const { heldOutLoss, heldOutBitsPerCharacter } of evaluations) {
    if (heldOutLoss && heldOutBitsPerCharacter) {
      return { unit, charactersPerToken: heldOutLoss / Math.LN2 / heldOutBitsPerCharacter };
    }
  }
  return { unit };
}

/** From nats per token. */
export function toUnit(nats: number, unit: LossUnit, scale: TokenScale): number {
  switch (unit) {
    case 'nats':
      return nats;
    case 'bits':
      return nats / Math.LN2 / (scale.charactersPerToken ?? 1);
    case 'perplexity':
      return Math.exp(nats);
  }
}

/** From bits per character; undefined if the length of a token is unknown. */
export function bitsToUnit(bitsPerCharacter: number, unit: LossUnit, scale: TokenScale): number | undefined {
  if (scale.charactersPerToken === undefined) return undefined;
  return toUnit(bitsPerCharacter * Math.LN2 * scale.charactersPerToken, unit, scale);
}

/** "bits per character", "nats per word", "perplexity per word". */
export function unitName(unit: LossUnit, scale: TokenScale): string {
  const token = unit === 'bits' && scale.charactersPerToken !== undefined ? 'character' : scale.unit;
  const names = {
    nats: { character: t('nats per character'), word: t('nats per word') },
    bits: { character: t('bits per character'), word: t('bits per word') },
    perplexity: { character: t('perplexity per character'), word: t('perplexity per word') },
  };
  return names[unit][token];
}

/** Three to four significant figures: enough to compare two runs by. */
export function formatLoss(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 1e6) return value.toExponential(1);
  return formatFixed(value, value >= 100 ? 0 : value >= 10 ? 1 : 3);
}
