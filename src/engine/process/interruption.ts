/**
 * A word shared by two threads, so that a command need not wait for the end of a long training step: the sender of the
 * command requests an interruption, and the trainer abandons its step, handles the command, and repeats the step if the
 * run continues.
 */
export class Interruption {
  private readonly word: Int32Array;

  /** `buffer` belongs to the other thread's object. */
  constructor(readonly buffer = new SharedArrayBuffer(4)) {
    this.word = new Int32Array(buffer);
  }

  readonly isRequested = (): boolean => Atomics.load(this.word, 0) === 1;

  request(): void {
    Atomics.store(this.word, 0, 1);
  }

  /** The command was received. */
  answer(): void {
    Atomics.store(this.word, 0, 0);
  }
}
