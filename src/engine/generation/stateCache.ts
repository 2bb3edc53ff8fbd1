/**
 * Contexts that a model has already reached, by the text that led there, so that a keystroke costs one step. Least
 * recently used first out, bounded in bytes. One cache belongs to one model with fixed weights.
 *
 * The host sends the last few thousand characters before the cursor, so the beginning of the text slides while one
 * types: a context whose text began elsewhere is as good when the last `comparedTokens` tokens agree.
 */
export interface CachedContext {
  /** [contextSize] after the text; never written to. */
  context: Float32Array;
}

interface Entry extends CachedContext {
  /** Length of the whole text that led here, and its last tokens. */
  length: number;
  tail: Uint16Array;
  bytes: number;
}

/** Tokens of agreement after which it does not matter how a text began. */
const comparedTokens = 256;
/** An entry is found by so many last tokens, then compared. */
const keyLength = 32;

export class StateCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  /** `reach`: tokens back that matter to the model (see `Predictor`). */
  constructor(
    private readonly reach: number,
    private readonly maximumBytes = 32 * 1024 * 1024,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** The longest beginning of `ids` whose context is known: `position` tokens are behind it. */
  find(ids: Uint16Array): (CachedContext & { position: number }) | undefined {
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

  /** Keeps a copy of the context that stands after the first `position` of `ids`. */
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
