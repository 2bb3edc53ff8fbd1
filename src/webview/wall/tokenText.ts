/** Tokens and their probabilities as they are shown. No DOM. */
import { formatPercent } from '../../common/formats';
import { t } from '../../common/l10n';

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
