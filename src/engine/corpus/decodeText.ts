/**
 * Bytes of a file → text with `\n` line ends. UTF-8 and UTF-16 with or without a byte order mark; other encodings are
 * named by the caller or guessed. Anything uncertain is reported, and data that is not text is rejected.
 *
 * Memory: the text is decoded once, into one string; line ends are changed on the bytes (or, for UTF-16, on the string)
 * and only if there are any.
 */
import { isUtf8 } from 'node:buffer';
import { InklingError } from '../../common/errors';
import { sentence, type Told } from '../../common/l10n';
import { decodeAs, detectEncoding, encodingNamed, isIso2022Jp, oddShare } from './encoding';

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const escape = 0x1b;
const replacementCharacter = 0xfffd;
const byteOrderMark = '\ufeff';

/** A little below V8's longest string, 2²⁹ - 24 code units. */
const maximumBytes = 0x1fff0000;
/** Zeros among fewer bytes than this are no evidence of UTF-16. */
const shortestUnmarkedUtf16 = 16;
/** Bytes are not treated as UTF-8 if more than this share of their non-ASCII characters is damaged. */
const largestDamage = 0.05;

export interface DecodedText {
  text: string;
  /** What users should know, one sentence each: a guessed encoding, bytes that were not text. */
  notices: Told[];
}

export interface DecodeOptions {
  /** The encoding, if known: any name that `encodingNamed` accepts. A byte order mark overrides it. */
  encoding?: string;
  /** Keeps NUL characters, for a caller that rejects the rows containing them. */
  keepNuls?: boolean;
}

/**
 * The text of a file's bytes, without byte order marks, `\r\n` and lone `\r` turned into `\n`. Throws `invalidInput`
 * for data that is not text, for an encoding that can be neither recognised nor guessed, and for files over 512 MB.
 * `name` is the file's name in messages.
 */
export function decodeText(bytes: Uint8Array, name: string, options: DecodeOptions = {}): DecodedText {
  if (bytes.length > maximumBytes) {
    throw new InklingError('invalidInput', sentence('{0} is larger than 512 MB: split it into several files.', name));
  }
  const notices: Told[] = [];
  const read = decodeBytes(bytes, name, options, notices);
  const text = withoutMarks(read, name, notices);
  if (!options.keepNuls) refuseNuls(text, name);
  refuseControls(text, name);
  return { text, notices };
}

function decodeBytes(bytes: Uint8Array, name: string, { encoding }: DecodeOptions, notices: Told[]): string {
  if (startsWith(bytes, 0xff, 0xfe)) return decodeUtf16(bytes.subarray(2), name, 'utf-16le');
  if (startsWith(bytes, 0xfe, 0xff)) return decodeUtf16(bytes.subarray(2), name, 'utf-16be');
  const marked = startsWith(bytes, 0xef, 0xbb, 0xbf);
  const known = marked ? 'utf-8' : encoding === undefined ? undefined : knownEncoding(encoding);
  if (known?.startsWith('utf-16')) return decodeUtf16(bytes, name, known);
  const unmarkedUtf16 = known === undefined && utf16WithoutMark(bytes);
  if (unmarkedUtf16) {
    notices.push(guessNotice(name, unmarkedUtf16));
    return decodeUtf16(bytes, name, unmarkedUtf16);
  }
  const lines = asBuffer(withLineFeeds(marked ? bytes.subarray(3) : bytes));
  if (known !== undefined && known !== 'utf-8') {
    const text = decodeAs(lines, known);
    noteReplaced(text, countCharacter(text, replacementCharacter), known, name, notices);
    return text;
  }
  if (isUtf8(lines)) {
    if (known !== undefined || !isIso2022Jp(lines)) return lines.toString('utf8');
    notices.push(guessNotice(name, 'iso-2022-jp'));
    return decodeAs(lines, 'iso-2022-jp');
  }
  return decodeForeign(lines, name, known === 'utf-8', notices);
}

