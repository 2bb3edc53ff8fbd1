/**
 * Cross-entropy in the units people read it in. With L in nats a token and c characters a token:
 * bits per character = L / (ln 2 · c), perplexity = exp(L) a token.
 */
import { t } from './l10n';
import type { EpochEvent } from './trainEvents';

export type LossUnit = 'nats' | 'bits' | 'perplexity';

/** What is known of a run's tokens. Without `charactersPerToken` (words, nothing evaluated yet) bits are a token's. */
export interface TokenScale {
  unit: 'character' | 'word';
  charactersPerToken?: number;
}

export const characterScale: TokenScale = { unit: 'character', charactersPerToken: 1 };

/** Characters a token, from an evaluation that says the same loss both ways. */
export function scaleOf(unit: 'character' | 'word', evaluations: readonly EpochEvent[]): TokenScale {
  if (unit === 'character') return characterScale;
  for (const { heldOutLoss, heldOutBitsPerCharacter } of evaluations) {
    if (heldOutLoss && heldOutBitsPerCharacter) {
      return { unit, charactersPerToken: heldOutLoss / Math.LN2 / heldOutBitsPerCharacter };
    }
  }
  return { unit };
}

/** From nats a token. */
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

/** From bits a character; undefined where a token's length is not known. */
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
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
