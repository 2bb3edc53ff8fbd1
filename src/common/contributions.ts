/**
 * Turns the contributions to a verdict into tints: the direction of a word's effect, and its strength in three steps.
 * Points are natural log-odds: 0.7 of them double the odds.
 */
import { formatFixed, formatPercent } from './formats';
import { t } from './l10n';
import type { ClassifierRecord, ReadingFinding, Verdict } from './classifierProtocol';

/** Minimum points of a word for strength 1, 2, 3. Absolute, so that two texts can be compared. */
const strengthPoints = [0.15, 0.5, 1.2] as const;

export interface WordTint {
  /** UTF-16 offsets into the checked text. */
  start: number;
  end: number;
  /** Towards the named class (positive) or away from it. */
  points: number;
  /** 1 to 3. */
  strength: number;
}

/** The class that tints refer to: the positive one of two, otherwise the one named by the verdict. */
export function tintedClass(verdict: Verdict, record: Pick<ClassifierRecord, 'classes' | 'positive'>): string {
  return record.positive === null ? verdict.label : record.classes[record.positive];
}

/** Points of each word towards `label`, in the order of the text. */
export function pointsTowards(verdict: Verdict, label: string): { start: number; end: number; points: number }[] {
  const sign = verdict.label === label ? 1 : -1;
  return verdict.contributions.map(({ start, end, contribution }) => ({ start, end, points: sign * contribution }));
}

/** The words with enough effect to be tinted. */
export function wordTints(verdict: Verdict, label: string): WordTint[] {
  return pointsTowards(verdict, label).flatMap((word) => {
    const strength = strengthPoints.filter((limit) => Math.abs(word.points) >= limit).length;
    return strength === 0 ? [] : [{ ...word, strength }];
  });
}

/** The findings while reading a text, in words. */
export function findingSentences(findings: readonly ReadingFinding[]): string[] {
  const sentences: Record<ReadingFinding, string> = {
    mail: t('Read as the source of an e-mail: the text that a reader would see was checked.'),
    html: t('Read as HTML: the text that a reader would see was checked.'),
    hidden: t('Found hidden characters or hidden text.'),
    lookalikes: t('Found letters that only look like the ones they replace.'),
    spaced: t('Found words with spaces between their letters.'),
  };
  return findings.map((finding) => sentences[finding]);
}

/**
 * The title of a button that gives a text this label: "This Is Not Spam" if the classes are spam and something else.
 */
export function correctionTitle(
  label: string,
  { classes, positive }: Pick<ClassifierRecord, 'classes' | 'positive'>,
): string {
  const name = positive === null ? '' : classes[positive];
  if (name.toLowerCase() === 'spam') return label === name ? t('This Is Spam') : t('This Is Not Spam');
  return t('This Is “{0}”', label);
}

/** "+1.2" or "−0.4": with a true minus sign. */
export function formatPoints(points: number): string {
  return `${points < 0 ? '−' : '+'}${formatFixed(Math.abs(points), Math.abs(points) < 0.095 ? 2 : 1)}`;
}

/** "97.3%"; never 100% or 0% unless it is certain. */
export function formatShare(share: number): string {
  if (share === 0 || share === 1) return formatPercent(share * 100);
  if (share > 0.999) return `> ${formatPercent(99.9, 1)}`;
  if (share < 0.001) return `< ${formatPercent(0.1, 1)}`;
  return formatPercent(share * 100, 1);
}
