/**
 * Whether a model copies its training text: finds the passages of a sample that occur there, and the share of its
 * 8-grams that do not.
 *
 * Every block of `blockLength` characters that begins at a multiple of `blockStride` is entered in a hash table. A
 * copied run of blockLength + blockStride - 1 = 30 characters or more contains at least one such block, so a window
 * rolled over the sample (Rabin and Karp 1987) finds it; comparing characters then gives the ends of the run. 8-grams
 * are stored in a Bloom filter (1970) with a false positive rate of 1 in 400. Both together take 3 to 5 bytes per
 * character in addition to the text.
 *
 * If lines are examples (names), runs of 30 characters are meaningless: there, whole lines are looked up. The share of
 * words that also occur in the text shows how much of a sample is spelt correctly.
 */
import type { CopyReport } from '../../common/engineProtocol';
import { normaliseText } from '../corpus/normaliseText';
import { foldWord, KnownWords, wordsIn } from './knownWords';
import type { ModelText } from './languageModel';
import { spreadBits } from '../spreadBits';

export interface IndexedText {
  name: string;
  /** Normalised like the model's training text. */
  text: string;
}

type Run = CopyReport['runs'][number];

/** Runs of fewer characters are not reported. */
export const shortestRun = 30;
const blockLength = 16;
const blockStride = shortestRun - blockLength + 1;
/** A line of dashes may occur a million times in a text: at most this many entries are made for it and examined. */
const maximumProbes = 64;

const gramLength = 8;
const bloomHashes = 4;
const bloomBitsPerGram = 16;
const maximumBloomBits = 2 ** 28;

/** Multiplier of the polynomial hash, modulo 2³². */
const base = 0x01000193;

export class CopyIndex {
  /** Open addressing: 1 + the number of the block; 0 if free. */
  private readonly table: Uint32Array;
  private readonly mask: number;
  /** The number of the first block of each text. */
  private readonly firstBlock: number[] = [];
  private readonly bloom: Uint32Array;
  private readonly bloomMask: number;

  private readonly words = new Set<string>();
  private folded: KnownWords | undefined;
  /** The first occurrence of each line; undefined if lines are not examples. */
  private readonly lines: Map<string, { source: string; offset: number }> | undefined;

  /** `ofLines`: every line of the texts is an example, and samples are compared with them line by line. */
  constructor(
    private readonly texts: readonly IndexedText[],
    { ofLines = false }: { ofLines?: boolean } = {},
  ) {
    if (ofLines) this.lines = linesOf(texts);
    for (const { text } of texts) for (const [word] of text.toLowerCase().matchAll(wordPattern)) this.words.add(word);
    let blocks = 0;
    let characters = 0;
    for (const { text } of texts) {
      this.firstBlock.push(blocks);
      blocks += blocksIn(text);
      characters += text.length;
    }
    const slots = powerOfTwo(Math.max(16, 2 * blocks));
    this.table = new Uint32Array(slots);
    this.mask = slots - 1;
    const bits = Math.min(maximumBloomBits, powerOfTwo(Math.max(1024, bloomBitsPerGram * characters)));
    this.bloom = new Uint32Array(bits / 32);
    this.bloomMask = bits - 1;
    texts.forEach(({ text }, t) => {
      for (let block = 0; block < blocksIn(text); block++) {
        this.enter(hashOf(text, block * blockStride), this.firstBlock[t] + block);
      }
      for (const hash of rollingHashes(text, gramLength)) this.addGram(hash);
    });
  }

  /** The words of the texts, folded. */
  get knownWords(): KnownWords {
    return (this.folded ??= new KnownWords([...this.words].flatMap((word) => [...wordsIn(word)])));
  }

  /**
   * The runs of `shortestRun` or more characters of the sample that occur in a training text, in order (the longer one
   * where two overlap), or, if lines are examples, its lines that do; the share of its 8-grams that occur in none; and
   * the share of its words that occur in one, or in `others`.
   */
  report(sample: string, others: readonly KnownWords[] = []): CopyReport {
    const realWordShare = this.realWordShare(sample, others);
    return {
      runs: this.lines ? this.copiedLines(sample, this.lines) : this.runs(sample),
      novelShare: this.novelShare(sample),
      ...(realWordShare !== undefined && { realWordShare }),
    };
  }

  private copiedLines(sample: string, lines: NonNullable<typeof this.lines>): Run[] {
    let start = 0;
    return sample.split('\n').flatMap((line) => {
      const place = lines.get(line.trim());
      const run = { start, end: start + line.length, source: place?.source ?? '', sourceOffset: place?.offset ?? 0 };
      start = run.end + 1;
      return place ? [run] : [];
    });
  }

  /** Without the words at both ends, which may be incomplete: the sample continues a prompt and was cut off. */
  private realWordShare(sample: string, others: readonly KnownWords[]): number | undefined {
    const words = [...sample.toLowerCase().matchAll(wordPattern)].filter(
      ({ 0: word, index }) => this.lines || (index > 0 && index + word.length < sample.length),
    );
    const real = words.filter(([word]) => this.words.has(word) || others.some((set) => set.has(foldWord(word))));
    return words.length === 0 ? undefined : real.length / words.length;
  }

