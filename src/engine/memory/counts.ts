/**
 * How often each symbol followed each context: counts that grow and can be taken back, in flat arrays. They may also be
 * changes to other counts, and then be negative. A context is identified by a 32-bit hash that the caller computes
 * (`contexts.ts`). Two contexts with the same hash share their counts; with a million contexts that happens to one in
 * four thousand.
 */

/** The numbers of a context's record: its hash, its first entry, the sum of its entries' counts, their number. */
const contextNumbers = 4;
/** The numbers of an entry's record: symbol, count, next entry of the same context. */
const entryNumbers = 3;

export class Counts {
  /**
   * The records of contexts and entries; number 0 means none. Free records are chained through their second or last
   * number.
   */
  private contextRecords = new Int32Array(contextNumbers * 64);
  private entryRecords = new Int32Array(entryNumbers * 64);
  private contextsUsed = 1;
  private entriesUsed = 1;
  private freeContext = 0;
  private freeEntry = 0;
  /**
   * Open addressing by the low bits of the hash: the number of a context, 0 if free. At most half of the slots are in
   * use.
   */
  private slots = new Uint32Array(128);
  private contextCount = 0;
  private entryCount = 0;

  /** The number of distinct contexts. */
  get contexts(): number {
    return this.contextCount;
  }

  /** The number of distinct pairs of a context and a symbol. */
  get entries(): number {
    return this.entryCount;
  }

  /** The size of the arrays in bytes. */
  get bytes(): number {
    return 4 * (this.contextRecords.length + this.entryRecords.length + this.slots.length);
  }

  /** How often `symbol` followed the context. */
  count(hash: number, symbol: number): number {
    const context = this.find(hash);
    if (context === 0) return 0;
    const entry = this.entryOf(context, symbol);
    return entry === 0 ? 0 : this.entryRecords[entry + 1];
  }

  /** Counts `symbol` after the context once more and returns how often it had followed before. */
  add(hash: number, symbol: number): number {
    return this.change(hash, symbol, 1) - 1;
  }

  /** Adds 1 or -1 to a count, which may become negative, and returns the result. A count of 0 takes no room. */
  change(hash: number, symbol: number, by: 1 | -1): number {
    const context = this.find(hash) || this.newContext(hash);
    const entry = this.entryOf(context, symbol) || this.newEntry(context, symbol);
    this.contextRecords[context + 2] += by;
    const count = (this.entryRecords[entry + 1] += by);
    if (count === 0) {
      this.dropEntry(context, entry);
      if (this.contextRecords[context + 3] === 0) this.dropContext(context);
    }
    return count;
  }

  /** The number of the context, for the methods below; 0 if nothing ever followed it. Valid until the next change. */
  find(hash: number): number {
    const mask = this.slots.length - 1;
    const wanted = hash | 0;
    for (let slot = wanted & mask; ; slot = (slot + 1) & mask) {
      const context = this.slots[slot];
      if (context === 0 || this.contextRecords[context] === wanted) return context;
    }
  }

  /** The sum of the counts of a context. */
  total(context: number): number {
    return this.contextRecords[context + 2];
  }

  /** The first entry of a context; `nextEntry` leads through the others. 0 means none. */
  firstEntry(context: number): number {
    return this.contextRecords[context + 1];
  }

  nextEntry(entry: number): number {
    return this.entryRecords[entry + 2];
  }

  symbolOf(entry: number): number {
    return this.entryRecords[entry];
  }

  countOf(entry: number): number {
    return this.entryRecords[entry + 1];
  }

  private entryOf(context: number, symbol: number): number {
    const { entryRecords } = this;
    let entry = this.contextRecords[context + 1];
    while (entry !== 0 && entryRecords[entry] !== symbol) entry = entryRecords[entry + 2];
    return entry;
  }

  private newContext(hash: number): number {
    if (2 * (this.contextCount + 1) > this.slots.length) this.widenSlots();
    let context = this.freeContext;
    if (context !== 0) this.freeContext = this.contextRecords[context + 1];
    else {
      context = contextNumbers * this.contextsUsed++;
      if (context === this.contextRecords.length) this.contextRecords = longer(this.contextRecords, contextNumbers);
    }
    this.contextRecords[context] = hash;
    this.contextRecords[context + 1] = 0;
    this.contextRecords[context + 2] = 0;
    this.contextRecords[context + 3] = 0;
    this.slots[this.slotFor(hash)] = context;
    this.contextCount++;
    return context;
  }

  private newEntry(context: number, symbol: number): number {
    let entry = this.freeEntry;
    if (entry !== 0) this.freeEntry = this.entryRecords[entry + 2];
    else {
      entry = entryNumbers * this.entriesUsed++;
      if (entry === this.entryRecords.length) this.entryRecords = longer(this.entryRecords, entryNumbers);
    }
    this.entryRecords[entry] = symbol;
    this.entryRecords[entry + 1] = 0;
    this.entryRecords[entry + 2] = this.contextRecords[context + 1];
    this.contextRecords[context + 1] = entry;
    this.contextRecords[context + 3]++;
    this.entryCount++;
    return entry;
  }

  private dropEntry(context: number, entry: number): void {
    const { entryRecords, contextRecords } = this;
    const next = entryRecords[entry + 2];
    if (contextRecords[context + 1] === entry) contextRecords[context + 1] = next;
    else {
      let before = contextRecords[context + 1];
      while (entryRecords[before + 2] !== entry) before = entryRecords[before + 2];
      entryRecords[before + 2] = next;
    }
    contextRecords[context + 3]--;
    entryRecords[entry + 2] = this.freeEntry;
    this.freeEntry = entry;
    this.entryCount--;
  }

  private dropContext(context: number): void {
    const { slots, contextRecords } = this;
    const mask = slots.length - 1;
    let gap = contextRecords[context] & mask;
    while (slots[gap] !== context) gap = (gap + 1) & mask;
    // Entries that were pushed past the gap move into it, so that every search still ends at a free slot.
    for (let slot = (gap + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const wanted = contextRecords[slots[slot]] & mask;
      if (((slot - wanted) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot];
      gap = slot;
    }
    slots[gap] = 0;
    contextRecords[context + 1] = this.freeContext;
    this.freeContext = context;
    this.contextCount--;
  }

  private slotFor(hash: number): number {
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    return slot;
  }

  private widenSlots(): void {
    const taken = this.slots.filter((context) => context !== 0);
    this.slots = new Uint32Array(2 * this.slots.length);
    for (const context of taken) this.slots[this.slotFor(this.contextRecords[context])] = context;
  }
}

/** A copy of the records with room for half as many again. */
function longer(records: Int32Array, numbers: number): Int32Array<ArrayBuffer> {
  const count = records.length / numbers;
  const wider = new Int32Array(numbers * (count + Math.ceil(count / 2)));
  wider.set(records);
  return wider;
}
