/** The text of a file. */
import * as fs from 'node:fs/promises';
import { InklingError } from '../../common/errors';
import { sentence, type Sentence, type Told } from '../../common/l10n';
import { decodeText, type DecodedText, type DecodeOptions } from './decodeText';
import { examinedBytes, formatNotices, refuseFormats } from './textFormat';

/** A text and its name in messages and in the provenance of a model. */
export interface NamedText {
  name: string;
  text: string;
  /** What users should know about how it was read, one sentence each. */
  notices?: Told[];
}

/**
 * Reads and decodes a text file. Throws `invalidInput` if it cannot be read or is not text. `name` is the file's name
 * in that message.
 */
export async function readTextFile(file: string, name = file, options?: DecodeOptions): Promise<DecodedText> {
  return decodeText(await readBytes(file, name), name, options);
}

/** A text to learn from: also rejects formats that are not prose. Throws like `readTextFile`. */
export async function readProse(file: string, name: string, options?: DecodeOptions): Promise<NamedText> {
  const bytes = await readBytes(file, name);
  // Checked before decoding: naming the format says more than that its bytes are not text.
  refuseFormats(Buffer.from(bytes.subarray(0, examinedBytes)).toString('latin1'), name);
  const { text, notices } = decodeText(bytes, name, options);
  return { name, text, notices: [...notices, ...formatNotices(text, name)] };
}

/** Paths of this process's own open files: its input, or what a shell puts in the place of `<(command)`. */
const ownFile = /^\/(dev\/(stdin$|fd\/)|proc\/self\/fd\/)/;

/**
 * Throws `invalidInput` for pipes and devices, which may never begin or never end; a process that waits for one cannot
 * even be interrupted. A missing file or a folder is reported by the reading itself.
 */
export async function checkRegular(file: string, name: string): Promise<void> {
  const stat = await fs.stat(file).catch(() => undefined);
  if (!stat || stat.isFile() || stat.isDirectory() || ownFile.test(file)) return;
  throw new InklingError('invalidInput', sentence('{0} is not a regular file. Choose another file.', name));
}

/** The bytes of a file that the user named. Throws `invalidInput` if it cannot be read. */
export async function readBytes(file: string, name: string): Promise<Uint8Array> {
  await checkRegular(file, name);
  try {
    return await fs.readFile(file);
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** Why a file that the user named cannot be read, and what to do about it. */
export function unreadable(name: string, error: unknown): InklingError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const messages: Record<string, Sentence> = {
    ENOENT: sentence('There is no file {0}. Check the path.', name),
    EISDIR: sentence('{0} is a folder. Name the text files in it.', name),
    EACCES: sentence('{0} cannot be read. Change its permissions.', name),
    ERR_FS_FILE_TOO_LARGE: sentence('{0} is over 2 GB. Split it into several files.', name),
  };
  return new InklingError(
    'invalidInput',
    messages[code] ?? sentence('{0} could not be read ({1}).', name, String(error)),
    {
      cause: error,
    },
  );
}
