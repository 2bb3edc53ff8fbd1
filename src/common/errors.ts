/**
 * The one closed set of error codes. Everything that can go wrong between the engine, the editor and the page carries
 * one of these, and a message that names the remedy.
 */
import { say, sentence, type Sentence, type Told } from './l10n';

const errorCodes = [
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

/** The part of an error that crosses a process boundary. */
export interface ErrorFrame {
  readonly code: ErrorCode;
  readonly message: string;
  /** What `message` says in English, if it can be translated. */
  readonly sentence?: Sentence;
  readonly stack?: string;
}

export class InklingError extends Error {
  override readonly name = 'InklingError';

  constructor(
    readonly code: ErrorCode,
    /** What to tell; `message` says it in the language of this process. */
    readonly told: Told,
    options?: { cause?: unknown },
  ) {
    super(say(told), options);
  }

  toFrame(): ErrorFrame {
    const { code, message, told, stack } = this;
    return { code, message, stack, ...(typeof told === 'string' ? {} : { sentence: told }) };
  }

  static fromFrame(frame: ErrorFrame): InklingError {
    const code = errorCodes.includes(frame.code) ? frame.code : 'internal';
    const error = new InklingError(code, frame.sentence ?? frame.message);
    if (frame.stack) error.stack = frame.stack;
    return error;
  }
}

/** The error of everything that was cancelled. */
export function cancelled(): InklingError {
  return new InklingError('cancelled', 'Cancelled.');
}

export function isCancelled(error: unknown): boolean {
  return error instanceof InklingError && error.code === 'cancelled';
}

/** The result of work, or undefined if it was cancelled. */
export async function unlessCancelled<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isCancelled(error)) return undefined;
    throw error;
  }
}

/**
 * Any thrown value as an InklingError that keeps its cause: file system errors become `invalidInput` in plain words,
 * anything else `internal`.
 */
export function asInklingError(error: unknown): InklingError {
  if (error instanceof InklingError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/out of memory|allocation failed|could not allocate/i.test(message)) {
    return new InklingError(
      'outOfMemory',
      sentence('Not enough memory ({0}). Choose fewer units, a smaller batch or fewer steps.', message),
      { cause: error },
    );
  }
  const plain = ofFile(error, message);
  const wrapped = new InklingError(plain ? 'invalidInput' : 'internal', plain ?? message, { cause: error });
  if (error instanceof Error && error.stack) wrapped.stack = error.stack;
  return wrapped;
}

/** A file error in plain words; undefined for other errors. Codes of Node.js and of VS Code. */
function ofFile(error: unknown, message: string): Sentence | undefined {
  const { code, path } = error instanceof Object ? (error as { code?: unknown; path?: unknown }) : {};
  // VS Code wraps some of them in sentences.
  const named = /\b(E[A-Z]{3,}|FileNotFound|NoPermissions|FileIsADirectory)\b/.exec(`${String(code)} ${message}`)?.[1];
  const where = typeof path === 'string' ? path : /'([^']+)'/.exec(message)?.[1];
  const file = where?.split(/[\\/]/).pop() || sentence('The file');
  switch (named ?? (/nonexistent file/.test(message) ? 'FileNotFound' : '')) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'FileNotFound':
      return sentence(
        '{0} can no longer be found. It may have been moved or deleted, or be a link to a file that was.',
        file,
      );
    case 'ELOOP':
      return sentence('{0} is a link that leads back to itself. Choose another file.', file);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'NoPermissions':
      return sentence('{0} cannot be opened or changed. Check its permissions.', file);
    case 'EISDIR':
    case 'FileIsADirectory':
      return sentence('{0} is a folder. Choose a file.', file);
    case 'ENOSPC':
    case 'EDQUOT':
      return sentence('The disk is full. Free some space, then try again.');
    case 'EMFILE':
    case 'ENFILE':
      return sentence('Too many files are open. Close some programs, then try again.');
    default:
      return undefined;
  }
}
