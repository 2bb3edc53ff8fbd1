/** The models on disk that can write, in the form in which the Studio lists them. */
import { openingOf } from '../../common/opening';
import type { ModelItem } from '../../common/studioProtocol';
import type { ModelEntry } from './modelStore';

export function itemsOf(entries: readonly ModelEntry[]): ModelItem[] {
  return entries.flatMap(({ path, title, summary }): ModelItem[] =>
    summary?.kind === 'language-model'
      ? [
          {
            path,
            title,
            network: summary.network,
            unit: summary.unit,
            heldOutBitsPerCharacter: summary.heldOutBitsPerCharacter ?? undefined,
            opening: summary.config ? openingOf(summary.config.text) : '',
          },
        ]
      : [],
  );
}
