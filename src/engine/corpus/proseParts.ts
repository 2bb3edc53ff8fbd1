/**
 * The text of a file of any size in parts that end with a line. A file up to `wholeBytes` is read like any other text;
 * a larger one is never in memory as a whole.
 */
import { isUtf8 } from 'node:buffer';
import * as fs from 'node:fs/promises';
import { InklingError } from '../../common/errors';
import type { Told } from '../../common/l10n';
import { decodeText, type DecodeOptions } from './decodeText';
import { readProse } from './readTextFile';
import { formatNotices } from './textFormat';

const wholeBytes = 64 * 1024 * 1024;
const blockBytes = 16 * 1024 * 1024;

export interface ProseOptions extends DecodeOptions {
  /** Receives the sentences about how the file was read. */
  onNotice?: (notice: Told) => void;
  /** Files of more bytes than this are read in parts. */
  wholeBytes?: number;
  blockBytes?: number;
}

/**
 * Throws like `readProse`, and `invalidInput` for a large file that is neither UTF-8 nor in the encoding named by
 * `options`: what an encoding is can only be guessed from a whole text.
 */
export async function* proseParts(file: string, name: string, options: ProseOptions = {}): AsyncGenerator<string> {
  const stat = await fs.stat(file).catch(() => undefined);
  if (!stat?.isFile() || stat.size <= (options.wholeBytes ?? wholeBytes)) {
    const { text, notices = [] } = await readProse(file, name, options);
    notices.forEach((notice) => options.onNotice?.(notice));
    yield text;
    return;
  }
  let isFirst = true;
  let isReported = false;
  for await (const block of lineBlocks(file, options.blockBytes ?? blockBytes)) {
    if (options.encoding === undefined && !isUtf8(block)) {
      throw new InklingError(
        'invalidInput',
        `${name} is not UTF-8, and too large to guess its encoding: name it with --encoding, or save the text as UTF-8.`,
      );
    }
    const { text, notices } = decodeText(block, name, { ...options, encoding: options.encoding ?? 'utf-8' });
    if (isFirst) notices.push(...formatNotices(text, name));
    isFirst = false;
    // Each block may have its own damage; the first is enough to know.
    if (!isReported) notices.forEach((notice) => options.onNotice?.(notice));
    isReported ||= notices.length > 0;
    yield text;
  }
}

/** The bytes of a file in blocks of about `size` that end with a line feed, except the last. */
async function* lineBlocks(file: string, size: number): AsyncGenerator<Buffer> {
  const handle = await fs.open(file, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const room = Buffer.allocUnsafe(rest.length + size);
      rest.copy(room);
      const { bytesRead } = await handle.read(room, rest.length, size);
      const filled = room.subarray(0, rest.length + bytesRead);
      if (bytesRead === 0) {
        if (filled.length > 0) yield filled;
        return;
      }
      const end = filled.lastIndexOf(0x0a) + 1;
      if (end > 0) yield filled.subarray(0, end);
      rest = filled.subarray(end);
    }
  } finally {
    await handle.close();
  }
}
