/** Errors whose message comes with a button that fixes them. */
import { fewestToChoose } from '../common/bases';
import { InklingError } from '../common/errors';
import { t } from '../common/l10n';
import type { CommandId } from './commandIds';

export class ErrorWithRemedy extends InklingError {
  constructor(
    message: string,
    readonly remedy: { title: string; command: CommandId },
  ) {
    super('invalidInput', message);
  }
}

/** For commands that need an open text. */
export function noText(message: string): ErrorWithRemedy {
  return new ErrorWithRemedy(message, { title: t('Try a Sample Text'), command: 'inkling.trySample' });
}

/** For commands that need a language model, in a text in which a shipped one could write if it were longer. */
export function tooShort(): InklingError {
  return new InklingError(
    'invalidInput',
    t(
      'There is no model yet, and the text is too short to tell its language. Write {0} characters first, or name the language in the setting inkling.writing.base.',
      fewestToChoose,
    ),
  );
}

/** For commands that need a language model. */
export function noModel(): ErrorWithRemedy {
  return new ErrorWithRemedy(t('There is no model yet. Open a text and run "Inkling: Train on This File" first.'), {
    title: t('Open Inkling'),
    command: 'inkling.showSamples',
  });
}
