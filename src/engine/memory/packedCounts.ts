/**
 * How often each symbol followed each context: packed counts that no longer change. Contexts are hashes (`contexts.ts`)
 * in ascending order; each has a range of entries, with a symbol and its count in one number. Only the highest bits of
 * a hash are kept, as many as a text of this length needs to tell its contexts apart (`bitsFor`): fewer bits make a
 * smaller file.
 */
export class PackedCounts {
  /** The first context of each range of hashes with the same highest bits. */
  private readonly buckets: Uint32Array;
  private readonly shift: number;

  /**
   * @param bits the number of highest bits kept of each hash
   * @param contexts these bits, ascending
   * @param starts index of each context's first entry, and the number of entries at the end: [contexts + 1]
   * @param entries symbol · 2^16 + count, by symbol within a context
   */
  constructor(
    readonly bits: number,
    readonly contexts: Uint32Array,
    readonly starts: Uint32Array,
    readonly entries: Uint32Array,
  ) {
    const bucketBits = Math.min(bits, Math.max(1, Math.floor(Math.log2(contexts.length + 1))));
    this.shift = bits - bucketBits;
    this.buckets = new Uint32Array(2 ** bucketBits + 1);
    let bucket = 0;
    for (let context = 0; context < contexts.length; context++) {
      const own = contexts[context] >>> this.shift;
      while (bucket <= own) this.buckets[bucket++] = context;
    }
    this.buckets.fill(contexts.length, bucket);
  }

  /**
   * The number of the context, -1 if nothing ever followed it. Its entries run from `starts[number]` up to but not
   * including `starts[number + 1]`.
   */
  find(hash: number): number {
    const wanted = hash >>> (32 - this.bits);
    const bucket = wanted >>> this.shift;
    const end = this.buckets[bucket + 1];
    for (let context = this.buckets[bucket]; context < end; context++) {
      if (this.contexts[context] === wanted) return context;
    }
    return -1;
  }

  /** How often `symbol` followed the context. */
  count(hash: number, symbol: number): number {
    const context = this.find(hash);
    if (context < 0) return 0;
    for (let entry = this.starts[context]; entry < this.starts[context + 1]; entry++) {
      if (this.entries[entry] >>> 16 === symbol) return this.entries[entry] & maximumCount;
    }
    return 0;
  }
}

/**
 * The number of bits for the hashes of a text's contexts, such that one unknown context in a thousand is mistaken for a
 * known one.
 */
export function bitsFor(tokens: number): number {
  return Math.min(32, Math.ceil(Math.log2(tokens + 2)) + 10);
}

/** Higher counts are capped at this value. */
export const maximumCount = 0xffff;
