/** The texts of a run, as the host names them. */
import type { TextSource } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { readProse, type NamedText } from '../corpus/readTextFile';

/** Throws `invalidInput` if there is no source, and for a file that is not regular, cannot be read or is not text. */
export async function readSources(sources: readonly TextSource[]): Promise<NamedText[]> {
  if (sources.length === 0) throw new InklingError('invalidInput', 'No text was given; choose one or more files.');
  const texts: NamedText[] = [];
  for (const { name, path, encoding } of sources) texts.push(await readProse(path, name, { encoding }));
  return texts;
}
