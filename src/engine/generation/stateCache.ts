/**
 * A cache of contexts that a model has reached, by the text that led there, so that a keystroke costs one step. Its size
 * in bytes is bounded: the least recently used contexts are evicted. A cache belongs to one model with fixed weights.
 *
 * The host sends the last few thousand characters before the cursor, so the beginning of the text moves during typing.
 * A context whose text began elsewhere is equally good if the last `comparedTokens` tokens agree.
 */
interface Entry {
  /** [contextSize] */
  context: Float32Array;
  /** The number of tokens before it, and the last of them. */
  length: number;
  tail: Uint16Array;
  bytes: number;
}

/** If this many tokens agree, those before them do not matter. */
const comparedTokens = 256;
/** Entries are looked up by this many last tokens and then compared. */
const keyLength = 32;

export class StateCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  /** `reach`: see `Predictor`. */
  constructor(
    private readonly reach: number,
    private readonly maximumBytes = 32 * 1024 * 1024,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /**
   * The longest prefix of `ids` whose context is cached: its length and the context, [contextSize], which must not be
   * changed.
   */
  find(ids: Uint16Array): { position: number; context: Float32Array } | undefined {
    if (this.entries.size === 0) return undefined;
    for (let position = ids.length; position > 0; position--) {
      const key = keyOf(ids, position);
      const entry = this.entries.get(key);
      if (!entry || !this.agrees(entry, ids, position)) continue;
      this.entries.delete(key);
      this.entries.set(key, entry);
      return { position, context: entry.context };
    }
    return undefined;
  }

  /** Stores a copy of the context after the first `position` tokens of `ids`. */
  store(ids: Uint16Array, position: number, context: Float32Array): void {
    const key = keyOf(ids, position);
    const old = this.entries.get(key);
    if (old) this.bytes -= old.bytes;
    this.entries.delete(key);
    const tail = ids.slice(Math.max(0, position - comparedTokens), position);
    const bytes = context.byteLength + tail.byteLength + 256;
    this.entries.set(key, { context: context.slice(), length: position, tail, bytes });
    this.bytes += bytes;
    for (const [oldest, entry] of this.entries) {
      if (this.bytes <= this.maximumBytes || this.entries.size === 1) break;
      this.entries.delete(oldest);
      this.bytes -= entry.bytes;
    }
  }

  private agrees(entry: Entry, ids: Uint16Array, position: number): boolean {
    const compared = Math.min(entry.tail.length, position);
    if (entry.length !== position && compared < Math.min(comparedTokens, this.reach)) return false;
    for (let i = 1; i <= compared; i++) {
      if (entry.tail[entry.tail.length - i] !== ids[position - i]) return false;
    }
    return true;
  }
}

function keyOf(ids: Uint16Array, position: number): string {
  return String.fromCharCode(...ids.subarray(Math.max(0, position - keyLength), position));
}
