/**
 * The word list of a language, shipped with its base: the most frequent words and how often they are used. The format
 * is that of scripts/base/words.mjs, which makes them.
 */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { foldWord } from '../generation/knownWords';
import { baseLanguages, basesFolder } from './shippedBases';

const decompress = promisify(brotliDecompress);
const firstLetter = 'a'.charCodeAt(0);

/** A word as it is usually written, with a frequency class c: about one word in 2^c to 2^(c+1) is this one. */
export interface ListedWord {
  word: string;
  frequencyClass: number;
}

/** The share of the distinct words of a text that the list of its language contains at least. */
const leastListed = 0.5;

const known = new Map<string, Promise<readonly ListedWord[]>>();

/** The words of a language, in the order of their code units; none if no list is shipped. */
export function readWordList(language: string, folder = basesFolder()): Promise<readonly ListedWord[]> {
  const file = path.join(folder, `${language}.words.br`);
  let list = known.get(file);
  if (!list) {
    list = read(file);
    known.set(file, list);
  }
  return list;
}

/** The list of the language of a text with these words (folded, each once); undefined if none contains half of them. */
export async function listFor(
  words: ReadonlySet<string>,
): Promise<{ language: string; words: readonly ListedWord[] } | undefined> {
  for (const language of baseLanguages()) {
    const list = await readWordList(language);
    const listed = new Set(list.map(({ word }) => foldWord(word)));
    const shared = [...words].filter((word) => listed.has(word)).length;
    if (shared > 0 && shared >= leastListed * words.size) return { language, words: list };
  }
  return undefined;
}

async function read(file: string): Promise<readonly ListedWord[]> {
  let compressed: Buffer;
  try {
    compressed = await fs.readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  let before = '';
  return (await decompress(compressed))
    .toString('utf8')
    .split('\n')
    .map((line) => {
      const shared = line.charCodeAt(0) - firstLetter;
      before = before.slice(0, shared) + line.slice(2);
      return { word: before, frequencyClass: line.charCodeAt(1) - firstLetter };
    });
}
