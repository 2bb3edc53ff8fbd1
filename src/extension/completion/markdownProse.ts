/**
 * Whether a position in a Markdown document is in prose: nothing is offered in code, maths, front matter, link targets,
 * tags.
 */

/** What opens or closes a non-prose block at the beginning of a line; quotes and lists may contain one. */
const blockMark = /^(?:[ \t>]|[-*+] |\d+[.)] )*(`{3,}|~{3,}|\$\$|\\\[|\\\])(.*)$/gm;

/** An unfinished target of a link or a definition, mark of a footnote, or address. */
const unfinishedTarget =
  /\]\((?:<[^>\n]*|(?:[^\s()]|\([^\s()]*(?:\)|$))*)$|\]\[[^\]\n]*$|\[\^[^\]\s]*$|^ {0,3}\[[^\]\n]+\]:\s*\S*$|\b(?:https?|ftp|file|mailto):\S*$|\bwww\.\S*$/m;
const unfinishedTag =
  /<(script|style|pre|code|svg|math)\b(?:(?!<\/\1)[^])*$|<(?:\/?[A-Za-z][\w:-]*(?:\s[^<>]*)?|!--(?:(?!-->)[^])*)$/;

/** Characters before the cursor in which a tag or code may have begun. */
const longestSpan = 2000;

/** `before`: the document up to the cursor, with `\n` line ends; `after`: the rest of the line. */
export function isMarkdownProse(before: string, after: string): boolean {
  const lineStart = before.lastIndexOf('\n') + 1;
  const above = before.slice(0, lineStart);
  const line = before.slice(lineStart);
  if (isFrontMatter(above, line + after)) return false;
  const blocksEnd = endOfBlocks(above);
  if (blocksEnd === undefined || opensBlock(line + after)) return false;
  const paragraph = before.slice(Math.max(blocksEnd, before.lastIndexOf('\n\n') + 1, before.length - longestSpan));
  if (unfinishedTag.test(paragraph) || unfinishedTarget.test(line)) return false;
  return !isInCodeSpan(paragraph) && !isInMaths(line, after);
}

function isFrontMatter(before: string, line: string): boolean {
  const fence = /^(---|\+\+\+)[ \t]*$/.exec(before === '' ? line : before.slice(0, before.indexOf('\n')))?.[1];
  if (fence === undefined) return false;
  const closed = fence === '---' ? /\n(?:---|\.\.\.)[ \t]*\n/ : /\n\+\+\+[ \t]*\n/;
  return !closed.test(before);
}

/** The end of the last fence or block of maths in complete lines, 0 if there is none; undefined while one is open. */
function endOfBlocks(lines: string): number | undefined {
  let open: string | undefined;
  let end = 0;
  for (const match of lines.matchAll(blockMark)) {
    open = afterMark(open, match[1], match[2]);
    end = match.index + match[0].length;
  }
  return open === undefined ? end : undefined;
}

function opensBlock(line: string): boolean {
  const [match] = line.matchAll(blockMark);
  return match !== undefined && afterMark(undefined, match[1], match[2]) !== undefined;
}

/** What is open after a mark, given what was open before it. */
function afterMark(open: string | undefined, mark: string, rest: string): string | undefined {
  if (open === undefined) {
    if (mark === '\\]') return undefined;
    // Opened and closed on one line; the info string of a backtick fence contains no backticks.
    const closesItself =
      (mark === '$$' && rest.includes('$$')) ||
      (mark === '\\[' && rest.includes('\\]')) ||
      (mark.startsWith('`') && rest.includes('`'));
    return closesItself ? undefined : mark;
  }
  if (open === '\\[') return mark === '\\]' ? undefined : open;
  if (open === '$$') return mark === '$$' ? undefined : open;
  return mark.startsWith(open) && rest.trim() === '' ? undefined : open;
}

/** A run of backticks is closed by the next run of the same length. */
function isInCodeSpan(paragraph: string): boolean {
  let open: string | undefined;
  for (const { 0: run, index } of paragraph.matchAll(/`+/g)) {
    if (open === undefined) open = paragraph[index - 1] === '\\' ? undefined : run;
    else if (open === run) open = undefined;
  }
  return open !== undefined;
}

/** "$x + " is maths; "it costs $5 and" is not, unless a dollar closes it. So is "\(x + ". */
function isInMaths(line: string, after: string): boolean {
  if (line.lastIndexOf('\\(') > line.lastIndexOf('\\)')) return true;
  let open: number | undefined;
  for (const { index } of line.matchAll(/(?<![\\$])\$(?!\$)/g)) {
    if (open === undefined) {
      if (!/^\$(?:\s|$)/.test(line.slice(index)) || index === line.length - 1) open = index;
    } else if (!/\s/.test(line[index - 1])) open = /\d/.test(line[index + 1] ?? '') ? open : undefined;
  }
  if (open === undefined) return false;
  return !/\d/.test(line[open + 1] ?? '') || /^[^$]*[^\s$]\$(?!\d)/.test(after);
}
