/** Text from files and models, made harmless where VS Code would read markup in it. Knows nothing of VS Code. */

/**
 * For notifications and their progress, which turn `[text](command:…)` into a link that runs a command. They know no
 * escape, so an invisible character (word joiner) parts the brackets.
 */
export function withoutLinks(text: string): string {
  return text.replaceAll('](', ']\u2060(');
}

/** One line, with every character that has no shape of its own (control, bidirectional, line end) shown by a sign. */
export function oneLine(text: string): string {
  return text.replace(invisible, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\n') return '↵';
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '␡' : `\\u{${code.toString(16)}}`;
  });
}

/** C0 and C1 controls, line and paragraph separators, marks that turn the direction of writing or take no room. */
// eslint-disable-next-line no-control-regex
const invisible = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** A token as inline code in a cell of a Markdown table, its white space made visible. */
export function codeSpan(text: string): string {
  const shown = oneLine(text.replaceAll('\t', '⇥').replaceAll(' ', '␣')).replace(/[`|]/g, '\u2223');
  // Without a character the two backticks would open a span that ends somewhere else.
  return `\`${shown || '∅'}\``;
}
