/** Runs asynchronous work one piece at a time, in the order in which it was added. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `work` does. Later work runs either way. */
  run<R>(work: () => R | Promise<R>): Promise<R> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}
