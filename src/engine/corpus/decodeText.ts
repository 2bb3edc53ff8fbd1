/**
 * Bytes of a file → text with `\n` line ends. UTF-8 with or without a byte order mark, UTF-16 with one; what is neither
 * is read as windows-1252 if it looks like writing, and refused otherwise.
 *
 * Memory: the text is decoded once, into one string; line ends are changed on the bytes (or, for UTF-16, on the
 * string) and only where there are any.
 */
import { isUtf8 } from 'node:buffer';
import { InklingError } from '../../common/errors';

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const replacementCharacter = 0xfffd;

/** A little below V8's longest string, 2²⁹ - 24 code units. */
const maximumBytes = 0x1fff0000;

/** The characters of windows-1252 at 0x80 to 0x9f; its five unassigned bytes stand for the C1 controls. */
const windows1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/**
 * The text of a file's bytes, without its byte order mark, `\r\n` and lone `\r` turned into `\n`.
 * Throws `invalidInput` for what is not text and for files over 512 MB; `name` is the file's name in that message.
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  if (bytes.length > maximumBytes) {
    throw new InklingError('invalidInput', `${name} is larger than 512 MB: split it into several files.`);
  }
  if (startsWith(bytes, 0xff, 0xfe)) return decodeUtf16(bytes.subarray(2), name, 'little');
  if (startsWith(bytes, 0xfe, 0xff)) return decodeUtf16(bytes.subarray(2), name, 'big');
  if (startsWith(bytes, 0xef, 0xbb, 0xbf)) bytes = bytes.subarray(3);
  if (bytes.includes(0)) throw notText(name);
  const buffer = asBuffer(withLineFeeds(bytes));
  if (isUtf8(buffer)) return refuseControls(buffer.toString('utf8'), name);
  const lossy = buffer.toString('utf8');
  return isMostlyUtf8(lossy) ? refuseControls(lossy, name) : decodeWindows1252(buffer, name);
}

function startsWith(bytes: Uint8Array, ...mark: number[]): boolean {
  return mark.every((byte, i) => bytes[i] === byte);
}

/** A view of the same bytes with Node's decoders. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function notText(name: string): InklingError {
  return new InklingError(
    'invalidInput',
    `${name} is not a text file, as far as can be told. Choose a text (.txt, .md, …), or save it as UTF-8 first.`,
  );
}

/** `\r\n` and `\r` → `\n`, in any encoding that keeps ASCII. The same bytes where there is nothing to change. */
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

function decodeUtf16(bytes: Uint8Array, name: string, order: 'little' | 'big'): string {
  if (bytes.length % 2 !== 0) {
    throw new InklingError(
      'invalidInput',
      `${name} begins as UTF-16 but has an odd number of bytes: it was cut short. Save it again, best as UTF-8.`,
    );
  }
  let little = asBuffer(bytes);
  if (order === 'big') little = Buffer.from(bytes).swap16();
  const text = little.toString('utf16le');
  if (text.includes('\0')) throw notText(name);
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  return refuseControls(lines, name);
}

/**
 * Whether a text decoded as UTF-8 with replacement characters was UTF-8 with some damage (a file cut inside a
 * character, a stray byte) and not another encoding, of which hardly two bytes ever make a sound UTF-8 character.
 */
function isMostlyUtf8(lossy: string): boolean {
  let damaged = 0;
  let sound = 0;
  for (let i = 0; i < lossy.length; i++) {
    const code = lossy.charCodeAt(i);
    if (code === replacementCharacter) damaged++;
    else if (code > 0x7f) sound++;
  }
  return sound > damaged;
}

function decodeWindows1252(buffer: Buffer, name: string): string {
  const text = refuseControls(buffer.toString('latin1'), name);
  return text.replace(/[\u0080-\u009f]/g, (character) => windows1252[character.charCodeAt(0) - 0x80]);
}

/** The text itself, unless more than one character in a hundred of its first part is a control: then it is no text. */
function refuseControls(text: string, name: string): string {
  const length = Math.min(text.length, 65536);
  let controls = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    // Tab, line feed, vertical tab, form feed and escape stand in texts.
    if (code < 0x20 && !(code >= 0x09 && code <= 0x0c) && code !== 0x1b) controls++;
  }
  if (controls * 100 > length) throw notText(name);
  return text;
}
