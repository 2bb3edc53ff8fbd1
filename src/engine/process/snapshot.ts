/**
 * The weights of a run in progress, for a sampler on another thread: two slots in shared memory. The trainer writes to
 * the slot that was not written last, then announces it; the sampler copies the last one and checks that it was not
 * overwritten in the meantime. Neither ever waits for the other.
 *
 *   int32 version (0: nothing yet; slot = version mod 2) | int32 slot being written, or -1 | 2 × float32 [parameters]
 */
const headerBytes = 8;

export class SnapshotWriter {
  readonly memory: SharedArrayBuffer;
  private readonly header: Int32Array;

  constructor(private readonly size: number) {
    this.memory = new SharedArrayBuffer(headerBytes + 2 * 4 * size);
    this.header = new Int32Array(this.memory, 0, 2);
    this.header[1] = -1;
  }

  write(parameters: Float32Array): void {
    const version = this.header[0] + 1;
    const slot = version % 2;
    Atomics.store(this.header, 1, slot);
    new Float32Array(this.memory, headerBytes + slot * 4 * this.size, this.size).set(parameters);
    Atomics.store(this.header, 0, version);
    Atomics.store(this.header, 1, -1);
  }
}

export class SnapshotReader {
  private readonly header: Int32Array;
  private readonly size: number;

  constructor(private readonly memory: SharedArrayBuffer) {
    this.header = new Int32Array(memory, 0, 2);
    this.size = (memory.byteLength - headerBytes) / 8;
  }

  /** The number of snapshots written. */
  get version(): number {
    return Atomics.load(this.header, 0);
  }

  /** A copy of the last snapshot and its version; undefined before the first. */
  read(): { parameters: Float32Array; version: number } | undefined {
    for (;;) {
      const version = this.version;
      if (version === 0) return undefined;
      const slot = version % 2;
      const parameters = new Float32Array(this.memory, headerBytes + slot * 4 * this.size, this.size).slice();
      // The slot is intact unless writing of the next but one snapshot has begun.
      const now = this.version;
      const beingWritten = Atomics.load(this.header, 1);
      if (now === version || (now === version + 1 && beingWritten !== slot)) return { parameters, version };
    }
  }
}
