// The text of a raw e-mail as a reader sees it: subject and body, transfer encodings undone, HTML without its tags.

/** @param {string} raw headers, an empty line, the body */
export function mailText(raw) {
  const { headers, body } = parts(raw.replace(/\r\n/g, '\n'));
  const subject = headers.get('subject') ?? '';
  return `${decodeWords(subject)}\n\n${bodyText(headers, body)}`.trim();
}

function parts(text) {
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const headers = new Map();
  for (const line of head.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { headers, body: end < 0 ? '' : text.slice(end + 2) };
}

/** The plain part of a multipart body if it has one, else its HTML part without tags; attachments are left out. */
function bodyText(headers, body, depth = 0) {
  const type = (headers.get('content-type') ?? 'text/plain').toLowerCase();
  const boundary = /boundary="?([^";]+)"?/i.exec(headers.get('content-type') ?? '')?.[1];
  if (type.startsWith('multipart/') && boundary && depth < 5) {
    const children = body
      .split(`--${boundary}`)
      .slice(1)
      .filter((child) => !child.startsWith('--'))
      .map((child) => parts(child.replace(/^\n/, '')))
      .map((child) => ({
        type: child.headers.get('content-type') ?? 'text/plain',
        text: bodyText(child.headers, child.body, depth + 1),
      }))
      .filter((child) => child.text.trim() !== '');
    return (children.find((child) => /plain|multipart/i.test(child.type)) ?? children[0])?.text ?? '';
  }
  if (!type.startsWith('text/')) return '';
  const text = decodeTransfer(body, (headers.get('content-transfer-encoding') ?? '').toLowerCase());
  return /html/.test(type) || /^\s*<(!doctype|html|head|body|table|center|font)/i.test(text) ? withoutTags(text) : text;
}

function decodeTransfer(body, encoding) {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('latin1');
  if (encoding !== 'quoted-printable') return body;
  return body.replace(/=\n/g, '').replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** Encoded words of a header: =?charset?B|Q?…?= */
function decodeWords(text) {
  return text.replace(/=\?[^?]+\?([bq])\?([^?]*)\?=/gi, (_, kind, content) =>
    kind.toLowerCase() === 'b'
      ? Buffer.from(content, 'base64').toString('latin1')
      : decodeTransfer(content.replaceAll('_', ' '), 'quoted-printable'),
  );
}

function withoutTags(html) {
  const entities = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', copy: '©', reg: '®', pound: '£', euro: '€' };
  return html
    .replace(/<(script|style|head)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<!--[\s\S]*?-->/g, ' ')
    .replace(/<(br|p|div|tr|li|h\d)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Math.min(0x10ffff, Number(code))))
    .replace(/&(\w+);/g, (whole, name) => entities[name.toLowerCase()] ?? whole)
    .replace(/[ \t]+/g, ' ')
    .replace(/\n\s*\n+/g, '\n\n');
}
