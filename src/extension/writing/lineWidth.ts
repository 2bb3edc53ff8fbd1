/** Lines of a text whose paragraphs are broken at a fixed width, as those of many plain-text books are. */

/** A wider line is a paragraph. */
const widest = 120;
/** Fewer neighbouring lines may be broken by chance. */
const fewestLines = 8;

/**
 * The width at which the paragraphs of a text are broken, in UTF-16 units; undefined if they are not. The lines of a
 * broken paragraph are so long that the first word of the next one had no room in them. Most lines of verse are not.
 */
export function lineWidth(lines: readonly string[]): number | undefined {
  const followed = lines.slice(0, -1).flatMap((line, i) => {
    const [word] = /\S+/.exec(lines[i + 1]) ?? [];
    return line.trim() === '' || word === undefined ? [] : [{ length: line.trimEnd().length, word }];
  });
  if (followed.length < fewestLines) return undefined;
  const width = Math.max(...followed.map(({ length }) => length));
  const full = followed.filter(({ length, word }) => length + 1 + word.length > width);
  return width <= widest && full.length > followed.length / 2 ? width : undefined;
}

/** `text` as it continues a line at `column`: where a word has no room in the width, its space becomes a line break. */
export function breakLines(text: string, column: number, width: number): string {
  let at = column;
  return text.replace(/([^\S\n]*)(\n?\S+|\n)/g, (piece, space: string, rest: string) => {
    if (rest.startsWith('\n')) at = 0;
    const length = rest.replace('\n', '').length;
    const breaks = space === ' ' && at > 0 && at + 1 + length > width;
    at = breaks ? length : at + space.length + length;
    return breaks ? `\n${rest}` : piece;
  });
}
