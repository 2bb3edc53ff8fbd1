/** What a table of methods is: for each its parameters, its result and its stream of events (see EngineMethods). */
export type Methods<M> = { [K in keyof M]: { params: unknown; result: unknown; event: unknown } };

/** What a handler learns of its call. */
export interface Call<Event> {
  /** Aborted when the caller cancels. */
  signal: AbortSignal;
  onEvent: (event: Event) => void;
}

/** The code behind each method. What it throws goes to the caller as an error frame. */
export type Handlers<M extends Methods<M>> = {
  [K in keyof M]: (params: M[K]['params'], call: Call<M[K]['event']>) => Promise<M[K]['result']> | M[K]['result'];
};

/** What a caller may add: who hears the events, and the signal that cancels the call. */
export interface CallOptions<Event> {
  onEvent?: (event: Event) => void;
  signal?: AbortSignal;
}

/** How a method is called. */
export type Caller<M extends Methods<M>> = <K extends keyof M & string>(
  method: K,
  params: M[K]['params'],
  options?: CallOptions<M[K]['event']>,
) => Promise<M[K]['result']>;
