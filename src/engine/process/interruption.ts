/**
 * A word that two threads share, so that a command need not wait for the end of a long training step: who sends the
 * command asks for attention, and the trainer breaks its step off, hears the command, and makes the step again if it is
 * to go on.
 */
export class Interruption {
  private readonly word: Int32Array;

  /** `buffer` is that of the other thread's object. */
  constructor(readonly buffer = new SharedArrayBuffer(4)) {
    this.word = new Int32Array(buffer);
  }

  readonly isRequested = (): boolean => Atomics.load(this.word, 0) === 1;

  request(): void {
    Atomics.store(this.word, 0, 1);
  }

  /** The command was heard. */
  answer(): void {
    Atomics.store(this.word, 0, 0);
  }
}
