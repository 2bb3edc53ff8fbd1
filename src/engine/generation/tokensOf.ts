/** How a model reads a text: its tokens with their ids, and which of them are known. */
import { noToken } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import type { LanguageModelMetadata } from '../model/modelMetadata';

interface TokenEntry {
  token: string;
  /** Null for an unknown character. */
  id: number | null;
  known: boolean;
  /** How often it occurs in the training text; only for the vocabulary, and if the model file says so. */
  count?: number;
}

/** The tokens of a text after the model's own normalisation; without a text, the vocabulary in the order of its ids. */
export function tokensOf(
  { vocabulary, config, tokenCounts }: Pick<LanguageModelMetadata, 'vocabulary' | 'config' | 'tokenCounts'>,
  text?: string,
): TokenEntry[] {
  if (text === undefined) {
    return Array.from({ length: vocabulary.size }, (_, id) => ({
      token: vocabulary.tokenText(id),
      id,
      known: true,
      ...(tokenCounts && { count: tokenCounts[id] }),
    }));
  }
  return vocabulary.split(normaliseText(text, config.text)).map((token) => {
    const id = vocabulary.readAs(token);
    return { token, id: id === noToken ? null : id, known: id !== vocabulary.unknownId };
  });
}
