/** File names in the commands that a message suggests. */

/** `text` as one word of the shell of this platform, quoted only where it has to be. */
export function shellWord(text: string, platform = process.platform): string {
  if (/^[\p{L}\p{N}_./:@%+,=-]+$/u.test(text)) return text;
  return platform === 'win32' ? `"${text}"` : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
