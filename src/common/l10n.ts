/**
 * Sentences in the language that VS Code is set to, for code that cannot reach `vscode.l10n`: the Studio page, and what
 * it shares with the extension. As there, a message is found by its English text, and one without a translation stays
 * English. Each side sets the language once, before it says anything; the engine never does, and speaks English.
 */

export interface Language {
  /** BCP 47, for instance "en" or "pt-br". */
  tag: string;
  /** English message → translation. */
  bundle: Readonly<Record<string, string>>;
}

let language: Language = { tag: 'en', bundle: {} };

export function setLanguage(chosen: Language): void {
  language = chosen;
}

export function currentLanguage(): Language {
  return language;
}

/** `{0}`, `{1}` … stand for the values, in whatever order the translation wants them. */
export function t(message: string, ...values: readonly (string | number)[]): string {
  const text = Object.hasOwn(language.bundle, message) ? language.bundle[message] : message;
  return text.replace(/\{(\d+)\}/g, (place, i: string) => String(values[Number(i)] ?? place));
}

/**
 * A whole number with its thousands parted: "12,345" in English. Elsewhere by narrow spaces, as everywhere figures have
 * a decimal point (as they have in what is exported), which a point or comma between thousands could be taken for.
 */
export function formatInteger(value: number): string {
  const english = value.toLocaleString('en', { maximumFractionDigits: 0 });
  return /^en\b/i.test(language.tag) ? english : english.replaceAll(',', '\u202f');
}
