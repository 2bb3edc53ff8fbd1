/** The interface language, which the host writes into the page so that it is known before anything is drawn. */
import type { Language } from '../common/l10n';

/** Id of the data block; `studioHtml.ts` writes it. */
const blockId = 'language';

export function readLanguage(): Language {
  return JSON.parse(document.getElementById(blockId)?.textContent ?? '{"tag":"en","bundle":{}}') as Language;
}