  private runs(sample: string): Run[] {
    const runs: Run[] = [];
    let best: Run | undefined;
    let at = 0;
    for (const hash of rollingHashes(sample, blockLength)) {
      if (best && at >= best.end) {
        runs.push(best);
        best = undefined;
      }
      const from = runs.at(-1)?.end ?? 0;
      // A run may occur a second time in the text and be longer there.
      if (at >= from) best = this.longerRun(sample, at, hash, from, best);
      at++;
    }
    return best ? [...runs, best] : runs;
  }

  /** The longest copied run through the window at `at` that begins at `from` or later, or `best` if none is longer. */
  private longerRun(sample: string, at: number, hash: number, from: number, best?: Run): Run | undefined {
    const window = sample.slice(at, at + blockLength);
    for (const slot of this.slots(hash)) {
      if (this.table[slot] === 0) break;
      const { name, text, offset } = this.place(this.table[slot] - 1);
      // The run that is already known.
      if (best && best.source === name && best.sourceOffset - best.start === offset - at) continue;
      if (!text.startsWith(window, offset)) continue;
      let start = at;
      let end = at + blockLength;
      while (start > from && offset - (at - start) > 0 && sample[start - 1] === text[offset - (at - start) - 1])
        start--;
      while (end < sample.length && offset + end - at < text.length && sample[end] === text[offset + end - at]) end++;
      if (end - start >= (best ? best.end - best.start + 1 : shortestRun)) {
        best = { start, end, source: name, sourceOffset: offset - (at - start) };
      }
    }
    return best;
  }

  private novelShare(sample: string): number | undefined {
    let grams = 0;
    let novel = 0;
    for (const hash of rollingHashes(sample, gramLength)) {
      grams++;
      if (!this.hasGram(hash)) novel++;
    }
    return grams === 0 ? undefined : novel / grams;
  }

  private place(block: number): IndexedText & { offset: number } {
    let t = this.firstBlock.length - 1;
    while (this.firstBlock[t] > block) t--;
    return { ...this.texts[t], offset: (block - this.firstBlock[t]) * blockStride };
  }

  private enter(hash: number, block: number): void {
    for (const slot of this.slots(hash)) {
      if (this.table[slot] !== 0) continue;
      this.table[slot] = block + 1;
      return;
    }
  }

  /** The possible slots of a hash in the table, in order. */
  private *slots(hash: number): Generator<number> {
    const first = spreadBits(hash);
    for (let i = 0; i < maximumProbes; i++) yield (first + i) & this.mask;
  }

  private addGram(hash: number): void {
    for (let i = 0; i < bloomHashes; i++) {
      const bit = this.bloomBit(hash, i);
      this.bloom[bit >>> 5] |= 1 << (bit & 31);
    }
  }

  private hasGram(hash: number): boolean {
    for (let i = 0; i < bloomHashes; i++) {
      const bit = this.bloomBit(hash, i);
      if ((this.bloom[bit >>> 5] & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  /** The i-th hash made of two (Kirsch and Mitzenmacher 2006). */
  private bloomBit(hash: number, i: number): number {
    return (spreadBits(hash) + Math.imul(i, spreadBits(hash ^ 0x5bd1e995) | 1)) & this.bloomMask;
  }
}

/** The index of the training texts of a model. */
export function copyIndexOf(texts: readonly IndexedText[], { vocabulary, config }: ModelText): CopyIndex {
  const asTrained = (text: string): string => {
    const normal = normaliseText(text, config.text);
    return vocabulary.unit === 'word' ? vocabulary.decode(vocabulary.encode(normal)) : normal;
  };
  const ofLines = config.text.examples === 'lines';
  return new CopyIndex(
    texts.map(({ name, text }) => ({ name, text: asTrained(text) })),
    { ofLines },
  );
}

const wordPattern = /[\p{L}\p{M}\p{N}'’]+/gu;

function linesOf(texts: readonly IndexedText[]): Map<string, { source: string; offset: number }> {
  const lines = new Map<string, { source: string; offset: number }>();
  for (const { name, text } of texts) {
    let offset = 0;
    for (const line of text.split('\n')) {
      const trimmed = line.trim();
      if (trimmed !== '' && !lines.has(trimmed)) lines.set(trimmed, { source: name, offset });
      offset += line.length + 1;
    }
  }
  return lines;
}

function blocksIn(text: string): number {
  return text.length < blockLength ? 0 : Math.floor((text.length - blockLength) / blockStride) + 1;
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

/** Hash of the block of `blockLength` UTF-16 units at `at`, as `rollingHashes` gives it. */
function hashOf(text: string, at: number): number {
  let hash = 0;
  for (let i = 0; i < blockLength; i++) hash = (Math.imul(hash, base) + text.charCodeAt(at + i)) | 0;
  return hash;
}

/** The hash of every span of `length` UTF-16 units, each computed from the previous one in constant time. */
function* rollingHashes(text: string, length: number): Generator<number> {
  let highest = 1;
  for (let i = 1; i < length; i++) highest = Math.imul(highest, base);
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    if (i >= length) hash = (hash - Math.imul(highest, text.charCodeAt(i - length))) | 0;
    hash = (Math.imul(hash, base) + text.charCodeAt(i)) | 0;
    if (i >= length - 1) yield hash;
  }
}
