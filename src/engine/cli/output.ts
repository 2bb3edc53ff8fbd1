/**
 * The output of the command line. While a command runs, its reader may exit and the disk may fill up: nothing here
 * throws, later output is dropped, and `onLost` reports it once. Text from files (titles, labels, content) is
 * never written to a terminal with control characters, which could move the cursor or change the window title.
 */
import { isSentence, say as inWords, type Told } from '../../common/l10n';

type OutputStream = Pick<NodeJS.WriteStream, 'write' | 'on' | 'isTTY' | 'columns'>;

/** Replaces control characters other than tabs and line feeds with visible symbols. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (control) => {
    const code = control.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : `\\x${code.toString(16)}`;
  });
}

export class Output {
  private isLost = false;
  private readonly listeners: ((error: NodeJS.ErrnoException) => void)[] = [];

  constructor(private readonly stream: OutputStream) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.isLost) return;
      this.isLost = true;
      for (const listener of this.listeners) listener(error);
    });
  }

  get isTTY(): boolean {
    return this.stream.isTTY === true;
  }

  get columns(): number {
    return this.stream.columns || 80;
  }

  /** Called once when output could not be written. */
  onLost(listener: (error: NodeJS.ErrnoException) => void): void {
    this.listeners.push(listener);
  }

  /** Writes unchanged: for the command's own control sequences. */
  raw(text: string): void {
    if (!this.isLost) this.stream.write(text);
  }

  /** A human-readable line. */
  line(text: string): void {
    this.raw(`${printable(text)}\n`);
  }

  /** Text written by a model: unchanged, except on a terminal. */
  text(text: string): void {
    this.raw(this.isTTY ? printable(text) : text);
  }

  /** A value as one line of JSON, with sentences in words; what says the same as the message beside it is left out. */
  json(value: unknown): void {
    const plain = (name: string, part: unknown): unknown =>
      !isSentence(part) ? part : name === 'sentence' ? undefined : inWords(part);
    // JSON does not escape these, and some terminals interpret them.
    const json = JSON.stringify(value, plain).replace(/[\x7f-\x9f]/g, (control) => {
      return `\\u00${control.charCodeAt(0).toString(16)}`;
    });
    this.raw(`${json}\n`);
  }
}

export const output = new Output(process.stdout);
const errorOutput = new Output(process.stderr);

/** A message to the user, separate from the output. */
export function say(message: Told): void {
  errorOutput.line(`inkling: ${inWords(message)}`);
}

/** Reports the tokens of a prompt that are unknown to a model, if any. */
export function sayUnknown(unknown: readonly string[]): void {
  if (unknown.length === 0) return;
  say(`${neverSeen(unknown)}, which it read as unknown.`);
}

/** Whether output was lost only because its reader or its terminal was closed. */
export function readerLeft({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'EOF' || code === 'EIO';
}

const shownUnknown = 8;

/** The beginning of a sentence about tokens that are unknown to a model. */
export function neverSeen(unknown: readonly string[]): string {
  const shown = unknown.slice(0, shownUnknown).map((token) => JSON.stringify(token));
  const more = unknown.length > shown.length ? ` and ${unknown.length - shown.length} more` : '';
  return `The model has never seen ${shown.join(', ')}${more}`;
}
