/**
 * The memory as tensors of a model file. `memory.exponents` and `memory.weights` are the tables of the mixture
 * (`mixture.ts`); `memory.letters.k` and `memory.words.k` hold the counts of the contexts of order k as bytes:
 *
 *   each context, by ascending hash: 2 · (hash - previous hash) + 1, token                if one token occurred once
 *                                    2 · (hash - previous hash), n, n × (token, count)    otherwise
 *
 * n is the number of distinct tokens. Every number is in base 128, the lowest digits first, with 128 added to each digit
 * but the last; a hash is only its highest bits, as many as the metadata say (`packedCounts.ts`). The file does not
 * contain the contexts themselves, but anyone who guesses one can see what followed it.
 */
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import { object, text, whole } from '../../common/schema';
import { areFinite, floatTensor, type StoredLanguageModel } from '../model/modelFile';
import { parsePart } from '../model/modelMetadata';
import type { TensorValues } from '../model/safetensors';
import { letterOrders, wordOrders } from './contexts';
import { tableNumbers } from './mixture';
import type { ModelMemory } from './modelMemory';
import { maximumCount, PackedCounts } from './packedCounts';

/** The part of the metadata about a memory. */
interface MemoryPart {
  /** An explanation for people who open the file. */
  about: string;
  letterOrders: number;
  wordOrders: number;
  /** The number of bits of a context's hash. */
  hashBits: number;
  /** The number of tokens from which the tables of the mixture have learned. */
  learned: number;
}

const memoryPart = object<MemoryPart>({
  about: text,
  letterOrders: whole(),
  wordOrders: whole(),
  hashBits: whole(),
  learned: whole(),
});

const about =
  'Counts of what followed what in the training text, mixed with the network (Inkling, src/engine/memory/memoryFile.ts). ' +
  'The other tensors are a whole model without them.';

/** What a model file stores of a memory: a part of the metadata, and tensors. */
export function storeMemory(memory: ModelMemory): { memory: MemoryPart; tensors: Record<string, TensorValues> } {
  const { base, tables } = memory;
  const tensors: Record<string, TensorValues> = {
    'memory.exponents': tables.exponents,
    'memory.weights': tables.weights,
  };
  base.letters.forEach((counts, order) => (tensors[`memory.letters.${order}`] = encodeCounts(counts)));
  base.words.forEach((counts, order) => (tensors[`memory.words.${order}`] = encodeCounts(counts)));
  const { bits: hashBits } = base.letters[0];
  return { memory: { about, letterOrders, wordOrders: base.words.length, hashBits, learned: tables.learned }, tensors };
}

/**
 * The memory of a stored model; undefined if it has none. Throws `corruptModel`, or `incompatibleModel` if its orders
 * differ.
 */
export function memoryOf(model: StoredLanguageModel): ModelMemory | undefined {
  if (model.memory === undefined) return undefined;
  const part = parsePart(model, 'memory', memoryPart, model.memory);
  const words = model.vocabulary.unit === 'character' ? wordOrders : 0;
  if (part.letterOrders !== letterOrders || part.wordOrders !== words) {
    throw new InklingError(
      'incompatibleModel',
      sentence(
        'The memory of "{0}" was made by another version of Inkling. Train the model again, or use that version.',
        model.title,
      ),
    );
  }
  const damaged = (): InklingError =>
    new InklingError(
      'corruptModel',
      sentence('The memory of "{0}" is damaged. Use a backup of it, or train again.', model.title),
    );
  if (!(part.hashBits >= 1 && part.hashBits <= 32)) throw damaged();
  const table = (name: string): Float32Array => {
    const values = floatTensor(model, name);
    if (values?.length !== tableNumbers || !areFinite(values)) throw damaged();
    return values;
  };
  const counts = (name: string): PackedCounts => {
    const bytes = model.extraTensors?.[name];
    const decoded = bytes instanceof Uint8Array ? decodeCounts(bytes, part.hashBits, model.vocabulary.size) : undefined;
    if (!decoded) throw damaged();
    return decoded;
  };
  return {
    base: {
      letters: Array.from({ length: letterOrders + 1 }, (_, order) => counts(`memory.letters.${order}`)),
      words: Array.from({ length: words }, (_, order) => counts(`memory.words.${order}`)),
    },
    tables: {
      exponents: table('memory.exponents'),
      weights: table('memory.weights'),
      learned: part.learned,
    },
  };
}

function encodeCounts({ contexts, starts, entries }: PackedCounts): Uint8Array {
  let bytes = new Uint8Array(1024 + 4 * contexts.length + 2 * entries.length);
  let at = 0;
  const write = (number: number): void => {
    if (at + 8 > bytes.length) {
      const longer = new Uint8Array(2 * bytes.length);
      longer.set(bytes);
      bytes = longer;
    }
    for (; number >= 128; number = Math.floor(number / 128)) bytes[at++] = 128 + (number % 128);
    bytes[at++] = number;
  };
  let previous = 0;
  for (let context = 0; context < contexts.length; context++) {
    const [first, end] = [starts[context], starts[context + 1]];
    const gap = contexts[context] - previous;
    previous = contexts[context];
    const isSingle = end - first === 1 && (entries[first] & maximumCount) === 1;
    write(2 * gap + (isSingle ? 1 : 0));
    if (!isSingle) write(end - first);
    for (let entry = first; entry < end; entry++) {
      write(entries[entry] >>> 16);
      if (!isSingle) write(entries[entry] & maximumCount);
    }
  }
  return bytes.slice(0, at);
}

/** Undefined for bytes that `encodeCounts` cannot have written. */
function decodeCounts(bytes: Uint8Array, bits: number, classes: number): PackedCounts | undefined {
  // A context takes at least two bytes, and so does an entry.
  const contexts = new Uint32Array(Math.floor(bytes.length / 2));
  const starts = new Uint32Array(contexts.length + 1);
  const entries = new Uint32Array(contexts.length);
  let contextCount = 0;
  let entryCount = 0;
  let at = 0;
  const read = (): number => {
    let number = 0;
    for (let unit = 1; ; unit *= 128) {
      const digit = bytes[at++] ?? NaN;
      number += unit * (digit % 128);
      if (!(digit >= 128)) return number;
    }
  };
  let hash = 0;
  while (at < bytes.length) {
    const head = read();
    const isSingle = head % 2 === 1;
    const gap = (head - (isSingle ? 1 : 0)) / 2;
    hash += gap;
    const kinds = isSingle ? 1 : read();
    if (!(hash < 2 ** bits && (gap > 0 || contextCount === 0) && kinds >= 1 && kinds <= classes)) return undefined;
    let last = -1;
    for (let kind = 0; kind < kinds; kind++) {
      const symbol = read();
      const count = isSingle ? 1 : read();
      if (!(symbol > last && symbol < classes && count >= 1 && count <= maximumCount)) return undefined;
      entries[entryCount++] = symbol * 0x10000 + count;
      last = symbol;
    }
    contexts[contextCount++] = hash;
    starts[contextCount] = entryCount;
  }
  return new PackedCounts(
    bits,
    contexts.slice(0, contextCount),
    starts.slice(0, contextCount + 1),
    entries.slice(0, entryCount),
  );
}
