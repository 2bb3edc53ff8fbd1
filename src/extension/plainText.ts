/** Makes text from files and models harmless where VS Code would interpret markup in it. Independent of VS Code. */

/**
 * For notifications and their progress, which turn `[text](command:…)` into a link that runs a command. There is no
 * escape character, so an invisible one (word joiner) separates the brackets.
 */
export function withoutLinks(text: string): string {
  return text.replaceAll('](', ']\u2060(');
}

/** For lists and the status bar, which turn `$(name)` into an icon: an invisible character (word joiner) separates it. */
export function withoutIcons(text: string): string {
  return text.replaceAll('$(', '$\u2060(');
}

/** One line, in which every character without a shape (control, bidirectional, line end) is shown as a symbol. */
export function visibleLine(text: string): string {
  return text.replace(invisible, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\n') return '↵';
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '␡' : `\\u{${code.toString(16)}}`;
  });
}

/** C0 and C1 controls, line and paragraph separators, marks that change the writing direction or have no width. */
// eslint-disable-next-line no-control-regex
const invisible = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** A token as inline code in a cell of a Markdown table, with visible white space. */
export function codeSpan(text: string): string {
  const shown = visibleLine(text.replaceAll('\t', '⇥').replaceAll(' ', '␣')).replace(/[`|]/g, '\u2223');
  // Without a character, the two backticks would open a span that ends elsewhere.
  return `\`${shown || '∅'}\``;
}
