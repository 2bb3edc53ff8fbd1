/**
 * How users and requests name the shipped language models: wherever the path of a model is accepted, so is `base:` with
 * an ISO 639-1 code, as in `base:en`.
 */
const prefix = 'base:';

/** A text with fewer characters is too short to tell which base fits it. */
export const fewestToChoose = 100;

export function baseName(language: string): string {
  return prefix + language;
}

/** The language of a shipped base; undefined for the path of a model. */
export function languageOfBase(model: string): string | undefined {
  return model.startsWith(prefix) ? model.slice(prefix.length) : undefined;
}
