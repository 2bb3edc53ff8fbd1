/** The text of a file. */
import * as fs from 'node:fs/promises';
import { InklingError } from '../../common/errors';
import { decodeText } from './decodeText';

/** A text, and what it is called in messages and in the provenance of a model. */
export interface NamedText {
  name: string;
  text: string;
}

/**
 * Reads and decodes a text file. Throws `invalidInput` where it cannot be read or is not text; `name` is what the file
 * is called in that message.
 */
export async function readTextFile(file: string, name = file): Promise<string> {
  return decodeText(await readBytes(file, name), name);
}

async function readBytes(file: string, name: string): Promise<Uint8Array> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const messages: Record<string, string> = {
      ENOENT: `There is no file ${name}. Check the path.`,
      EISDIR: `${name} is a folder. Name the text files in it.`,
      EACCES: `${name} may not be read. Change its permissions.`,
      ERR_FS_FILE_TOO_LARGE: `${name} is over 2 GB. Split it into several files.`,
    };
    throw new InklingError('invalidInput', messages[String(code)] ?? `${name} could not be read (${String(error)}).`, {
      cause: error,
    });
  }
}
