/**
 * How good a model is at its own text, in a word: by its distance to what needs no training, which is a Kneser–Ney
 * model of the same text and, if there is one, the shipped base of its language. No other place decides this.
 */
import type { TextBaselines } from './engineProtocol';
import { t } from './l10n';

export type Quality = 'rough' | 'fair' | 'good';

/** A good model needs at least this share of bits less than the better of the two. */
const goodMargin = 0.05;

/**
 * Rough: not better than the better of the two. Good: better by a clear margin. Fair: in between. All figures in bits
 * per character on held-out text.
 */
export function qualityOf(bitsPerCharacter: number, { markov, base }: Pick<TextBaselines, 'markov' | 'base'>): Quality {
  const untrained = Math.min(markov.bitsPerCharacter, base?.bitsPerCharacter ?? Infinity);
  if (bitsPerCharacter >= untrained) return 'rough';
  return bitsPerCharacter <= untrained * (1 - goodMargin) ? 'good' : 'fair';
}

/** "good", and in a sentence what that means. */
export function sayQuality(quality: Quality): { word: string; meaning: string } {
  switch (quality) {
    case 'rough':
      return {
        word: t('rough'),
        meaning: t('Not better than methods that need no training: a longer text or more time will help.'),
      };
    case 'fair':
      return { word: t('fair'), meaning: t('Slightly better than methods that need no training.') };
    case 'good':
      return { word: t('good'), meaning: t('Clearly better than methods that need no training.') };
  }
}
