/**
 * How often each symbol followed each context: counts that no longer change, packed. Contexts are hashes
 * (`contexts.ts`), ascending; each owns a stretch of entries, a symbol and its count in one number.
 */
export class PackedCounts {
  /** The first context of each stretch of hashes with the same highest bits. */
  private readonly buckets: Uint32Array;
  private readonly shift: number;

  /**
   * @param contexts hashes, ascending
   * @param starts index of each context's first entry, and the number of entries at the end: [contexts + 1]
   * @param entries symbol · 2^16 + count, by symbol within a context
   */
  constructor(
    readonly contexts: Uint32Array,
    readonly starts: Uint32Array,
    readonly entries: Uint32Array,
  ) {
    const bits = Math.max(1, Math.floor(Math.log2(contexts.length + 1)));
    this.shift = 32 - bits;
    this.buckets = new Uint32Array(2 ** bits + 1);
    let bucket = 0;
    for (let context = 0; context < contexts.length; context++) {
      const own = contexts[context] >>> this.shift;
      while (bucket <= own) this.buckets[bucket++] = context;
    }
    this.buckets.fill(contexts.length, bucket);
  }

  static readonly none = new PackedCounts(new Uint32Array(0), new Uint32Array(1), new Uint32Array(0));

  /** Number of the context, -1 where nothing ever followed it: its entries are those from `starts[number]` up to, not
   *  including, `starts[number + 1]`. */
  find(hash: number): number {
    const wanted = hash >>> 0;
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

/** What was seen more often is counted so many times. */
export const maximumCount = 0xffff;
