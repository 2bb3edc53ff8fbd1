/** A clock that tests can replace. */
export interface Clock {
  /** Milliseconds since an arbitrary point. */
  now(): number;
  /** Calls back once after this many milliseconds; returns a function that cancels the call. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
