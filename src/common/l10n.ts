/**
 * Sentences in the language that VS Code is set to, for code that cannot reach `vscode.l10n`: the Studio page, and what
 * it shares with the extension. As there, a message is looked up by its English text, and stays English if it has no
 * translation. Each side sets the language once, before its first message; the engine never does: what users meet of its
 * messages it passes on as a `Sentence`.
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

/** `{0}`, `{1}` … stand for the values, in the order that the translation needs. */
export function t(message: string, ...values: readonly (string | number)[]): string {
  const text = Object.hasOwn(language.bundle, message) ? language.bundle[message] : message;
  return text.replace(/\{(\d+)\}/g, (place, i: string) => String(values[Number(i)] ?? place));
}

/** A message of another process and the values of its places, to be put into words in the language of the reader. */
export interface Sentence {
  message: string;
  values: readonly (Told | number)[];
}

/** What one process tells another: a `Sentence`, or text that is the same in every language. */
export type Told = string | Sentence;

/** A `Sentence`; as for `t`, the message is one literal. */
export function sentence(message: string, ...values: Sentence['values']): Sentence {
  return { message, values };
}

/** Of a part of any JSON. */
export function isSentence(value: unknown): value is Sentence {
  return typeof value === 'object' && value !== null && 'message' in value && 'values' in value;
}

/**
 * In the language of this side. Whole numbers get thousands separators, others the decimal separator of the language; a
 * string is already in words.
 */
export function say(told: Told): string {
  if (typeof told === 'string') return told;
  const words = told.values.map((value) => (typeof value === 'number' ? sayNumber(value) : say(value)));
  return t(told.message, ...words);
}

function sayNumber(value: number): string {
  return Number.isInteger(value) ? formatInteger(value) : withSeparator(String(value));
}

/**
 * A whole number with thousands separators: "12,345" in English. In other languages narrow spaces are used, which cannot
 * be taken for a decimal separator.
 */
export function formatInteger(value: number): string {
  const english = value.toLocaleString('en', { maximumFractionDigits: 0 });
  return /^en\b/i.test(language.tag) ? english : english.replaceAll(',', '\u202f');
}

const separators = new Map<string, string>();

/** A number in English with the decimal separator of the language. */
export function withSeparator(text: string): string {
  const { tag } = language;
  let separator = separators.get(tag);
  if (separator === undefined) {
    separator = separatorOf(tag);
    separators.set(tag, separator);
  }
  return text.replace('.', separator);
}

/** A made-up language in a test has an unknown tag. */
function separatorOf(tag: string): string {
  try {
    return (1.5).toLocaleString(tag, { numberingSystem: 'latn' }).slice(1, -1);
  } catch {
    return '.';
  }
}

/** "English" for `en`, in the language of the reader. */
export function languageName(code: string): string {
  return new Intl.DisplayNames([language.tag], { type: 'language' }).of(code) ?? code;
}
