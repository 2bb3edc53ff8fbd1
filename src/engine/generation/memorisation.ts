/**
 * "Is it copying my text?" Finds the stretches of a sample that stand in the training text, and the share of its
 * 8-grams that do not.
 *
 * Every block of `blockLength` characters that begins at a multiple of `blockStride` is entered in a hash table. A copied
 * run of blockLength + blockStride - 1 = 30 characters or more holds at least one such block whole, so a window rolled
 * over the sample (Rabin and Karp 1987) meets it; comparing characters then finds the ends of the run. 8-grams go into a
 * filter (Bloom 1970) that takes one of 400 for known that is not. Together 3 to 5 bytes a character beside the text.
 */
import type { CopyReport } from '../../common/engineProtocol';

export interface IndexedText {
  name: string;
  /** Normalised as the model's training text. */
  text: string;
}

type Run = CopyReport['runs'][number];

/** A run of fewer characters than this says nothing. */
export const shortestRun = 30;
const blockLength = 16;
const blockStride = shortestRun - blockLength + 1;
/** A line of dashes may stand in a text a million times: so many entries are made of it and looked at. */
const maximumProbes = 64;

const gramLength = 8;
const bloomHashes = 4;
const bloomBitsPerGram = 16;
const maximumBloomBits = 2 ** 28;

/** Multiplier of the polynomial hash, modulo 2³². */
const base = 0x01000193;

export class CopyIndex {
  /** Open addressing: 1 + number of the block, 0 = free. */
  private readonly table: Uint32Array;
  private readonly mask: number;
  /** Which text a block belongs to: number of the first block of each text. */
  private readonly firstBlock: number[] = [];
  private readonly bloom: Uint32Array;
  private readonly bloomMask: number;

  constructor(private readonly texts: readonly IndexedText[]) {
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

  /** Runs of `shortestRun` or more characters of the sample that stand in a training text, in order, the longer one where
   *  two overlap; and the share of its 8-grams that stand in none. */
  report(sample: string): CopyReport {
    return { runs: this.runs(sample), novelShare: this.novelShare(sample) };
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
      // A run may stand in the text a second time, and go further there.
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
      // The run that is known already.
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

  /** Where a hash may stand in the table, in order. */
  private *slots(hash: number): Generator<number> {
    const first = mix(hash);
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
    return (mix(hash) + Math.imul(i, mix(hash ^ 0x5bd1e995) | 1)) & this.bloomMask;
  }
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

/** The hash of every stretch of `length` UTF-16 units, each from the one before in constant time. */
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

/** Spreads a hash over all bits ("lowbias32", Ellis 2018). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}
