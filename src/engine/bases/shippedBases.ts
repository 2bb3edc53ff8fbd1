/** The language models that come with the package: where they are, and what their names (`common/bases.ts`) stand for. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { baseName, languageOfBase } from '../../common/bases';
import { InklingError } from '../../common/errors';
import { readLanguageModel, type StoredLanguageModel } from '../model/modelFile';
import { distFolder } from '../paths';

const ending = '.safetensors';

/** The languages with a shipped base, as ISO 639-1 codes in alphabetical order. */
export function baseLanguages(folder = basesFolder()): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .sort();
}

/** The model file of a shipped base. */
export function basePath(language: string, folder = basesFolder()): string {
  return path.join(folder, language + ending);
}

/**
 * The file that `model` names: a path unchanged, or the file of a shipped base. Throws `invalidInput` for a base that
 * is not shipped.
 */
export function modelFileOf(model: string, folder = basesFolder()): string {
  const language = languageOfBase(model);
  if (language === undefined) return model;
  const shipped = baseLanguages(folder);
  if (shipped.includes(language)) return basePath(language, folder);
  const names = shipped.map(baseName).join(', ');
  throw new InklingError(
    'invalidInput',
    shipped.length === 0
      ? `There is no base model "${model}", because none is installed. Name a model file instead.`
      : `There is no base model "${model}". Choose one of ${names}, or name a model file.`,
  );
}

export function basesFolder(): string {
  return path.join(distFolder(), '..', 'media', 'base');
}

export interface OpenBase {
  language: string;
  model: StoredLanguageModel;
}

/** Reads the shipped base of a language. Throws `invalidInput` if none is shipped. */
export async function openBase(language: string): Promise<OpenBase> {
  const shipped = baseLanguages();
  if (!shipped.includes(language)) {
    throw new InklingError(
      'invalidInput',
      `There is no base model for "${language}". Choose one of ${['auto', ...shipped, 'none'].join(', ')}.`,
    );
  }
  return { language, model: await readLanguageModel(basePath(language)) };
}
