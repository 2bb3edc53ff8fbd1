/** Asynchronous work, one piece after the other, in the order in which it was handed in. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `work` does. What comes after it runs either way. */
  run<R>(work: () => R | Promise<R>): Promise<R> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}
