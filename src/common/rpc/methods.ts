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

/** How a method is called. */
export type Caller<M extends Methods<M>> = <K extends keyof M & string>(
  method: K,
  params: M[K]['params'],
  options?: { onEvent?: (event: M[K]['event']) => void; signal?: AbortSignal },
) => Promise<M[K]['result']>;
