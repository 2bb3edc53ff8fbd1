/**
 * Where the tests find the repository and the course data. The data may not be copied into the repository: they lie in
 * the folder named by INKLING_SHARED, else in `shared` beside the checkout. A test that needs them skips without.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';

/** The repository's root, from wherever the bundled test lies in it. */
export const repositoryRoot = ((): string => {
  let folder = __dirname;
  while (!fs.existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
})();

/** Path of a file of the course data, such as `data/dinos.txt`; skips the running test visibly where it is absent. */
export function sharedFile(test: Mocha.Context, name: string): string {
  const file = path.join(process.env.INKLING_SHARED ?? path.join(repositoryRoot, '..', 'shared'), name);
  if (!fs.existsSync(file)) test.skip();
  return file;
}
