/** Texts as the host names them: as they stand in an editor, or files that the engine reads. */
import * as fs from 'node:fs/promises';
import type { TextSource } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { decodeText } from '../corpus/decodeText';

export interface NamedText {
  name: string;
  text: string;
}

/** Throws `invalidInput` for no source at all and for a file that cannot be read or is no text. */
export async function readSources(sources: readonly TextSource[]): Promise<NamedText[]> {
  if (sources.length === 0) throw new InklingError('invalidInput', 'No text was given; choose one or more files.');
  const texts: NamedText[] = [];
  for (const source of sources) {
    texts.push({ name: source.name, text: 'text' in source ? source.text : await readText(source.path, source.name) });
  }
  return texts;
}

async function readText(path: string, name: string): Promise<string> {
  const bytes = await fs.readFile(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'it is not there any more' : error.message;
    throw new InklingError('invalidInput', `"${name}" cannot be read (${why}); choose another file.`, { cause: error });
  });
  return decodeText(bytes, name);
}
