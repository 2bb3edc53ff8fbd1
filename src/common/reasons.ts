/**
 * Why a run has the settings it has: the automatic configuration gives its reasons as facts, which become sentences, in
 * the language of the reader, where they are shown.
 */
import { formatFixed, formatNumber, formatPercent } from './formats';
import { formatInteger, languageName, t } from './l10n';
import { object, text, variant, whole, number, type Schema } from './schema';

/** Losses in nats per character; `language` is a code such as "en". */
export type Reason =
  | { kind: 'no-base-fits'; loss: number }
  | { kind: 'base-fits'; language: string; loss: number }
  | { kind: 'settings-without-base'; language: string }
  | { kind: 'starts-from-base'; language: string; novels: number; units: number }
  | { kind: 'parameters-for-time'; parameters: number; charactersEach: number }
  | { kind: 'parameters-for-passes'; parameters: number; charactersEach: number; passes: number }
  | { kind: 'dropout'; passes: number; dropout: number }
  | { kind: 'ends-early'; passes: number }
  | { kind: 'bounded-by-steps' };

const reasonFacts = variant<'kind', Reason>('kind', {
  'no-base-fits': object({ loss: number(0) }),
  'base-fits': object({ language: text, loss: number(0) }),
  'settings-without-base': object({ language: text }),
  'starts-from-base': object({ language: text, novels: whole(), units: whole(1) }),
  'parameters-for-time': object({ parameters: whole(), charactersEach: number(0) }),
  'parameters-for-passes': object({ parameters: whole(), charactersEach: number(0), passes: number(0) }),
  dropout: object({ passes: number(0), dropout: number(0, 1) }),
  'ends-early': object({ passes: number(0) }),
  'bounded-by-steps': object({}),
});

/** Earlier versions stored sentences. */
export const storedReason: Schema<Reason | string> = (value, path) =>
  typeof value === 'string' ? value : reasonFacts(value, path);

/** The reason as a sentence. */
export function sayReason(reason: Reason | string): string {
  if (typeof reason === 'string') return reason;
  switch (reason.kind) {
    case 'no-base-fits':
      return t(
        'No base model fits this text (the best of them needs {0} bits per character), so training starts from random weights.',
        bitsOf(reason.loss),
      );
    case 'base-fits':
      return t(
        'The text reads like the base model of {0} ({1} bits per character at its beginning).',
        languageName(reason.language),
        bitsOf(reason.loss),
      );
    case 'settings-without-base':
      return t(
        'The settings ask for another network or another reading of the text than the base model of {0} has, so training starts from random weights.',
        languageName(reason.language),
      );
    case 'starts-from-base':
      return t(
        'Training starts from the base model of {0} ({1} novels), so the network has its {2} units.',
        languageName(reason.language),
        formatInteger(reason.novels),
        formatInteger(reason.units),
      );
    case 'parameters-for-time':
      return t(
        '{0} parameters see {1} characters each in this time: more units would be undertrained, fewer would learn less.',
        formatInteger(reason.parameters),
        formatInteger(reason.charactersEach),
      );
    case 'parameters-for-passes':
      return t(
        '{0} parameters see {1} characters each in {2} passes over the text.',
        formatInteger(reason.parameters),
        formatInteger(reason.charactersEach),
        formatFixed(reason.passes, 1),
      );
    case 'dropout':
      return t(
        'The text is read {0} times, so a dropout of {1} counteracts memorising.',
        formatInteger(reason.passes),
        formatPercent(reason.dropout * 100),
      );
    case 'ends-early':
      return t(
        'After {0} passes over such a short text there is nothing more to gain, so the run will end early.',
        formatNumber(reason.passes),
      );
    case 'bounded-by-steps':
      return t('The run is bounded by steps, not by time: the network is the one for a minute on an average machine.');
  }
}

function bitsOf(nats: number): string {
  return formatFixed(nats / Math.LN2, 2);
}
