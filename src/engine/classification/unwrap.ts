/**
 * The text that the reader of a mail or a web page sees, extracted from its source: MIME encodings decoded, HTML
 * without its tags and hidden parts.
 */
import { Parser } from 'htmlparser2';
import PostalMime from 'postal-mime';

export interface Unwrapped {
  text: string;
  /** The kind of the source. */
  source: 'mail' | 'html';
  /** Whether it contained text that is hidden from the reader. */
  hides: boolean;
}

/** The visible text in the source of a mail or a web page; undefined for anything else. Never throws. */
export async function unwrap(source: string): Promise<Unwrapped | undefined> {
  const mail = asMail(source);
  if (mail === undefined) return looksLikeHtml(source) ? { source: 'html', ...visibleText(source) } : undefined;
  // A mail that the parser rejects is read as plain text.
  const parsed = await PostalMime.parse(mail).catch(() => undefined);
  if (!parsed) return undefined;
  const { subject = '', html, text } = parsed;
  // Most programs show the HTML part if there is one.
  const shown = html === undefined ? undefined : visibleText(html);
  const body = shown && shown.text !== '' ? shown : { text: text?.trim() ?? '', hides: false };
  const inner = looksLikeHtml(body.text) ? visibleText(body.text) : body;
  return { source: 'mail', text: `${subject}\n\n${inner.text}`.trim(), hides: body.hides || inner.hides };
}

/**
 * `source` as a whole mail: unchanged, or an encoded body with the headers that it lacks; undefined if it is not a
 * mail.
 */
function asMail(source: string): string | undefined {
  if (hasMailHeaders(source)) return source;
  const encoding = bodyEncoding(source);
  if (!encoding) return undefined;
  return `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: ${encoding}\n\n${source}`;
}

const mailHeaders = new Set([
  'from',
  'to',
  'subject',
  'date',
  'received',
  'return-path',
  'reply-to',
  'delivered-to',
  'message-id',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
]);

/** At least two known headers in the lines before the first blank one, and nothing else there. */
function hasMailHeaders(source: string): boolean {
  const found = new Set<string>();
  let at = 0;
  for (let first = true; at < source.length; first = false) {
    const end = source.indexOf('\n', at);
    const line = source.slice(at, end < 0 ? undefined : end).trimEnd();
    if (line === '') break;
    const name = /^[A-Za-z][\w-]{0,40}(?=:)/.exec(line)?.[0].toLowerCase();
    if (name !== undefined) found.add(name);
    else if (first ? !line.startsWith('From ') : !/^[ \t]/.test(line)) return false;
    at = end < 0 ? source.length : end + 1;
  }
  return [...found].filter((name) => mailHeaders.has(name)).length >= 2;
}

/** The encoding of a mail body without headers; undefined for plain text. */
function bodyEncoding(source: string): 'base64' | 'quoted-printable' | undefined {
  const compact = source.trim();
  if (compact.length >= 60 && /^[A-Za-z0-9+/\r\n]+={0,2}$/.test(compact)) {
    const decoded = Buffer.from(compact, 'base64').toString('utf8');
    if (/\s/.test(decoded) && !/\uFFFD|(?!\s)\p{Cc}/u.test(decoded)) return 'base64';
  }
  const escapes = source.match(/=[0-9A-F]{2}/g)?.length ?? 0;
  const softBreaks = source.match(/=\r?\n/g)?.length ?? 0;
  // Lines broken with "=", or mostly escapes; a few escapes may just be part of a link.
  return (escapes > 0 && softBreaks > 0) || escapes * 6 > source.length ? 'quoted-printable' : undefined;
}

const tag = /<(?:!doctype|\/?(?:html|head|body|table|tr|td|div|p|br|a|span|font|center|img|style|b|h[1-6]))[\s/>]/gi;

function looksLikeHtml(text: string): boolean {
  if (/^\s{0,100}<(?:!doctype\s|html[\s>])/i.test(text)) return true;
  return (text.match(tag)?.length ?? 0) >= 2;
}

const unread = new Set(['head', 'script', 'style', 'template', 'noscript', 'title']);
const blocks = new Set(
  'address article aside blockquote br center dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr li main ol p pre section table tr ul'.split(
    ' ',
  ),
);
const hiding =
  /display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|font-size\s{0,9}:\s{0,9}0(?![.\d])|opacity\s{0,9}:\s{0,9}0(?![.\d])/i;

/** HTML without its tags, with line breaks where blocks begin and end. */
function visibleText(html: string): { text: string; hides: boolean } {
  const parts: string[] = [];
  /** The number of open elements from an unread one inwards. */
  let unreadDepth = 0;
  let hides = false;
  let hidden = false;
  const parser = new Parser({
    onopentag(name, attributes) {
      if (blocks.has(name)) parts.push('\n');
      if (name === 'td' || name === 'th') parts.push(' ');
      if (voids.has(name)) return;
      const hidesItself = 'hidden' in attributes || hiding.test(attributes.style ?? '');
      if (unreadDepth > 0 || unread.has(name) || hidesItself) unreadDepth++;
      if (hidesItself) hidden = true;
    },
    ontext(data) {
      if (unreadDepth === 0) parts.push(data);
      else if (hidden && data.trim() !== '') hides = true;
    },
    onclosetag(name) {
      if (blocks.has(name)) parts.push('\n');
      if (unreadDepth > 0 && !voids.has(name)) unreadDepth--;
      if (unreadDepth === 0) hidden = false;
    },
  });
  parser.end(html);
  const lines = parts
    .join('')
    .split('\n')
    .map((line) => line.replace(/[ \t\r]+/g, ' ').trim());
  const text = lines.filter((line, i) => line !== '' || lines[i - 1] !== '').join('\n');
  return { text: text.trim(), hides };
}

/** Elements without content; the parser closes them at once. */
const voids = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));
