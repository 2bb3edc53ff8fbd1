/** Forgetting what was remembered: at once, with an offer to undo it. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { InklingError } from '../../common/errors';
import { present } from '../commands';
import { showInformation } from '../messages';
import type { Journal, Passage } from './journal';

/** Forgets a passage and everything that was written after it. */
export function forgetSince(journal: Journal, passage: Passage): Promise<void> {
  return forget(
    journal,
    () => journal.forgetSince(passage.id),
    vscode.l10n.t('Forgot this passage and all later ones.'),
  );
}

/** Forgets what was written in the document of a passage. */
export function forgetDocument(journal: Journal, { document }: Passage): Promise<void> {
  const name = path.posix.basename(vscode.Uri.parse(document).path);
  return forget(
    journal,
    () => journal.forgetDocument(document),
    vscode.l10n.t('Forgot what was written in {0}.', name),
  );
}

/** Throws `invalidInput` if nothing is remembered. */
export function forgetAll(journal: Journal): Promise<void> {
  if (journal.all().length === 0) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('Nothing is remembered. To change that, set inkling.writing.learn to "remember".'),
    );
  }
  return forget(journal, () => journal.forgetAll(), vscode.l10n.t('Forgot everything that was remembered.'));
}

async function forget(journal: Journal, work: () => Promise<void>, message: string): Promise<void> {
  const before = [...journal.all()];
  await work();
  const undo = vscode.l10n.t('Undo');
  // Not awaited: the command is done; the offer remains as long as the message.
  const answer = async (): Promise<void> => {
    if ((await showInformation(message, undo)) === undo) await journal.restore(before);
  };
  answer().catch(present);
}
