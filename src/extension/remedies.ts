/** Errors whose message comes with a button that fixes them. */
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
