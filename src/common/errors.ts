/**
 * The one closed set of error codes. Everything that can go wrong between the engine, the editor and the page carries
 * one of these, and a message that names the remedy.
 */
export const errorCodes = [
  'cancelled',
  'invalidInput',
  'incompatibleModel',
  'corruptModel',
  'outOfMemory',
  'backendUnavailable',
  'engineExited',
  'protocol',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** What of an error crosses a process boundary. */
export interface ErrorFrame {
  readonly code: ErrorCode;
  readonly message: string;
  readonly stack?: string;
}

export class InklingError extends Error {
  override readonly name = 'InklingError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  toFrame(): ErrorFrame {
    return { code: this.code, message: this.message, stack: this.stack };
  }

  static fromFrame(frame: ErrorFrame): InklingError {
    const code = errorCodes.includes(frame.code) ? frame.code : 'internal';
    const error = new InklingError(code, frame.message);
    if (frame.stack) error.stack = frame.stack;
    return error;
  }
}

/** What everything rejects with that is cancelled. */
export function cancelled(): InklingError {
  return new InklingError('cancelled', 'Cancelled.');
}

export function isCancelled(error: unknown): boolean {
  return error instanceof InklingError && error.code === 'cancelled';
}

/** Any thrown value as an InklingError; what was not one becomes `internal` and keeps its cause. */
export function asInklingError(error: unknown): InklingError {
  if (error instanceof InklingError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/out of memory|allocation failed|could not allocate/i.test(message)) {
    return new InklingError(
      'outOfMemory',
      `Not enough memory (${message}). Choose fewer units, a smaller batch or fewer steps.`,
      { cause: error },
    );
  }
  const wrapped = new InklingError('internal', message, { cause: error });
  if (error instanceof Error && error.stack) wrapped.stack = error.stack;
  return wrapped;
}
