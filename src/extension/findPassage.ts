/**
 * Finds a passage that a model has copied in a document. The offset refers to the text used for training (a selection,
 * the cells of a notebook, normalised, perhaps edited since), so it only serves to choose between several matches.
 */

/** UTF-16 offsets in `text` of the match nearest to `offset`; undefined if the passage does not occur. */
export function findPassage(text: string, passage: string, offset: number): { start: number; end: number } | undefined {
  const words = passage.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return undefined;
  if (text.startsWith(passage, offset)) return { start: offset, end: offset + passage.length };
  // As models read text: in lower case, with composed accents and single spaces between words.
  const pattern = new RegExp(words.map(inEitherForm).join('\\s+'), 'giu');
  let nearest: { start: number; end: number } | undefined;
  for (const { index, 0: found } of text.matchAll(pattern)) {
    if (nearest && Math.abs(index - offset) >= Math.abs(nearest.start - offset)) break;
    nearest = { start: index, end: index + found.length };
  }
  return nearest;
}

function inEitherForm(word: string): string {
  const forms = new Set([word, word.normalize('NFC'), word.normalize('NFD')]);
  return `(?:${[...forms].map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|')})`;
}
