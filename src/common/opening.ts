/** What a model reads before a text that it writes from nothing. */
import type { TextConfig } from './trainingConfig';

/**
 * The end of a paragraph, after which running text begins with a sentence; after a line break alone, lines of a fixed
 * width go on with one. Nothing for other texts: a word, or a line, begins by itself.
 */
export function openingOf({ unit, examples }: Pick<TextConfig, 'unit' | 'examples'>): string {
  return unit === 'character' && examples === 'text' ? '.\n\n' : '';
}
