/**
 * What is not prose in a Markdown text: front matter, code, maths, link targets, addresses, tags, and the marks
 * themselves. (Whether an unfinished text is prose at its end: completion/markdownProse.ts.)
 */

/** UTF-16 offsets. */
export interface Span {
  start: number;
  end: number;
}

const notProse = new RegExp(
  [
    // Front matter.
    /(?<![^])(?<front>---|\+\+\+)[ \t]*\n(?:[^]*?\n)?(?:\k<front>|\.\.\.)[ \t]*$/u,
    // Fenced code and maths; an open fence reaches to the end of the text.
    /^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?(?<fence>`{3,}|~{3,})[^\n]*(?:\n[^]*?^[ \t>]*\k<fence>[`~]*[ \t]*$|[^]*(?![^]))/u,
    // Bounded, so that a text with many beginnings and no end takes no longer.
    /\$\$[^]{0,2000}?\$\$|\\\[[^]{0,2000}?\\\]|\\\([^\n]{0,2000}?\\\)|<!--[^]{0,2000}?-->/u,
    /<(?<element>script|style|pre|code|svg|math)\b[^]{0,2000}?<\/\k<element>>/u,
    // Code in a line, which a blank line would end.
    /(?<![`\\])(?<ticks>`+)(?!`)(?:(?!\n[ \t]*\n)[^])*?(?<!`)\k<ticks>(?!`)/u,
    /(?<![\\$\w])\$(?=[^\s$])[^$\n]*?(?<=\S)\$(?![\d$])/u,
    // Targets and definitions of links.
    /(?<=\])\((?:<[^>\n]*>|[^\s()]|\([^\s()]*\))*(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\)/u,
    /(?<=\])\[[^\]\n]*\]/u,
    /^ {0,3}\[(?!\^)[^\]\n]+\]:[^\n]*$/u,
    // Marks of footnotes, whose text is prose.
    /\[\^[^\]\s]*\](?::[ \t]*)?/u,
    // Tags and addresses.
    /<\/?[A-Za-z][^<>]*>/u,
    /\b(?:https?|ftp|file|mailto):[^\s<>)\]]+|\bwww\.[^\s<>)\]]+/u,
    // Rules, headings, quotes, items, boxes to tick; emphasis, brackets, table bars, escapes.
    /^[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|={3,})$/u,
    /^[ \t>]*(?:#{1,6}|[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t])?|^[ \t]*>[ \t>]*/u,
    /[*~|[\]\\]|!(?=\[)|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/u,
  ]
    .map(({ source }) => `(?:${source})`)
    .join('|'),
  'gmu',
);

/** The spans of a text with `\n` line ends that are not prose, in order, without overlaps. */
export function markdownMarks(text: string): Span[] {
  return [...text.matchAll(notProse)].map(({ 0: { length }, index }) => ({ start: index, end: index + length }));
}
