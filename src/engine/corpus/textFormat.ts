/**
 * Recognises files that are text to a computer but not to a reader: a model would learn commands and tags from them.
 */
import { InklingError } from '../../common/errors';
import { sentence, type Told } from '../../common/l10n';

/** Bytes at the beginning of a file that are examined. */
export const examinedBytes = 4096;

/** Throws `invalidInput` for the beginning of a format that contains hardly any readable words. */
export function refuseFormats(beginning: string, name: string): void {
  const start = beginning.trimStart();
  if (/^\{\\rtf\d/.test(start)) throw noProse(name, 'Rich Text Format (RTF)');
  if (/^%PDF-\d/.test(start)) throw noProse(name, 'PDF');
  if (/^%!PS/.test(start)) throw noProse(name, 'PostScript');
}

/** Sentences about a text that is the source of something else; none for ordinary text. Throws as `refuseFormats`. */
export function formatNotices(text: string, name: string): Told[] {
  refuseFormats(text.slice(0, examinedBytes), name);
  const source = sourceFormat(text.slice(0, examinedBytes).trimStart());
  if (!source) return [];
  return [
    sentence(
      '{0} is {1}, all of which would be learned. Save it as plain text to train only on what people read.',
      name,
      source,
    ),
  ];
}

function noProse(name: string, format: string): InklingError {
  return new InklingError(
    'invalidInput',
    sentence(
      '{0} is {1}, whose commands would be learned instead of its words. Save it as plain text (.txt) first.',
      name,
      format,
    ),
  );
}

function sourceFormat(start: string): Told | undefined {
  if (/^(<!doctype html|<html\b)/i.test(start)) return sentence('HTML with its tags');
  if (/^<\?xml\b/i.test(start)) return sentence('XML with its tags');
  if (start.startsWith('{') && /"(nbformat|cell_type)"\s*:/.test(start)) return sentence('a notebook with its JSON');
  return isMail(start) ? sentence('a mail with its headers') : undefined;
}

/** Headers written by mail programs, not by people. */
const mailHeaders = ['received', 'return-path', 'delivered-to', 'message-id', 'mime-version', 'dkim-signature'];

function isMail(start: string): boolean {
  const lines = start.split('\n');
  let headers = 0;
  // In a mailbox, each mail starts with such a line.
  for (const line of /^From \S+/.test(lines[0]) ? lines.slice(1) : lines) {
    if (line.trim() === '') break;
    if (/^[ \t]/.test(line)) continue;
    const name = /^([A-Za-z-]+):/.exec(line)?.[1].toLowerCase();
    if (name === undefined) return false;
    if (mailHeaders.includes(name)) headers++;
  }
  return headers > 0;
}
