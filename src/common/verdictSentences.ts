/**
 * Verdicts in words. A spam detector says "spam", "unsure" or "not spam", however its examples label the rest; other
 * classifiers name their classes as the examples do.
 */
import type { Answer, ClassifierRecord, DataAdvice, Verdict } from './classifierProtocol';
import { formatShare } from './contributions';
import { formatInteger, t } from './l10n';

type Classes = Pick<ClassifierRecord, 'classes' | 'positive'>;

/** Whether the classifier distinguishes spam from everything else. */
function detectsSpam({ classes, positive }: Classes): boolean {
  return positive !== null && classes[positive].toLowerCase() === 'spam';
}

/** The name of a class within a sentence or a table: "not spam" for the other class of a spam detector. */
export function className(label: string, record: Classes): string {
  if (!detectsSpam(record)) return label;
  return label === record.classes[record.positive!] ? t('spam') : t('not spam');
}

/** The same at the beginning of a sentence. */
function classTitle(label: string, record: Classes): string {
  if (!detectsSpam(record)) return label;
  return label === record.classes[record.positive!] ? t('Spam') : t('Not spam');
}

/** "Spam: 97.3%; threshold 84.0%": the answer, its number and the threshold, without a full stop. */
export function verdictSentence(verdict: Verdict, record: Classes): string {
  const { label, answer, threshold, probability, probabilities, corrected } = verdict;
  if (corrected) return t('{0}, by your correction', classTitle(label, record));
  if (record.positive === null || answer === null || threshold === null) {
    return t('{0}, {1}', classTitle(label, record), formatShare(probability));
  }
  const positive = record.classes[record.positive];
  const name = className(positive, record);
  const share = formatShare(probabilities[positive]);
  const limit = formatShare(Math.min(1, threshold));
  switch (answer) {
    case 'too short':
      return t('Too short to tell');
    case 'unknown language':
      return t('This classifier does not know the language of this text, so it cannot tell');
    case 'positive':
      return t('{0}: {1}; threshold {2}', classTitle(positive, record), share, limit);
    case 'negative': {
      const other = classTitle(record.classes[1 - record.positive], record);
      return t('{0}: the probability of {1} is {2}; threshold {3}', other, name, share, limit);
    }
    case 'unsure':
      return probabilities[positive] >= 0.5
        ? t('Probably {0}: {1}; threshold {2}', name, share, limit)
        : t('Unsure whether {0}: {1}; threshold {2}', name, share, limit);
  }
}

/** A verdict in a word or two, for lists. */
export function answerName({ label, answer, corrected }: Verdict, record: Classes): string {
  const others: Partial<Record<Answer, string>> = {
    unsure: t('unsure'),
    'too short': t('too short to tell'),
    'unknown language': t('language unknown'),
  };
  return (!corrected && answer !== null && others[answer]) || className(label, record);
}

/** For a long text that was read passage by passage: the passage that decided. */
export function passageSentence({ passage, probabilities }: Verdict, record: Classes): string | undefined {
  if (!passage || record.positive === null) return undefined;
  const positive = record.classes[record.positive];
  return t(
    'Read passage by passage: this is the verdict on passage {0} of {1}, the one most like {2} ({3}).',
    passage.index + 1,
    passage.count,
    className(positive, record),
    formatShare(probabilities[positive]),
  );
}

/** How reliable the figures of a class are, and what is missing. */
export function sayAdvice({ label, examples, heldOut, missing }: Omit<DataAdvice, 'message'>): string {
  return missing === 0
    ? t('“{0}”: {1} examples, which is enough for meaningful figures.', label, formatInteger(examples))
    : t(
        '“{0}”: {1} examples ({2} held out); add about {3} more before its figures mean anything.',
        label,
        formatInteger(examples),
        formatInteger(heldOut),
        formatInteger(missing),
      );
}
