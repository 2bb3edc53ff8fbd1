/** The texts of a run, as the host names them. */
import * as fs from 'node:fs/promises';
import type { TextSource } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { readProse, type NamedText } from '../corpus/readTextFile';

/** Throws `invalidInput` if there is no source, and for a file that is not regular, cannot be read or is not text. */
export async function readSources(sources: readonly TextSource[]): Promise<NamedText[]> {
  if (sources.length === 0) throw new InklingError('invalidInput', 'No text was given; choose one or more files.');
  const texts: NamedText[] = [];
  for (const { name, path, encoding } of sources) {
    // A pipe or a device may never end. Missing files and folders are reported when they are read.
    const stat = await fs.stat(path).catch(() => undefined);
    if (stat && !stat.isFile() && !stat.isDirectory()) {
      throw new InklingError('invalidInput', `${name} is not a regular file. Choose a text file.`);
    }
    texts.push(await readProse(path, name, { encoding }));
  }
  return texts;
}