/**
 * Decodes bytes that are not valid UTF-8: as damaged UTF-8 if that is given or likely, otherwise in another encoding.
 */
function decodeForeign(bytes: Buffer, name: string, isKnownUtf8: boolean, notices: Told[]): string {
  const lossy = bytes.toString('utf8');
  const { sound, damaged } = countUtf8(lossy, bytes);
  if (isKnownUtf8 || damaged <= Math.max(largestDamage * sound, Math.min(3, sound - 1))) {
    noteReplaced(lossy, damaged, 'UTF-8', name, notices);
    return lossy;
  }
  refuseControls(bytes.toString('latin1'), name);
  const encoding = detectEncoding(bytes);
  const isMixed = isUtf8InPart(lossy);
  if (encoding === undefined || isMixed) {
    const line = lineOf(lossy, lossy.indexOf('\ufffd'));
    throw new InklingError(
      'invalidInput',
      isMixed
        ? sentence(
            '{0} is only partly in UTF-8: line {1} is in another encoding. Save it as UTF-8, or name its encoding: --encoding on the command line, files.encoding in VS Code.',
            name,
            String(line),
          )
        : sentence(
            '{0} is in an encoding that cannot be recognised. Save it as UTF-8, or name its encoding: --encoding on the command line, files.encoding in VS Code.',
            name,
          ),
    );
  }
  notices.push(guessNotice(name, encoding));
  const text = decodeAs(bytes, encoding);
  noteReplaced(text, countCharacter(text, replacementCharacter), encoding, name, notices);
  return text;
}

/**
 * Whether some lines of a damaged text are valid non-ASCII UTF-8 and look like written language. In another encoding,
 * two bytes may form a UTF-8 character by chance, but hardly ever one that fits the letters next to it.
 */
function isUtf8InPart(lossy: string): boolean {
  // eslint-disable-next-line no-control-regex
  const lines = lossy.split('\n').filter((line) => /[^\x00-\x7f]/.test(line));
  const sound = lines.filter((line) => !line.includes('\ufffd'));
  return sound.length > 0 && sound.length * 20 >= lines.length && oddShare(sound.join('\n')) === 0;
}

function knownEncoding(name: string): string {
  const encoding = encodingNamed(name);
  if (encoding !== undefined) return encoding;
  throw new InklingError(
    'invalidInput',
    sentence(
      'The encoding "{0}" is not supported: name one such as utf-8, windows-1252, iso-8859-2, shift_jis or gbk, or save the text as UTF-8.',
      name,
    ),
  );
}

function guessNotice(name: string, encoding: string): Told {
  return sentence(
    '{0} was read as {1}, as its bytes suggest. If that is wrong, name its encoding: --encoding on the command line, files.encoding in VS Code.',
    name,
    encoding,
  );
}

function noteReplaced(text: string, replaced: number, encoding: string, name: string, notices: Told[]): void {
  if (replaced === 0) return;
  const line = lineOf(text, text.indexOf('\ufffd'));
  notices.push(
    replaced === 1
      ? sentence(
          '{0} has 1 place in line {1} that is not {2}; "{3}" takes its place.',
          name,
          String(line),
          encoding,
          '\ufffd',
        )
      : sentence(
          '{0} has {1} places, the first in line {2}, that are not {3}; "{4}" takes their place.',
          name,
          String(replaced),
          String(line),
          encoding,
          '\ufffd',
        ),
  );
}

function startsWith(bytes: Uint8Array, ...mark: number[]): boolean {
  return mark.every((byte, i) => bytes[i] === byte);
}

/** The same bytes as a Node buffer, for its decoders. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function notText(name: string): InklingError {
  return new InklingError(
    'invalidInput',
    sentence('{0} does not look like a text file. Choose a text (.txt, .md, …), or save it as UTF-8 first.', name),
  );
}

/** `\r\n` and `\r` → `\n`, in any ASCII-compatible encoding. Returns the same bytes if there is nothing to change. */
function withLineFeeds(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(carriageReturn)) return bytes;
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== carriageReturn) out[length++] = bytes[i];
    else if (bytes[i + 1] !== lineFeed) out[length++] = lineFeed;
  }
  return out.subarray(0, length);
}

