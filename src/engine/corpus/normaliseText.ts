/**
 * The normalisation of every text before it becomes tokens; prompts and scored files are treated like the training
 * text. Line ends become `\n`, followed by what the configuration asks for: Unicode NFC, lower case.
 *
 * A long text is normalised piece by piece, so that there is never a complete second copy in memory. A piece ends where
 * its neighbours cannot affect it: lowercasing depends on the letters around (Greek final sigma), and NFC joins a mark
 * to its letter.
 */
import type { TextConfig } from '../../common/trainingConfig';

/** Code units in a piece, about. */
const pieceLength = 1 << 18;

/** The text that tokens are taken from. */
export function normaliseText(text: string, config: Pick<TextConfig, 'lowercase' | 'normalization'>): string {
  if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n');
  if (config.normalization === 'nfc') text = text.normalize('NFC');
  if (config.lowercase) text = text.toLowerCase();
  return text;
}

/** The same text in pieces. Pieces of `line-prefixes` end with a line, of words with a word. */
export function* normalisedPieces(text: string, config: TextConfig): Generator<string> {
  const isEnd = config.examples === 'line-prefixes' ? endsLine : config.unit === 'word' ? endsWord : endsCluster;
  for (let start = 0; start < text.length;) {
    const end = pieceEnd(text, start, isEnd);
    yield normaliseText(text.slice(start, end), config);
    start = end;
  }
}

/** The last suitable end within a piece's length, or else the first one after it. */
function pieceEnd(text: string, start: number, isEnd: (unit: number) => boolean): number {
  const wanted = start + pieceLength;
  if (wanted >= text.length) return text.length;
  for (let end = wanted; end > start; end--) if (isEnd(text.charCodeAt(end - 1))) return end;
  for (let end = wanted + 1; end < text.length; end++) if (isEnd(text.charCodeAt(end - 1))) return end;
  return text.length;
}

const endsLine = (unit: number): boolean => unit === 0x0a;

/** Line feed, space, tab. */
const endsWord = (unit: number): boolean => unit === 0x0a || unit === 0x20 || unit === 0x09;

/** Also digits and Chinese characters (for texts without spaces): no mark joins them, and they have no case. */
const endsCluster = (unit: number): boolean =>
  endsWord(unit) || (unit >= 0x30 && unit <= 0x39) || (unit >= 0x4e00 && unit <= 0x9fff);
