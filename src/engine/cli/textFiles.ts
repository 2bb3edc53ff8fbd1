/** Files of text, as the command line names them. */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../common/errors';
import { decodeText } from '../corpus/decodeText';

/** Reads and decodes a text file. Throws `invalidInput` where there is none, or what is there is not text. */
export async function readTextFile(file: string): Promise<{ name: string; text: string }> {
  const name = path.basename(file);
  return { name, text: decodeText(await readBytes(file), name) };
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const messages: Record<string, string> = {
      ENOENT: `There is no file ${file}. Check the path.`,
      EISDIR: `${file} is a folder. Name the text files in it.`,
      EACCES: `${file} may not be read. Change its permissions.`,
      ERR_FS_FILE_TOO_LARGE: `${file} is over 2 GB. Split it into several files.`,
    };
    throw new InklingError('invalidInput', messages[String(code)] ?? `${file} could not be read (${String(error)}).`, {
      cause: error,
    });
  }
}