function decodeUtf16(bytes: Uint8Array, name: string, encoding: string): string {
  if (bytes.length % 2 !== 0) {
    throw new InklingError(
      'invalidInput',
      `${name} begins as UTF-16 but has an odd number of bytes: it is truncated. Save it again, preferably as UTF-8.`,
    );
  }
  const little = encoding === 'utf-16be' ? Buffer.from(bytes).swap16() : asBuffer(bytes);
  const text = little.toString('utf16le');
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/**
 * The byte order of UTF-16 without a mark: its zero bytes (at least those of spaces and line ends) are all at even or
 * all at odd positions, and it is not a single-byte text with a stray NUL.
 */
function utf16WithoutMark(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const length = Math.min(bytes.length, 65536) & ~1;
  if (bytes.length < shortestUnmarkedUtf16 || bytes.length % 2 !== 0) return undefined;
  const zeros = [0, 0];
  let controls = 0;
  for (let i = 0; i < length; i++) {
    if (bytes[i] === 0) zeros[i & 1]++;
    else if (isControl(bytes[i])) controls++;
  }
  const [even, odd] = zeros;
  if (even + odd === 0 || (even > 0 && odd > 0)) return undefined;
  // Not cut inside a character.
  let end = length;
  while (end > 0 && bytes[end - 1] > 0x7f) end--;
  const isText = controls * 100 <= length && isUtf8(bytes.subarray(0, end));
  if (isText && (even + odd) * 10 < length) return undefined;
  return odd > 0 ? 'utf-16le' : 'utf-16be';
}

function countUtf8(lossy: string, bytes: Buffer): { sound: number; damaged: number } {
  let damaged = 0;
  let sound = 0;
  for (let i = 0; i < lossy.length; i++) {
    const code = lossy.charCodeAt(i);
    if (code === replacementCharacter) damaged++;
    else if (code > 0x7f) sound++;
  }
  // The file itself may contain some of them.
  const genuine = Buffer.from('\ufffd');
  for (let at = bytes.indexOf(genuine); at >= 0; at = bytes.indexOf(genuine, at + genuine.length)) damaged--;
  return { sound, damaged };
}

function countCharacter(text: string, wanted: number): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) === wanted) count++;
  return count;
}

/** 1-based. */
function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Marks inside a text are left over from joining files. */
function withoutMarks(text: string, name: string, notices: Told[]): string {
  if (!text.includes(byteOrderMark)) return text;
  const parts = text.split(byteOrderMark);
  const marks = parts.length - 1;
  notices.push(
    marks === 1
      ? sentence('{0}: 1 byte order mark inside the text left out.', name)
      : sentence('{0}: {1} byte order marks inside the text left out.', name, String(marks)),
  );
  return parts.join('');
}

function refuseNuls(text: string, name: string): void {
  const first = text.indexOf('\0');
  if (first < 0) return;
  throw new InklingError(
    'invalidInput',
    sentence(
      '{0} does not look like a text file: there is a NUL at byte {1} (line {2}). Choose a text (.txt, .md, …), or save it as UTF-8 first.',
      name,
      String(Buffer.byteLength(text.slice(0, first))),
      String(lineOf(text, first)),
    ),
  );
}

/** Tab, line feed, vertical tab, form feed and escape occur in texts; NUL is checked elsewhere. */
function isControl(code: number): boolean {
  return code < 0x20 && code !== 0 && !(code >= 0x09 && code <= 0x0c) && code !== escape;
}

/** Data is not text if more than one in a hundred characters of its first part is a control character. */
function refuseControls(text: string, name: string): void {
  const length = Math.min(text.length, 65536);
  let controls = 0;
  for (let i = 0; i < length; i++) if (isControl(text.charCodeAt(i))) controls++;
  if (controls * 100 > length) throw notText(name);
}
