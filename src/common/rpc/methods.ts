/** The shape of a table of methods: parameters, result and events of each (see EngineMethods). */
export type Methods<M> = { [K in keyof M]: { params: unknown; result: unknown; event: unknown } };

/** What a handler knows about its call. */
export interface Call<Event> {
  /** Aborted when the caller cancels. */
  signal: AbortSignal;
  onEvent: (event: Event) => void;
}

/** The code behind each method. What it throws goes to the caller as an error frame. */
export type Handlers<M extends Methods<M>> = {
  [K in keyof M]: (params: M[K]['params'], call: Call<M[K]['event']>) => Promise<M[K]['result']> | M[K]['result'];
};

/** Options of a call: a listener for its events, and a signal that cancels it. */
export interface CallOptions<Event> {
  onEvent?: (event: Event) => void;
  signal?: AbortSignal;
}

/** The function that calls a method. */
export type Caller<M extends Methods<M>> = <K extends keyof M & string>(
  method: K,
  params: M[K]['params'],
  options?: CallOptions<M[K]['event']>,
) => Promise<M[K]['result']>;
