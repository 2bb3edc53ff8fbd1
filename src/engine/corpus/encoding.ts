/**
 * Detects the encoding of bytes that are not UTF-8. `chardet` proposes encodings by how often their letters occur; the
 * bytes decoded as proposed must then look like written language, which also distinguishes the encodings that `chardet`
 * does not know.
 */
import { analyse } from 'chardet';

/** Bytes of the non-ASCII lines that are examined. */
const sampleBytes = 1 << 16;
const usualEncoding = 'windows-1252';
/** Encodings that `chardet` does not know and `TextDecoder` does. */
const furtherEncodings = ['macintosh', 'ibm866', 'koi8-u'];
/**
 * A proposal is accepted from this confidence (of 100) if at most this share of the non-ASCII characters looks wrong.
 * Without such a proposal, an encoding is accepted if it is the only one in which almost nothing looks wrong. Measured
 * on the Universal Declaration of Human Rights in 29 languages and 16 encodings, whole and cut to 1,000 and 200 bytes.
 */
const leastConfidence = { oneByte: 20, manyBytes: 90 };
const largestOddShare = { proposed: 0.03, other: 0.005 };
/** In these, most bytes decode to some character. */
const manyBytes = /^(gb|big5|euc-|shift_jis|iso-2022)/;

/** The characters of windows-1252 at 0x80 to 0x9f; its five unassigned bytes stand for the C1 controls. */
const windows1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** Names of VS Code and of Python that `TextDecoder` does not know. */
const furtherNames: Record<string, string> = {
  macroman: 'macintosh',
  mac_roman: 'macintosh',
  big5hkscs: 'big5',
  cp950: 'big5',
  shiftjis: 'shift_jis',
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  utf8bom: 'utf-8',
  utf16le: 'utf-16le',
  utf16be: 'utf-16be',
};

/** The canonical name of an encoding; undefined if no readable encoding has this name. */
export function encodingNamed(name: string): string | undefined {
  const known = furtherNames[name.toLowerCase()] ?? name.replace(/^(windows|cp)-?(?=\d)/i, 'windows-');
  for (const label of [known, name]) {
    try {
      return new TextDecoder(label).encoding;
    } catch {
      // The other spelling, or none.
    }
  }
  return undefined;
}

/** Decodes bytes in an encoding returned by `encodingNamed`; bytes that are no character in it become U+FFFD. */
export function decodeAs(bytes: Uint8Array, encoding: string): string {
  // Node 20 and 22 decode windows-1252 as ISO-8859-1 (nodejs/node#56542).
  if (encoding === 'windows-1252') {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    return text.replace(/[\u0080-\u009f]/g, (character) => windows1252[character.charCodeAt(0) - 0x80]);
  }
  return new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes);
}

/** The most likely encoding of bytes; undefined if none is likely enough. */
export function detectEncoding(bytes: Uint8Array): string | undefined {
  const sample = foreignLines(bytes);
  const usual = decodeAs(sample, usualEncoding);
  const proposed = analyse(sample)
    .map(({ name, confidence }) => ({ encoding: supersetOf(name), confidence }))
    .filter(({ encoding }) => encoding !== 'utf-8' && encoding !== 'ascii');
  for (const { encoding, confidence } of proposed) {
    const least = manyBytes.test(encoding) ? leastConfidence.manyBytes : leastConfidence.oneByte;
    if (confidence < least) continue;
    const text = decodeAs(sample, encoding);
    if (looksRight(text)) return text === usual ? usualEncoding : encoding;
  }
  // Perhaps too short for chardet: use the usual encoding if the result looks right.
  if (looksRight(usual)) return usualEncoding;
  const unlikely = proposed.map(({ encoding }) => encoding).filter((encoding) => !manyBytes.test(encoding));
  const others = [...unlikely, ...furtherEncodings].filter(
    (encoding) => oddShare(decodeAs(sample, encoding)) <= largestOddShare.other,
  );
  return others.length === 1 ? others[0] : undefined;
}

/** No language in Latin letters has more accented than plain ones: another script decoded as Latin has. */
function looksRight(text: string): boolean {
  const accented = text.match(/[^\P{Script=Latin}A-Za-z]/gu)?.length ?? 0;
  const plain = text.match(/[A-Za-z]/g)?.length ?? 0;
  return accented <= plain && oddShare(text) <= largestOddShare.proposed;
}

/** Whether bytes are ISO-2022-JP: seven bits, and each escape selects one of its character sets, at least one a large one. */
export function isIso2022Jp(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  // eslint-disable-next-line no-control-regex
  return /\x1b\$[@B]/.test(text) && !/[\x80-\xff]|\x1b(?!\([BIJ]|\$[@B])/.test(text);
}

/** The non-ASCII lines, up to a limit. */
function foreignLines(bytes: Uint8Array): Uint8Array {
  const lines: Uint8Array[] = [];
  let length = 0;
  for (let start = 0; start < bytes.length && length < sampleBytes;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    const line = bytes.subarray(start, Math.min(end, start + sampleBytes));
    if (line.some((byte) => byte > 0x7f)) {
      lines.push(line);
      length += line.length;
    }
    start = end;
  }
  return Buffer.concat(lines);
}

/** WHATWG's name, and the larger one of two encodings that share their letters. */
function supersetOf(name: string): string {
  const supersets: Record<string, string> = { 'iso-8859-8': 'windows-1255', 'iso-8859-8-i': 'windows-1255' };
  const encoding = encodingNamed(name) ?? 'ascii';
  return supersets[encoding] ?? encoding;
}

/**
 * The share of a text's non-ASCII characters that are unlikely where they occur: capitals after small letters, a final
 * sigma within a word, letters of two scripts side by side, signs inside words, unassigned characters.
 */
export function oddShare(text: string): number {
  let odd = 0;
  let all = 0;
  let before = ' ';
  const characters = [...text];
  for (const [i, character] of characters.entries()) {
    if (character > '\x7f') {
      all++;
      if (isOdd(before, character, characters[i + 1] ?? ' ')) odd++;
    }
    before = character;
  }
  return all === 0 ? 0 : odd / all;
}

const scripts = ['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Hebrew', 'Arabic', 'Syriac', 'Thaana', 'Thai'].map(
  (name) => new RegExp(`\\p{Script=${name}}`, 'u'),
);
const scriptOf = (character: string): number => scripts.findIndex((script) => script.test(character));

function isOdd(before: string, character: string, after: string): boolean {
  if (/[\p{Cc}\p{Cn}\p{Co}\ufffd]/u.test(character)) return true;
  const own = scriptOf(character);
  const neighbours = [before, after].filter((neighbour) => /\p{L}/u.test(neighbour));
  if (own >= 0) {
    if (neighbours.some((neighbour) => scriptOf(neighbour) >= 0 && scriptOf(neighbour) !== own)) return true;
    if (character === 'ς' && /\p{L}/u.test(after)) return true; // it only ends words
    return /\p{Lu}/u.test(character) && /\p{Ll}/u.test(before);
  }
  if (/[\u2500-\u259f]/.test(character)) return neighbours.length > 0;
  // Currency signs and marks next to a letter, other signs inside a word.
  const isInside = neighbours.length === 2 && neighbours.every((neighbour) => scriptOf(neighbour) >= 0);
  if (/[\p{Lm}\p{Sk}\p{Sc}]/u.test(character)) return neighbours.length > 0;
  return isInside && /[\p{S}\p{P}\p{N}]/u.test(character) && !/[\p{Pd}’‘…·]/u.test(character);
}
